"""A training in several processes that torchrun starts; what they divide is in glalign.models.data_parallel.

All run the same program on the same whole batches and hold the same weights; the first one alone writes files.
"""

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator

import torch
import torch.distributed as dist
from torch import nn

from glalign.models.data_parallel import processes
from glalign.support.errors import UserError


@contextlib.contextmanager
def joined(count: int, device: str) -> Iterator[None]:
    """Be one of `count` processes while in here; with `device: cuda` each has the GPU of its number on its machine.

    The process that fails first says why, the others end without a word. Raises: UserError when another number of
    processes was started, or a machine has fewer GPUs than processes.
    """
    started = int(os.environ.get("WORLD_SIZE", "1"))
    if started != count:
        raise UserError(
            f"processes: {count} in the configuration, {started} started; "
            f"`torchrun --standalone --nproc-per-node {count} -m -- glalign fit ...` starts as many"
        )
    if count == 1:
        yield
        return
    store, rank, _ = next(dist.rendezvous("env://"))
    try:
        backend = _take_gpu(int(os.environ["LOCAL_RANK"])) if device == "cuda" else "gloo"
        dist.init_process_group(backend, store=store, rank=rank, world_size=count)
        yield
    except Exception:
        if store.add("failures", 1) > 1:
            sys.exit(1)
        raise
    dist.barrier()  # nobody hangs up while another still reads or writes
    dist.destroy_process_group()


def leads() -> bool:
    """Whether this process writes the files."""
    return processes() == 1 or dist.get_rank() == 0


def sum_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replace each gradient by its sum over the processes, each of which differentiated its share of the loss."""
    if processes() == 1:
        return
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    for work in [dist.all_reduce(gradient, async_op=True) for gradient in gradients]:
        work.wait()


def check_agreement(model: nn.Module) -> None:
    """Raises UserError when the processes hold weights of different sums: they would train apart."""
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


def _take_gpu(number: int) -> str:
    """Make a GPU this process's own; returns the name of the library that connects GPUs."""
    if number >= (there := torch.cuda.device_count()):
        raise UserError(f"processes: too many for the {there} CUDA devices of this machine (one each); lower it")
    torch.cuda.set_device(number)
    return "nccl"
