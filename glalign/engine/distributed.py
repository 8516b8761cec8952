"""A training in several processes, started by torchrun; glalign.models.data_parallel divides the work.

All run the same program on the same whole batches and have the same weights; only the first one writes files.
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


def sum_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replace each gradient by its sum over the processes; each differentiated its share of the loss."""
    if processes() == 1:
        return
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    for work in [dist.all_reduce(gradient, async_op=True) for gradient in gradients]:
        work.wait()


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
