"""Tensors out of a released file, whatever its format: safetensors, or a pickle that holds nothing but data."""

import pickle
import string
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from glalign.storage.weight_files import read_weights
from glalign.support.errors import UserError

PICKLES = (".bin", ".pth", ".pt", ".ckpt")
"""Endings of what torch.save writes."""

POINTER = b"version https://git-lfs.github.com/spec/"
"""How a file begins that git-lfs leaves where a large one belongs."""

TEXT = string.printable.encode()
"""Bytes of a page; torch.save begins with others."""

INSIDE = ("model", "state_dict")
"""Keys under which a training's checkpoint keeps its tensors."""


def read_original(path: Path) -> dict[str, Tensor]:
    """Name -> tensor, on the CPU and mapped from the disk where the format allows it.

    A checkpoint's tensors are taken from its key `model` or `state_dict`, and without the prefix `module.` of a
    parallel training. Raises: UserError naming a file that is missing, torn, code, or holds no tensors.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file; name a file that you have downloaded")
    if _beginning(path).startswith(POINTER):
        raise UserError(f"{path}: a pointer of git-lfs, not the file; get it with `git lfs pull`, or download it")
    if path.suffix == ".safetensors":
        return read_weights(path, "download it again")[0]
    loaded = _unpickled(path)
    for key in INSIDE:
        if isinstance(loaded, Mapping) and isinstance(loaded.get(key), Mapping):
            loaded = loaded[key]
    tensors = {n: v for n, v in loaded.items() if isinstance(v, Tensor)} if isinstance(loaded, Mapping) else {}
    if not tensors:
        raise UserError(f"{path}: holds no tensors by name; bring the release's checkpoint")
    if all(name.startswith("module.") for name in tensors):
        tensors = {name.removeprefix("module."): value for name, value in tensors.items()}
    return tensors


def _unpickled(path: Path) -> Any:
    """What torch.save wrote, as far as it is data."""
    archive = zipfile.is_zipfile(path)
    beginning = _beginning(path)
    if beginning[:1] == b"<" or (beginning and not beginning.translate(None, TEXT)):
        raise UserError(f"{path}: not a file of torch.save but a page of text; download it again")
    if not archive and beginning.startswith(b"PK"):
        raise UserError(f"{path}: {path.stat().st_size:,} bytes of a file that is longer; download it again")
    if archive and _is_program(path):
        raise UserError(
            f"{path}: a TorchScript archive, which is a program and not only tensors; it is not run. Bring the "
            "safetensors or .bin file of the same weights (for OpenAI's CLIP: `glalign weights list` names it)"
        )
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=archive)
    except pickle.UnpicklingError as error:
        if "weights_only" in str(error):
            raise UserError(
                f"{path}: holds more than tensors and plain values, and such a file can run code when it is read; it "
                "is refused. Where you trust it, save its tensors alone and bring that file"
            ) from error
        raise UserError(f"{path}: not a whole file of torch.save ({_first(error)}); download it again") from error
    except (RuntimeError, EOFError, ValueError, OSError) as error:
        raise UserError(f"{path}: not a whole file of torch.save ({_first(error)}); download it again") from error


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(POINTER))


def _is_program(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def _first(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
