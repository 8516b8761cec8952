"""Data parallelism inside the loss: each process computes a shard of the rows of a batch, and all get every row.

Every process has the whole batch and computes the whole loss L; only costly functions run on a shard of the rows, and
their results are gathered. Each process differentiates L / (number of processes). The sum of the gradients over the
processes is then the gradient of L, whether a weight is used on a shard or on all rows: the gradients of a gathered row
are summed over the processes, too, for the one that computed the row.
"""

from collections.abc import Callable, Sequence
from functools import partial, wraps
from itertools import pairwise
from typing import Any, TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn import functional as F

Output = TypeVar("Output", bound=Tensor | tuple[Tensor, ...])

_in_shard = False  # whether a function is running on a shard of the rows


def processes() -> int:
    """Return the number of processes that train together; 1 without `torch.distributed`."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def in_shard() -> bool:
    """Return whether this process is running a function on a shard of the rows."""
    return _in_shard


def run_sharded(function: Callable[..., Output], *rows: Tensor | None, sizes: Tensor | None = None) -> Output:
    """Return `function(*rows)`, of which each process computes a shard of the rows; all processes get all rows.

    Every process computes everything if there are fewer rows than processes, or inside another `run_sharded`. function:
    row i of its result (a tensor, or each of a tuple) may depend on row i of `rows` alone, or on all rows through
    BatchNorm (`glalign.models.sharded_batchnorm`). Whatever else it uses must be the same in every process. Dropout
    inside it has a separate random stream in each shard, so that the result differs from that of a single process.
    rows: tensors (B, ...) or None; the first is a tensor. sizes: (B,) number of result rows of each row, by default 1.
    """
    first = rows[0]
    assert first is not None
    count, shards = len(first), processes()
    if shards == 1 or _in_shard or count < shards:
        return function(*rows)
    rank = dist.get_rank()
    bounds = list(pairwise(count * number // shards for number in range(shards + 1)))
    start, stop = bounds[rank]
    output = _run_on_shard(function, [None if row is None else row[start:stop] for row in rows], rank)
    counts = [stop - start if sizes is None else int(sizes[start:stop].sum()) for start, stop in bounds]
    if isinstance(output, tuple):
        return cast("Output", tuple(_gathered(part, counts) for part in output))
    return cast("Output", _gathered(output, counts))


def sharded(method: Callable[..., Output]) -> Callable[..., Output]:
    """Decorate a module's method whose arguments are all rows: it is called through `run_sharded`."""

    @wraps(method)
    def run(self: Any, *rows: Tensor | None) -> Output:
        return run_sharded(partial(method, self), *rows)

    return run


def all_reduce_sum(values: Tensor) -> Tensor:
    """Return the sum of `values` over the processes, in all of them; its gradient is summed over them too."""
    return cast("Tensor", _AllReduceSum.apply(values)) if processes() > 1 else values


class _AllReduceSum(torch.autograd.Function):
    """Every process holds a part of the gradient of a result that all of them have."""

    @staticmethod
    def forward(ctx: object, values: Tensor) -> Tensor:
        total = values.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        return _AllReduceSum.forward(ctx, gradient)


def _run_on_shard(function: Callable[..., Output], rows: Sequence[Tensor | None], rank: int) -> Output:
    """Run `function` with random numbers of this process alone; the common stream advances by one number."""
    global _in_shard  # noqa: PLW0603
    seed = int(torch.randint(2**62, ()))
    devices = {row.device.index for row in rows if row is not None and row.is_cuda}
    with torch.random.fork_rng(sorted(devices)):
        torch.manual_seed(seed + rank)
        _in_shard = True
        try:
            return function(*rows)
        finally:
            _in_shard = False


def _gathered(part: Tensor, counts: list[int]) -> Tensor:
    """Return all rows; `part` is this process's, and `counts` the number of rows of each process."""
    return cast("Tensor", _Gather.apply(part, counts)) if any(counts) else part


class _Gather(torch.autograd.Function):
    """Concatenates the rows of all processes. Shards of fewer rows are padded, since a gathering needs equal parts."""

    @staticmethod
    def forward(ctx: Any, part: Tensor, counts: list[int]) -> Tensor:
        ctx.counts = counts
        rows = part.new_empty((len(counts), max(counts), *part.shape[1:]))
        dist.all_gather(list(rows.unbind()), _padded(part, max(counts)))
        if len(set(counts)) == 1:
            return rows.flatten(0, 1)
        return torch.cat([shard[:count] for shard, count in zip(rows, counts, strict=True)])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        shards = [_padded(shard, max(ctx.counts)) for shard in gradient.split(ctx.counts)]
        own = torch.empty_like(shards[0])
        dist.reduce_scatter(own, shards)
        return own[: ctx.counts[dist.get_rank()]], None


def _padded(rows: Tensor, count: int) -> Tensor:
    """Append zeros up to `count` rows."""
    return F.pad(rows, (*(0, 0) * (rows.ndim - 1), 0, count - len(rows))).contiguous()
