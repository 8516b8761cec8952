"""Weight files: safetensors with a record beside them, read whole or refused by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from glalign.storage.weight_status import PRETRAINED, digest_in, digest_of, fetch_command, name_of, remedy
from glalign.storage.whole_files import whole_file
from glalign.support.errors import UserError
from glalign.support.progress import log

HEADS = ("classifier.", "fc.", "head.")
"""How the names of layers begin that tell training classes apart, where a module does not say (`class_heads`)."""

NAMED = 3
"""Tensors that an error names."""

RANDOM = "random"
"""The name of no weight file at all: the values a module was made with."""


@dataclass(frozen=True)
class Weights:
    """Where pre-trained files are. load: False leaves modules as they are (trained values follow); vocabularies, which
    are part of no weight file, are read all the same."""

    folder: Path
    load: bool = True

    def fill(self, module: nn.Module, name: str, prefix: str = "") -> None:
        """`load_weights` from the folder, unless there is nothing to load."""
        if self.load:
            load_weights(module, self.folder, name, prefix)

    def vocabulary(self, name: str) -> Path:
        """The file `name`.tokenizer.json. Raises: UserError naming it where it is missing."""
        path = self.folder / f"{name}{VOCABULARY}"
        if not path.is_file():
            raise UserError(f"{path}: no such vocabulary; `snakemake pretrain` makes the tiny ones, {_real(path)}")
        return path

    def phobert_vocabulary(self, name: str) -> tuple[Path, Path]:
        """The files `name`.vocab.txt and `name`.bpe.codes. Raises: UserError naming the one that is missing."""
        paths = self.folder / f"{name}.vocab.txt", self.folder / f"{name}.bpe.codes"
        for path in paths:
            if not path.is_file():
                raise UserError(f"{path}: no such vocabulary; `snakemake pretrain` makes the tiny ones, {_real(path)}")
        return paths


VOCABULARY = ".tokenizer.json"
"""Ending of a vocabulary in the format of the tokenizers library."""

UNFILLED = Weights(PRETRAINED, load=False)
"""Random values, with the twins' vocabularies at hand."""


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
            f"{path}: no such weight file; `snakemake pretrain` makes the tiny ones, {_real(path)}, and "
            f"`weights: {RANDOM}` starts from random values"
        )
    _check_digest(path)
    tensors, about = read_weights(path)
    tensors = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
    fill(module, adapted(module, tensors, about, str(path)), str(path))


def adapted(module: nn.Module, tensors: dict[str, Tensor], about: Mapping[str, str], where: str) -> dict[str, Tensor]:
    """What the module's method `adapt` makes of tensors, if it has one. Raises: UserError naming `where`."""
    adapt = getattr(module, "adapt", None)
    if adapt is None:
        return tensors
    try:
        return adapt(tensors, about)
    except UserError as error:
        raise UserError(f"{where}: {error}") from error


def read_weights(path: Path | str, again: str = "") -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors (on the CPU) and metadata of a safetensors file. again: how another comes, if not as a stored one does.

    Raises: UserError when it is missing or torn.
    """
    try:
        with safe_open(str(path), framework="pt", device="cpu") as file:
            names = file.keys()
            return {name: file.get_tensor(name) for name in names}, dict(file.metadata() or {})
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such weight file") from error
    except SafetensorError as error:
        raise UserError(f"{path}: not a whole safetensors file ({error}); {again or remedy(path)}") from error


def fill(module: nn.Module, tensors: Mapping[str, Tensor], where: str) -> None:
    """Give `module` these values, all of them and no others, as `fitting` chooses them."""
    own = module.state_dict()
    chosen = fitting(module, tensors, where)
    with torch.no_grad():
        module.load_state_dict({name: value.to(own[name].dtype) for name, value in chosen.items()}, strict=False)


def fitting(module: nn.Module, tensors: Mapping[str, Tensor], where: str) -> dict[str, Tensor]:
    """The tensors that `module` takes: every one of its own, in its shape, and no unknown ones.

    A classifier of other classes (a name that begins with one of the module's `class_heads` and is unknown here or of
    another shape) is dropped with a notice, and the module keeps its own: no retrieval reads it. Raises: UserError
    naming `where` and the first three tensors that do not fit.
    """
    own = module.state_dict()
    heads = tuple(getattr(module, "class_heads", HEADS))
    dropped = {n for n, v in tensors.items() if n.startswith(heads) and (n not in own or own[n].shape != v.shape)}
    if dropped:
        log.info("%s: classifier of other classes dropped (%s)", where, ", ".join(sorted(dropped)))
    chosen = {name: value for name, value in tensors.items() if name not in dropped}
    wrong = [f"`{n}` is missing" for n in own if n not in chosen and n not in dropped]
    wrong += [
        f"`{name}` has shape {tuple(value.shape)}, the model's is {tuple(own[name].shape)}"
        for name, value in chosen.items()
        if name in own and own[name].shape != value.shape
    ]
    wrong += [f"`{name}` is unknown to the model" for name in chosen if name not in own]
    if wrong:
        more = f" and {len(wrong) - NAMED} more" if len(wrong) > NAMED else ""
        raise UserError(
            f"{where}: tensor {'; tensor '.join(wrong[:NAMED])}{more}; the file is of another model or configuration"
        )
    return chosen


def _real(path: Path) -> str:
    """How a released file comes to where it is looked for."""
    return f"{fetch_command(name_of(path), path.parent)} gets a real one (`glalign weights list` says what it is)"


def _check_digest(path: Path) -> None:
    """Compare the file with the SHA-256 of the record beside it, if there is one."""
    record = path.with_suffix(".json")
    stated = digest_in(record, path.name)
    if stated and (found := digest_of(path)) != stated:
        raise UserError(f"{path}: SHA-256 is {found[:12]}..., {record.name} says {stated[:12]}...; {remedy(path)}")
