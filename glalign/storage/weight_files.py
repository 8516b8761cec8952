"""Read and write weight files: safetensors, checked against the record beside them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from glalign.storage.weight_status import PRETRAINED, cached_sha256, fetch_command, recorded_sha256, remedy, weight_name
from glalign.storage.whole_files import whole_file
from glalign.support.errors import UserError
from glalign.support.progress import log

CLASSIFIER_PREFIXES = ("classifier.", "fc.", "head.")
"""Prefixes of the names of classifier layers, for modules without an attribute `class_heads`."""

LOGIT_SCALE = "logit_scale"
"""Name of the logarithm of a CLIP's logit scale in the files of OpenAI and open_clip, and in ours."""

PLAIN = (torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int32, torch.int64, torch.bool)
"""Types of values that are read; others (float8, int8) are of files whose weights are quantised."""

NAMED = 3
"""Number of tensors that an error names."""

RANDOM = "random"
"""Name in place of a weight file: the module keeps its random initial values."""


@dataclass(frozen=True)
class Weights:
    """Folder of pre-trained files. load: False leaves modules as they are, because trained values follow; vocabularies,
    which are part of no weight file, are read all the same."""

    folder: Path
    load: bool = True

    def fill(self, module: nn.Module, name: str, prefix: str = "") -> None:
        """Call `load_weights` with the folder if `load` is true."""
        if self.load:
            load_weights(module, self.folder, name, prefix)

    def vocabulary(self, name: str) -> Path:
        """Return the path of `name`.tokenizer.json. Raises: UserError if it is missing."""
        return self._existing(f"{name}{VOCABULARY}")

    def phobert_vocabulary(self, name: str) -> tuple[Path, Path]:
        """Return the paths of `name`.vocab.txt and `name`.bpe.codes. Raises: UserError if one is missing."""
        return self._existing(f"{name}.vocab.txt"), self._existing(f"{name}.bpe.codes")

    def _existing(self, file: str) -> Path:
        path = self.folder / file
        if not path.is_file():
            raise UserError(f"{path}: no such vocabulary; `snakemake pretrain` makes the tiny ones, {_advice(path)}")
        return path


VOCABULARY = ".tokenizer.json"
"""Suffix of a vocabulary in the format of the tokenizers library."""

UNFILLED = Weights(PRETRAINED, load=False)
"""Random weights, with the vocabularies of the tiny twins."""


def save_weights(path: Path | str, tensors: Mapping[str, Tensor], about: Mapping[str, str] | None = None) -> None:
    """Write tensors to a safetensors file atomically; equal values give equal bytes.

    about: metadata inside the file, at most one entry, because the format does not fix the order of several.
    Raises: UserError when the disk is full.
    """
    if about and len(about) > 1:
        raise ValueError(f"one metadata entry at most, not {sorted(about)}")
    # Tensors that share memory, which a `state_dict()` may return, cannot be stored.
    own = {name: value.detach().cpu().contiguous().clone() for name, value in sorted(tensors.items())}
    with whole_file(path) as temporary:
        temporary.write_bytes(save(own, metadata=dict(about or {})))


def load_weights(module: nn.Module, folder: Path | str, name: str, prefix: str = "") -> None:
    """Load `module` from `folder`/`name`.safetensors; the name "random" leaves it as it is.

    prefix: read only tensors with this prefix in their names, and remove it (a tower of a trained system). A method
    `adapt(tensors, about)` of the module first fits the tensors to it: another image size, a classifier to drop. The
    SHA-256 must equal that of the record `name`.json if there is one; without one, all values must be plain and finite.
    Raises: UserError naming the file, and the tensor that is missing, unknown, of another shape or not finite.
    """
    if name == RANDOM:
        return
    path = Path(folder) / f"{name}.safetensors"
    if not path.is_file():
        raise UserError(
            f"{path}: no such weight file; `snakemake pretrain` makes the tiny ones, {_advice(path)}, and "
            f"`weights: {RANDOM}` starts from random values"
        )
    stated = recorded_sha256(path.with_suffix(".json"), path.name)
    if stated and (found := cached_sha256(path)) != stated:
        raise UserError(f"{path}: SHA-256 is {found[:12]}..., {name}.json says {stated[:12]}...; {remedy(path)}")
    tensors, about = read_weights(path)
    tensors = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
    if not stated:
        check_plain(tensors, str(path))
        check_finite(tensors, str(path))
    fill(module, adapt_tensors(module, tensors, about, str(path)), str(path))


