"""Weight files: safetensors with a record beside them, read whole or refused by name."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from glalign.errors import UserError
from glalign.files import read_json, whole_file

RANDOM = "random"
"""The name of no weight file at all: the values a module was made with."""


def save_weights(path: Path | str, tensors: Mapping[str, Tensor], about: Mapping[str, str] | None = None) -> None:
    """Write tensors to a safetensors file, whole or not at all; the same values give the same bytes.

    about: metadata inside the file, at most one entry, because the format keeps several in no fixed order.
    Raises: UserError when the disk is full.
    """
    if about and len(about) > 1:
        raise ValueError(f"one metadata entry at most, not {sorted(about)}")
    # A tensor that shares its memory with another cannot be stored, and two may after a `state_dict()`.
    own = {name: value.detach().cpu().contiguous().clone() for name, value in sorted(tensors.items())}
    with whole_file(path) as temporary:
        temporary.write_bytes(save(own, metadata=dict(about or {})))


def load_weights(module: nn.Module, folder: Path | str, name: str, prefix: str = "") -> None:
    """Fill `module` from `folder`/`name`.safetensors; the name "random" leaves it as it is.

    prefix: only tensors whose name starts with it are read, without it (a tower out of a trained system). A module
    with a method `adapt(tensors, about)` first fits the file to itself: another image size, a classifier to drop.
    Where `name`.json lies beside the file and has a "sha256", the file must have it.
    Raises: UserError that names the file, and the tensor that is missing, unknown or of another shape.
    """
    if name == RANDOM:
        return
    path = Path(folder) / f"{name}.safetensors"
    if not path.is_file():
        raise UserError(
            f"{path}: no such weight file; `snakemake pretrain` makes the tiny ones, the README says where real ones "
            f"come from, and `weights: {RANDOM}` starts from random values"
        )
    _check_digest(path)
    tensors, about = read_weights(path)
    tensors = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
    adapt = getattr(module, "adapt", None)
    if adapt is not None:
        try:
            tensors = adapt(tensors, about)
        except UserError as error:
            raise UserError(f"{path}: {error}") from error
    fill(module, tensors, str(path))


def read_weights(path: Path | str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors (on the CPU) and metadata of a safetensors file. Raises: UserError when it is missing or torn."""
    try:
        with safe_open(str(path), framework="pt", device="cpu") as file:
            names = file.keys()
            return {name: file.get_tensor(name) for name in names}, dict(file.metadata() or {})
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such weight file") from error
    except SafetensorError as error:
        raise UserError(f"{path}: not a whole safetensors file ({error}); make or fetch it again") from error


def fill(module: nn.Module, tensors: Mapping[str, Tensor], where: str) -> None:
    """Give `module` exactly these values. Raises: UserError naming `where` and the first tensor that does not fit."""
    own = module.state_dict()
    for name, value in own.items():
        if name not in tensors:
            raise UserError(f"{where}: tensor `{name}` is missing; the file is of another model")
        if tensors[name].shape != value.shape:
            raise UserError(
                f"{where}: tensor `{name}` has shape {tuple(tensors[name].shape)}, "
                f"the model's is {tuple(value.shape)}; the file is of another model or configuration"
            )
    if unknown := sorted(set(tensors) - set(own)):
        raise UserError(f"{where}: tensor `{unknown[0]}` is unknown to the model; the file is of another model")
    with torch.no_grad():
        module.load_state_dict({name: tensors[name].to(value.dtype) for name, value in own.items()})


def _check_digest(path: Path) -> None:
    """Compare the file with the SHA-256 of the record beside it, if there is one."""
    record = path.with_suffix(".json")
    if not record.is_file():
        return
    facts = read_json(record)
    expected = facts.get("sha256") if isinstance(facts, dict) else None
    if expected is None:
        return
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise UserError(
            f"{path}: SHA-256 is {found[:12]}..., {record.name} says {expected[:12]}...; "
            "fetch the file again, or remake both with `snakemake pretrain`"
        )
