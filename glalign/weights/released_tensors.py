"""Read the tensors of a released file: safetensors, a pickle that holds only data, or a TorchScript archive."""

import pickle
import string
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from glalign.storage.weight_files import read_weights
from glalign.support.errors import UserError
from glalign.weights.torchscript import is_torchscript, read_torchscript

PICKLES = (".bin", ".pth", ".pt", ".ckpt")
"""Suffixes of files written by torch.save."""

LFS_POINTER = b"version https://git-lfs.github.com/spec/"
"""First bytes of the small file that git-lfs leaves in place of a large one."""


def read_released_tensors(path: Path) -> dict[str, Tensor]:
    """Read name -> tensor, on the CPU and memory-mapped if the format allows it.

    A training checkpoint's tensors are read from its key `model` or `state_dict`, or else from the only key that has
    tensors below it, without the prefix `module.` of data-parallel training. Raises: UserError naming a file that is
    missing, damaged or without tensors, or holds code.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file; name a file that you have downloaded")
    if _first_bytes(path).startswith(LFS_POINTER):
        raise UserError(f"{path}: a pointer of git-lfs, not the file; get it with `git lfs pull`, or download it")
    if path.suffix == ".safetensors":
        if _is_zip(path):
            raise UserError(f"{path}: a file of torch.save under another suffix; rename it to {path.stem}.pt")
        return read_weights(path, "download it again")[0]
    loaded = _unpickled(path)
    for key in ("model", "state_dict"):
        if isinstance(loaded, Mapping) and isinstance(loaded.get(key), Mapping):
            loaded = loaded[key]
    tensors = _tensors_of(loaded)
    unnamed = [key for key, value in _items(loaded) if isinstance(value, Tensor) and not isinstance(key, str)]
    if unnamed:
        raise UserError(f"{path}: holds a tensor under {unnamed[0]!r}, which is no name; save a state dict")
    if not tensors:
        below = {key: found for key, part in _items(loaded) if (found := _tensors_of(part))}
        if len(below) > 1:
            keys = ", ".join(f"`{key}`" for key in below)
            raise UserError(f"{path}: holds tensors below each of {keys}; save those of one alone and import that file")
        if not below:
            raise UserError(f"{path}: holds no tensors by name; use the release's checkpoint")
        (tensors,) = below.values()
    if all(name.startswith("module.") for name in tensors):
        tensors = {name.removeprefix("module."): value for name, value in tensors.items()}
    return tensors


def _items(loaded: object) -> Iterable[tuple[Any, Any]]:
    return loaded.items() if isinstance(loaded, Mapping) else ()


def _tensors_of(loaded: object) -> dict[str, Tensor]:
    return {name: value for name, value in _items(loaded) if isinstance(name, str) and isinstance(value, Tensor)}


def _unpickled(path: Path) -> Any:
    """Load a file of torch.save, restricted to data."""
    archive, start = _is_zip(path), _first_bytes(path)
    if start[:1] == b"<" or (start and not start.translate(None, string.printable.encode())):
        raise UserError(f"{path}: not a file of torch.save but a page of text; download it again")
    if not archive and start.startswith(b"PK"):
        raise UserError(f"{path}: {path.stat().st_size:,} bytes of a file that is longer; download it again")
    if start[8:9] == b"{":  # after eight bytes with the length of the header
        raise UserError(f"{path}: a safetensors file under another suffix; rename it to {path.stem}.safetensors")
    if is_torchscript(path):
        return read_torchscript(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=archive)
    except Exception as error:  # a damaged pickle raises nearly anything
        if isinstance(error, pickle.UnpicklingError) and "weights_only" in str(error):
            raise UserError(
                f"{path}: holds more than tensors and plain values, and such a file can run code when it is read; it "
                "is refused. Where you trust it, save its tensors alone and import that file"
            ) from error
        first = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise UserError(f"{path}: not a whole file of torch.save ({first}); download it again") from error


def _is_zip(path: Path) -> bool:
    try:
        return zipfile.is_zipfile(path)
    except zipfile.BadZipFile:  # its end says that parts of it are in other files
        return False


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(LFS_POINTER))