def adapt_tensors(
    module: nn.Module, tensors: dict[str, Tensor], about: Mapping[str, str], where: str
) -> dict[str, Tensor]:
    """Apply the module's method `adapt` to tensors, if it has one.

    Raises: UserError naming `where`, also for shapes that `adapt` does not expect under these names.
    """
    adapt = getattr(module, "adapt", None)
    if adapt is None:
        return tensors
    try:
        return adapt(tensors, about)
    except UserError as error:
        raise UserError(f"{where}: {error}") from error
    except (IndexError, RuntimeError, TypeError, ValueError) as error:
        what = f"its tensors are not those of {type(module).__name__} ({error})"
        raise UserError(f"{where}: {what}; it is damaged, or of another model") from error


def read_weights(path: Path | str, again: str = "") -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read the tensors (on the CPU) and the metadata of a safetensors file.

    again: remedy for a damaged file, by default that of `weight_status`. Raises: UserError if it is missing or damaged.
    """
    try:
        with safe_open(str(path), framework="pt", device="cpu") as file:
            names = file.keys()
            return {name: file.get_tensor(name) for name in names}, dict(file.metadata() or {})
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such weight file") from error
    except SafetensorError as error:
        raise UserError(f"{path}: not a whole safetensors file ({error}); {again or remedy(path)}") from error


def check_plain(tensors: Mapping[str, Tensor], where: str) -> None:
    """Raise a UserError naming `where` and the first tensor that is not dense, has no values, or none of `PLAIN`."""
    for name, value in tensors.items():
        if value.dtype not in PLAIN or value.layout is not torch.strided or value.is_meta:
            kind = "without values" if value.is_meta else "sparse" if value.dtype in PLAIN else str(value.dtype)
            raise UserError(
                f"{where}: tensor `{name}` is {kind.removeprefix('torch.')}, which is not read; save it as float32"
            )


def check_finite(tensors: Mapping[str, Tensor], where: str) -> None:
    """Raise a UserError naming `where` and the first tensor with a NaN or an infinity, once it is float32."""
    for name, value in tensors.items():
        if value.is_floating_point() and not (finite := value.float().isfinite()).all():
            wrong = f"{int((~finite).sum()):,} of {value.numel():,} values"
            raise UserError(
                f"{where}: tensor `{name}` is NaN or infinite in {wrong}: damaged, or of a training that diverged; "
                "get or make it again"
            )


def fill(module: nn.Module, tensors: Mapping[str, Tensor], where: str) -> None:
    """Set the values of `module` to those that `select_fitting` selects."""
    own = module.state_dict()
    selected = select_fitting(module, tensors, where)
    with torch.no_grad():
        module.load_state_dict({name: value.to(own[name].dtype) for name, value in selected.items()}, strict=False)


def select_fitting(module: nn.Module, tensors: Mapping[str, Tensor], where: str) -> dict[str, Tensor]:
    """Select the tensors for `module`: all of its own, in their shapes, and no unknown ones.

    A classifier of other classes (its prefix is in the module's `class_heads`, and it is unknown to the module or of
    another shape) is dropped with a notice, and the module keeps its own, because retrieval does not use it.
    Raises: UserError naming `where` and the first three tensors that do not fit.
    """
    own = module.state_dict()
    heads = tuple(getattr(module, "class_heads", CLASSIFIER_PREFIXES))
    dropped = {n for n, v in tensors.items() if n.startswith(heads) and (n not in own or own[n].shape != v.shape)}
    if dropped:
        log.info("%s: classifier of other classes dropped (%s)", where, ", ".join(sorted(dropped)))
    selected = {name: value for name, value in tensors.items() if name not in dropped}
    wrong = [f"`{n}` is missing" for n in own if n not in selected and n not in dropped]
    for name, value in selected.items():
        if name in own and own[name].shape != value.shape:
            wrong.append(f"`{name}` has shape {tuple(value.shape)}, the model's is {tuple(own[name].shape)}")
    wrong += [f"`{name}` is unknown to the model" for name in selected if name not in own]
    if wrong:
        named = "; tensor ".join(wrong[:NAMED]) + (f" and {len(wrong) - NAMED} more" if len(wrong) > NAMED else "")
        raise UserError(f"{where}: tensor {named}; the file is of another model or configuration")
    return selected


def _advice(path: Path) -> str:
    """Describe how to get a released file."""
    return f"{fetch_command(weight_name(path), path.parent)} gets a real one (`glalign weights list` describes it)"
