"""Read the tensors of a TorchScript archive, such as OpenAI's ViT-B-32.pt, without running the program in it."""

import pickle
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor

from glalign.storage.pickle_bounds import bounded_pickle
from glalign.support.errors import UserError

DAMAGE = (
    ArithmeticError, AttributeError, EOFError, LookupError, OSError, RuntimeError, StopIteration, TypeError, ValueError,
    pickle.UnpicklingError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What a damaged archive raises."""

STORAGES = {
    "BFloat16Storage": torch.bfloat16,
    "BoolStorage": torch.bool,
    "ByteStorage": torch.uint8,
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "IntStorage": torch.int32,
    "LongStorage": torch.int64,
}
"""Types of the values in the files of an archive."""


class Module:
    """A module of the archive: its attributes, without its class."""


class DataReader(pickle.Unpickler):
    """Unpickler of an archive's data.pkl that knows tensors and modules, whose classes it does not load.

    Every other class is refused, so that reading runs no code of the file.
    """

    def __init__(self, archive: zipfile.ZipFile, folder: str, file: IO[bytes]):
        super().__init__(file)
        self.archive, self.folder = archive, folder
        self.values: dict[str, Tensor] = {}

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith("__torch__"):
            return Module
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch.jit._pickle":  # lists with the type of their elements
            return _first
        raise pickle.UnpicklingError(f"{module}.{name} is neither a tensor nor a module")

    def persistent_load(self, pid: Any) -> Tensor:
        """Return all values of a file of the archive, flat. pid: ("storage", type, name, device, count)."""
        _, kind, name, _, _ = pid
        if name not in self.values:
            content = bytearray(self.archive.read(f"{self.folder}/data/{name}"))
            self.values[name] = torch.frombuffer(content, dtype=kind) if content else torch.empty(0, dtype=kind)
        return self.values[name]


def is_torchscript(path: Path) -> bool:
    """Whether a file is a TorchScript archive; false if its list of files is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except DAMAGE:
        return False


def read_torchscript(path: Path) -> dict[str, Tensor]:
    """Read name -> tensor of all parameters, buffers and other tensors of an archive; names as in a state dict.

    Raises: UserError if the archive is damaged or holds objects other than modules, tensors and plain values.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            data = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
            with archive.open(data) as file:
                whole = DataReader(archive, data.removesuffix("/data.pkl"), bounded_pickle(file)).load()
        return dict(_tensors(whole, ""))
    except DAMAGE as error:
        what = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"{path}: a TorchScript archive that cannot be read ({what[:120]}); download it again"
        ) from error


def _tensors(module: object, prefix: str) -> Iterator[tuple[str, Tensor]]:
    for name, value in vars(module).items() if isinstance(module, Module) else ():
        if isinstance(value, Tensor):
            yield f"{prefix}{name}", value
        else:
            yield from _tensors(value, f"{prefix}{name}.")


def _tensor(values: Tensor, offset: int, size: Sequence[int], stride: Sequence[int], *_: object) -> Tensor:
    """Return the tensor of this size in flat values; torch refuses one that leaves them."""
    return values.as_strided(tuple(size), tuple(stride), offset)


def _first(value: Any, *_: object) -> Any:
    return value
