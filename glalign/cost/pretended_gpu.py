"""A GPU that a CPU pretends to be: tensors say that they are on CUDA, are computed on the CPU, and are counted."""

from collections.abc import Iterable
from typing import Any, Self

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._device import _device_constructors

from glalign.cost.launches import INDEXED, Launches, tensors

GPU, HOST = torch.device("cuda", 0), torch.device("cpu")
MOVES = frozenset({Tensor.to, Tensor.cpu, Tensor.tolist, Tensor.numpy})
"""Methods that copy between host and GPU; those of a scalar (`item`, `float`, `bool`) are seen as operations."""


class PretendedGpu(Launches):
    """While it is active, `device="cuda"` works without one: `Launches` counts what a GPU would be asked to do.

    Results and their numbers are the CPU's. A tensor is on the GPU if it was moved or made there, or was computed from
    one that is; what an operation makes for itself is where it is needed. Raises: RuntimeError, as CUDA does, for an
    operation on tensors of both places. Memory of the GPU is kept until the object is deleted.
    """

    def __init__(self) -> None:
        super().__init__(self.holds)
        self._places: dict[int, tuple[Any, bool]] = {}  # the storage is kept, or its address would be used again
        self._calls = PythonCalls(self)

    def holds(self, tensor: Tensor) -> bool:
        """Whether a tensor is on the GPU."""
        return self._place(tensor) is True

    def put(self, values: Iterable[Tensor], *, there: bool = True) -> None:
        """Say that these tensors are on the GPU, or on the host."""
        with torch._C.DisableTorchFunction():
            for value in values:
                storage = value.untyped_storage()
                self._places[storage._cdata] = (storage, there)

    def __enter__(self) -> Self:
        super().__enter__()
        self._calls.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._calls.__exit__(*error)
        super().__exit__(*error)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        with torch._C.DisableTorchFunction():
            kwargs, name = kwargs or {}, func._schema.name.removeprefix("aten::")
            given = list(tensors((args, kwargs)))
            places = {self._place(value) for value in given if value.ndim}
            if {True, False} <= places and name not in {"copy_", *INDEXED}:
                raise RuntimeError(f"{name}: expected all tensors to be on the same device, cuda or cpu; found both")
            result = func(*args, **kwargs)
            there = any(map(self.holds, given)) or (not given and self._calls.in_backward)
            new = [value for value in tensors(result) if self._place(value) is None]
            if there or False in places:
                self.put(new, there=there)
            self.count(func, args, kwargs, result)
            return result

    def _place(self, tensor: Tensor) -> bool | None:
        """Whether a tensor is on the GPU (true) or on the host; None where nothing is known."""
        with torch._C.DisableTorchFunction():
            return self._places.get(tensor.untyped_storage()._cdata, (None, None))[1]


class PythonCalls(TorchFunctionMode):
    """Answers the calls in Python that name a device, which no operation of a CPU shows."""

    def __init__(self, gpu: PretendedGpu) -> None:
        super().__init__()
        self.gpu, self.in_backward = gpu, False

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__self__", None) in (Tensor.device, Tensor.is_cuda, Tensor.is_cpu):
            there = self.gpu.holds(args[0])
            return {Tensor.device: GPU if there else HOST, Tensor.is_cuda: there, Tensor.is_cpu: not there}[
                func.__self__
            ]
        if func is Tensor.pin_memory:
            return args[0]
        if func in MOVES:
            return self._moved(func, args, kwargs)
        if func in _device_constructors():
            return self._made(func, args, kwargs)
        self.in_backward = func is Tensor.backward
        try:
            return func(*args, **kwargs)
        finally:
            self.in_backward = False

    def _moved(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Copy a tensor to the device that is named, if it is not there."""
        named = [x for x in (*args[1:], *kwargs.values()) if isinstance(x, torch.device | str)]
        there = self.gpu.holds(args[0])
        wanted = func is Tensor.to and (torch.device(named[0]).type == GPU.type if named else there)
        args, kwargs = on_host(args), {key: on_host([value])[0] for key, value in kwargs.items()}
        result = func(*args, **kwargs)
        if wanted == there:
            return result
        self._copied(func, kwargs)
        if isinstance(result, Tensor):
            result = result.clone()
            self.gpu.put([args[0]], there=there)
            self.gpu.put([result], there=wanted)
        return result

    def _made(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Make a tensor on the device that is named."""
        device = kwargs.get("device")
        there = device is not None and torch.device(device).type == GPU.type
        given = [value for value in tensors(args) if self.gpu.holds(value)]
        result = func(*args, **kwargs | ({"device": HOST} if there else {}))
        if there and not given and func in (torch.tensor, torch.as_tensor, torch.asarray):
            self._copied(func, kwargs)
        elif there:
            self.gpu.launches[func.__name__] += 1
        if not given:
            self.gpu.put([result], there=there)
        return result

    def _copied(self, func: Any, kwargs: Any) -> None:
        """Count a copy between host and GPU."""
        self.gpu.launches["copy"] += 1
        if not kwargs.get("non_blocking"):
            self.gpu.synchronisations[func.__name__] += 1


def on_host(values: Iterable[Any]) -> list[Any]:
    """The values, with the CPU in place of any other device."""
    return [HOST if isinstance(x, torch.device) or (isinstance(x, str) and x.startswith("cuda")) else x for x in values]
