"""Kernels that a training step launches, and how often it makes the host wait for the GPU: exact counts."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

WAITING = frozenset(
    {"_local_scalar_dense", "equal", "nonzero", "masked_select", "_unique2", "unique_dim", "unique_consecutive"}
)
"""Operations whose result the host has to know: its value, or its shape."""

INDEXED = frozenset({"index", "index_put", "index_put_", "_index_put_impl_"})
"""Operations whose second argument is a list of indices; a boolean one waits, as `nonzero` does."""

FREE = frozenset(
    {"empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided", "detach", "lift_fresh", "_unsafe_view"}
    | {"_local_scalar_dense", "is_same_size", "_reshape_alias", "resize_", "set_"}
)
"""Operations beside the views that launch nothing; a scalar that is read is counted as a synchronisation."""


class Launches(TorchDispatchMode):
    """Counts, while it is active, the operations on tensors of a GPU.

    launches: operations that are no view, by name: each is one kernel or a few, the same ones at every step. A CPU runs
    some operations in more parts than a GPU (a GRU cell) and some in fewer, so that counts are comparable with counts
    of the same device only. synchronisations: operations after which the host waits, by name: a number is read, a shape
    depends on the data (a boolean index, `nonzero`), or memory is copied without `non_blocking`. One step of several
    copies is not told from several steps of one.

    on_gpu: whether a tensor is on the GPU; by default by its device.
    """

    def __init__(self, on_gpu: Callable[[Tensor], bool] = lambda tensor: tensor.is_cuda) -> None:
        super().__init__()
        self.on_gpu = on_gpu
        self.launches: Counter[str] = Counter()
        self.synchronisations: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        self.count(func, args, kwargs or {}, result)
        return result

    def count(self, func: Any, args: Any, kwargs: Any, result: Any) -> None:
        """Count an operation that was done."""
        given, name = list(tensors((args, kwargs))), func._schema.name.removeprefix("aten::")
        there = any(map(self.on_gpu, given))
        if not there and not any(map(self.on_gpu, tensors(result))):
            return
        if not func.is_view and name not in FREE:
            self.launches[name] += 1
        if (there and waits(name, args, kwargs)) or self._copies(name, given, result, args, kwargs):
            self.synchronisations[name] += 1

    def _copies(self, name: str, given: list[Tensor], result: Any, args: Any, kwargs: Any) -> bool:
        """Whether memory is copied between host and GPU by a call that returns when it is done."""
        if name in INDEXED:  # an index of the host's is copied so
            return any(index.ndim > 0 and not self.on_gpu(index) for index in tensors(args[1]))
        if name == "_to_copy":
            return self.on_gpu(given[0]) != self.on_gpu(result) and not kwargs.get("non_blocking")
        blocking = name == "copy_" and not (kwargs.get("non_blocking") or (len(args) > 2 and args[2]))
        return blocking and self.on_gpu(given[0]) != self.on_gpu(given[1])


def tensors(values: Any) -> Iterator[Tensor]:
    """Yield the tensors in nested values."""
    return (value for value in tree_leaves(values) if isinstance(value, Tensor))


def waits(name: str, args: Any, kwargs: Any) -> bool:
    """Whether the host waits for the result of an operation on a GPU's tensors."""
    if name in INDEXED and (name == "index" or args[2].numel() != 1):  # one value fills by the mask itself
        return any(index.dtype in (torch.bool, torch.uint8) for index in tensors(args[1]))
    if name == "repeat_interleave":
        return kwargs.get("output_size") is None
    return name in WAITING
