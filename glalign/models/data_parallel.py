"""Work on the rows of a batch, divided among the processes of a training.

The law: every process has the whole batch and computes the whole loss L. What costs time is done by each for a share of
the rows only, and the results are put together again. When each process then differentiates L / (number of processes),
the sum of the gradients over the processes is the gradient of L, whether a weight is used on a share of the rows or on
all of them: a result that all have is a sum of one contribution per process, and so is its gradient.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn import functional as F

if TYPE_CHECKING:
    from collections.abc import Callable

_dividing = False  # whether a function is at work on a share of the rows


def processes() -> int:
    """How many processes train together; 1 where none were joined (see glalign.engine.distributed)."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def dividing() -> bool:
    """Whether this process is at work on a share of the rows."""
    return _dividing


def run_sharded(
    function: Callable[..., Tensor | tuple[Tensor, ...]], *rows: Tensor | None, sizes: Tensor | None = None
) -> Tensor | tuple[Tensor, ...]:
    """`function(*rows)`, each process doing a share of the rows; all get the whole result.

    function: each row of its result (of each of its results) may depend on the same row of `rows` alone, or through
    BatchNorm on all (`glalign.models.sharded_batchnorm`). Whatever else it reads must be the same in every process. sizes
    (B,): how many rows of the result each row gives, by default one. Where there are fewer rows than processes, and
    inside another `spread`, every process does all that it has. With dropout inside, each share has a random stream of
    its own: the result is not that of one process.
    """
    count, shares = len(rows[0]), processes()
    if shares == 1 or _dividing or count < shares:
        return function(*rows)
    rank = dist.get_rank()
    start, stop = (count * number // shares for number in (rank, rank + 1))
    part = _on_share(function, [None if row is None else row[start:stop] for row in rows], rank)
    first, total = (start, count) if sizes is None else (int(sizes[:start].sum()), int(sizes.sum()))
    if isinstance(part, tuple):
        return tuple(_whole(each, first, total) for each in part)
    return _whole(part, first, total)


def summed(values: Tensor) -> Tensor:
    """The sum over the processes of `values`, in all of them; gradients come back as sums over the processes too."""
    return _Sum.apply(values) if processes() > 1 else values


class _Sum(torch.autograd.Function):
    """See `summed`. A result that every process has collects a part of its gradient in each."""

    @staticmethod
    def forward(ctx: object, values: Tensor) -> Tensor:
        total = values.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        return _Sum.forward(ctx, gradient)


def _on_share(function: Callable[..., Tensor | tuple[Tensor, ...]], rows: list[Tensor | None], rank: int) -> object:
    """`function(*rows)` with random numbers of this process alone; the common stream moves on by one number."""
    global _dividing  # noqa: PLW0603
    seed = int(torch.randint(2**62, ()))
    devices = {row.device.index for row in rows if row is not None and row.is_cuda}
    with torch.random.fork_rng(sorted(devices)):
        torch.manual_seed(seed + rank)
        _dividing = True
        try:
            return function(*rows)
        finally:
            _dividing = False


def _whole(part: Tensor, first: int, total: int) -> Tensor:
    """All `total` rows, of which this process has made those from `first` on: a sum, because a row has one maker."""
    behind = total - first - len(part)
    return summed(F.pad(part, (*(0, 0) * (part.ndim - 1), first, behind)))
