"""A training in several processes, started by torchrun; glalign.models.data_parallel divides the work.

All run the same program on the same whole batches and have the same weights; only the first one writes files.
"""

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from typing import cast

import torch
import torch.distributed as dist
from torch import Tensor, nn

from glalign.models.data_parallel import processes
from glalign.support.errors import UserError

BUCKET = 25 << 20
"""Bytes of gradients that are summed over the processes at a time: 25 MiB, as torch's DistributedDataParallel does."""


@contextlib.contextmanager
def joined(count: int, device: str) -> Iterator[None]:
    """Join `count` processes for the duration of the block; with `device: cuda` each uses the GPU of its local rank.

    Only the process that fails first reports its error. Raises: UserError when another number of processes was started,
    or a machine has fewer GPUs than processes.
    """
    started = int(os.environ.get("WORLD_SIZE", "1"))
    if started != count:
        raise UserError(
            f"processes: {count} in the configuration, {started} started; "
            f"`torchrun --standalone --nproc-per-node {count} -m -- glalign run fit ...` starts as many"
        )
    if count == 1:
        yield
        return
    store, rank, _ = next(dist.rendezvous("env://"))
    try:
        if device == "cuda":
            if (number := int(os.environ["LOCAL_RANK"])) >= (there := torch.cuda.device_count()):
                devices = f"the {there} CUDA devices of this machine (one each)"
                raise UserError(f"processes: too many for {devices}; lower it")
            torch.cuda.set_device(number)
        dist.init_process_group("nccl" if device == "cuda" else "gloo", store=store, rank=rank, world_size=count)
        yield
    except Exception:
        if store.add("failures", 1) > 1:
            sys.exit(1)
        raise
    dist.barrier()  # no process disconnects while another still reads or writes
    dist.destroy_process_group()


def leads() -> bool:
    """Whether this process writes the files."""
    return processes() == 1 or dist.get_rank() == 0


@contextlib.contextmanager
def summed_gradients(parameters: Iterable[nn.Parameter], bucket: int = BUCKET) -> Iterator[None]:
    """Sum over the processes the gradients that a backward pass in the block computes, while it goes on.

    At the end of the block every gradient is the sum. Gradients of backward passes before the block, each process's
    own, are summed with them. bucket: bytes of gradients that are summed at a time. Each process has to complete its
    gradients in the same order, which it does if it has called the same functions: autograd goes backwards through
    them.
    """
    if processes() == 1:
        yield
        return
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    buckets = Buckets(bucket)
    hooks = [parameter.register_post_accumulate_grad_hook(buckets.add) for parameter in trained]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
    buckets.finish(trained)


class Buckets:
    """Gradients that are summed over the processes, at least `size` bytes at a time; only the last sum has fewer."""

    def __init__(self, size: int) -> None:
        self._size, self._bytes = size, 0
        self._waiting: list[Tensor] = []  # parameters whose gradients are to be summed next
        self._taken: set[Tensor] = set()
        self._sums: list[dist.Work] = []

    def add(self, parameter: Tensor) -> None:
        """Take a parameter whose gradient is complete."""
        if self._waiting and self._waiting[0].dtype != parameter.dtype:
            self._begin_sum()
        self._waiting.append(parameter)
        self._taken.add(parameter)
        self._bytes += parameter.nbytes
        if self._bytes >= self._size:
            self._begin_sum()

    def finish(self, parameters: Iterable[Tensor]) -> None:
        """Take the gradients that the last backward pass did not compute; wait until every gradient is a sum."""
        for parameter in parameters:
            if parameter.grad is not None and parameter not in self._taken:
                self.add(parameter)
        if self._waiting:
            self._begin_sum()
        for work in self._sums:
            work.wait()

    def _begin_sum(self) -> None:
        """Begin to sum the gradients that wait, in one tensor. They become views of it, which adds no memory."""
        # In the order of their memory, which need not be that of their axes (channels last).
        gradients = [cast("Tensor", parameter.grad) for parameter in self._waiting]
        flat = torch.cat([gradient.as_strided((gradient.numel(),), (1,)) for gradient in gradients])
        begin = 0
        for parameter, gradient in zip(self._waiting, gradients, strict=True):
            parameter.grad = flat.as_strided(gradient.shape, gradient.stride(), begin)
            begin += gradient.numel()
        self._sums.append(dist.all_reduce(flat, async_op=True))
        self._waiting, self._bytes = [], 0


def check_agreement(model: nn.Module) -> None:
    """Raises: UserError when the sums of the weights differ between the processes, which would train apart."""
    if processes() == 1:
        return
    mine = torch.stack([value.double().sum() for value in model.state_dict().values()]).sum()
    sums = [torch.empty_like(mine) for _ in range(processes())]
    dist.all_gather(sums, mine)
    if len(found := {float(value) for value in sums}) > 1:
        raise UserError(
            f"processes: they hold different weights (sums {', '.join(map(repr, sorted(found)))}); let all of them "
            "read the same checkpoint, and run the same code on devices of one kind"
        )
