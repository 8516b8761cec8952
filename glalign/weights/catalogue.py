"""Catalogue of pre-trained releases: origin, size, licence and conditions (catalogue.yaml)."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from glalign.storage.yaml_files import read_yaml
from glalign.support.errors import UserError, suggestion

DATA_FILES = ("catalogue.yaml",)


@dataclass(frozen=True)
class WeightSource:
    """A file to download: `path` in the release's hub repository, or a `url`. size: MB as published. sha256: the start
    of its digest if its address states it."""

    path: str = ""
    url: str = ""
    size: float | None = None
    sha256: str = ""

    @property
    def name(self) -> str:
        """The file's name."""
        return PurePosixPath(self.path or self.url).name


@dataclass(frozen=True)
class WeightRelease:
    """A weight, a vocabulary, or both, under one name. The head of catalogue.yaml describes the fields."""

    name: str
    about: str
    files: tuple[WeightSource, ...]
    licence: str
    read_from: str
    family: str = ""
    backbone: str = ""
    vocabulary: str = ""
    words: int | None = None
    hub: str = ""
    revision: str = ""
    stored: float | None = None
    conditions: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """Origin of its files, in one line."""
        names = ", ".join(source.name for source in self.files)
        return f"https://huggingface.co/{self.hub} ({names})" if self.hub else self.files[0].url


@functools.cache
def catalogue() -> Mapping[str, WeightRelease]:
    """Return all releases by name."""
    return {
        name: WeightRelease(name, **{**entry, "files": tuple(WeightSource(**file) for file in entry["files"])})
        for name, entry in read_yaml(Path(__file__).with_name("catalogue.yaml")).items()
    }


def weight_release(name: str) -> WeightRelease:
    """Return the release of this name. Raises: UserError suggesting the nearest name."""
    known = catalogue()
    if name not in known:
        raise UserError(f"weights {name!r}: no release of this name; {suggestion(name, known)}")
    return known[name]
