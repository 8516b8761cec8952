"""Refuse released files that are known to be another model's, or trained with another activation."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from torch import nn

from glalign.models.towers.clip_block import QuickGELU
from glalign.storage.json_files import read_json
from glalign.storage.weight_status import cached_sha256
from glalign.support.errors import UserError
from glalign.weights.catalogue import WeightRelease
from glalign.weights.origins import is_known, release_of

CLIP_FAMILIES = ("clip", "multilingual")
"""Families whose files of one shape were trained with QuickGELU or with GELU."""

NOT_STATED = "not stated"
"""Activation of a file of unknown origin, which tensors do not show."""


class PublishedFile(NamedTuple):
    """A file of open_clip's list. digest: start of its SHA-256. tag: name of its weights there."""

    file: str
    digest: str
    tag: str
    activation: str


LAION_2B = PublishedFile(
    file="open_clip_model.safetensors",
    digest="ac4f8c4b88af6d963118cbf40ad93176d092abbedfcb752601ae1866352656e6",
    tag="laion2b_s34b_b79k",
    activation="GELU",
)
"""The ViT-B/32 of LAION-2B (laion/CLIP-ViT-B-32-laion2B-s34B-b79K@1a25a44), whose address states no digest."""


def check_origin(release: WeightRelease, path: Path) -> None:
    """Raise a UserError if the SHA-256 of a file is known as that of another release, or in open_clip's list."""
    if not path.is_file() or is_known(release, digest := cached_sha256(path)):
        return
    if other := release_of(digest):
        raise UserError(f"{path}: not {release.name} but {other.name}, by its SHA-256; import it under that name")
    if release.family not in CLIP_FAMILIES:
        return
    for known in open_clip_files():
        if digest.startswith(known.digest):
            what = f"{known.file} of open_clip's list ({known.tag}), trained with {known.activation}"
            raise UserError(f"{path}: not {release.name} but {what}, by its SHA-256; `weights fetch` gets the release")


def open_clip_files() -> Iterator[PublishedFile]:
    """Yield the files of the installed open_clip's list whose address states a digest, and LAION's."""
    from open_clip.pretrained import get_pretrained_cfg, list_pretrained  # noqa: PLC0415  (seconds)

    yield LAION_2B
    for model, tag in list_pretrained():
        config = get_pretrained_cfg(model, tag)
        folder, _, file = config.get("url", "").rpartition("/")
        for part in (folder.rpartition("/")[2], Path(file).stem.rpartition("-")[2]):
            if re.fullmatch("[0-9a-f]{8,64}", part):
                yield PublishedFile(file, part, tag, _name(quick=bool(config.get("quick_gelu"))))


def check_activation(release: WeightRelease, module: nn.Module, path: Path, *, fetched: bool) -> str:
    """Return the activation that a CLIP's weights were trained with, "QuickGELU", "GELU" or "not stated"; else "".

    That of the release if the file is fetched or known by its digest. Otherwise a configuration in the file's folder
    states it: open_clip's open_clip_config.json or transformers' config.json. Raises: UserError if that is not what
    `module` computes, because its features would be wrong.
    """
    if release.family not in CLIP_FAMILIES:
        return ""
    computed = _name(quick=any(isinstance(part, QuickGELU) for part in module.modules()))
    if fetched or is_known(release, cached_sha256(path)):
        return computed
    for name in ("open_clip_config.json", "config.json"):
        stated = _stated(path.with_name(name))
        if stated and stated != computed:
            what = f"says that {path.name} was trained with {stated}, {release.name} computes {computed}"
            remedy = "its features would be wrong; use other weights, or move a configuration of other ones away"
            raise UserError(f"{path.with_name(name)}: {what}: {remedy}")
        if stated:
            return stated
    return NOT_STATED


def _stated(path: Path) -> str:
    """Return the activation that a configuration of a CLIP states, or ""."""
    try:
        config = read_json(path) if path.is_file() else None
    except UserError:  # it was not named, and need not be a CLIP's
        return ""
    if not isinstance(config, dict):
        return ""
    if isinstance(model := config.get("model_cfg"), dict):
        return _name(quick=bool(model.get("quick_gelu")))  # open_clip's default is GELU
    if config.get("model_type") != "clip":
        return ""
    towers = [config.get(f"{tower}_config") for tower in ("text", "vision")]
    default = "quick_gelu"  # of transformers' CLIPConfig
    return _name(quick=all(tower.get("hidden_act", default) == default for tower in towers if isinstance(tower, dict)))


def _name(*, quick: bool) -> str:
    return "QuickGELU" if quick else "GELU"
