"""A training in several processes that torchrun starts; what they divide is in glalign.models.spread.

All run the same program on the same whole batches and hold the same weights; the first one alone writes files.
"""

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator

import torch
import torch.distributed as dist
from torch import Tensor, nn

from glalign.errors import UserError
from glalign.models.spread import processes

BACKENDS = {"cpu": "gloo", "cuda": "nccl"}


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
            f"`torchrun --standalone --nproc-per-node {count} -m glalign fit ...` starts as many"
        )
    if count == 1:
        yield
        return
    if device == "cuda":
        _take_gpu(int(os.environ["LOCAL_RANK"]))
    store, rank, _ = next(dist.rendezvous("env://"))
    dist.init_process_group(BACKENDS[device], store=store, rank=rank, world_size=count)
    try:
        yield
    except Exception:
        if store.add("failures", 1) > 1:
            sys.exit(1)
        raise
    finally:
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


def check_agreement(step: int, state: Iterable[Tensor]) -> None:
    """Raises UserError when the processes are not at the same step with the same values, to the last bit."""
    if processes() == 1:
        return
    totals = [value.double().sum() for value in state]
    mine = torch.stack([torch.full_like(totals[0], step), torch.stack(totals).sum()])
    all_of_them = [torch.empty_like(mine) for _ in range(processes())]
    dist.all_gather(all_of_them, mine)
    if any(not torch.equal(mine, other) for other in all_of_them):
        said = ", ".join(f"step {int(number)} sum {total:.17g}" for number, total in torch.stack(all_of_them).tolist())
        raise UserError(
            f"the processes hold different weights ({said}); give them devices of one kind, the same code and the same "
            "checkpoint"
        )


def _take_gpu(number: int) -> None:
    there = torch.cuda.device_count()
    if 0 < there <= number:  # without any, `prepare` says so
        raise UserError(f"processes: more than the {there} GPUs of this machine; lower `processes`")
    if there:
        torch.cuda.set_device(number)
