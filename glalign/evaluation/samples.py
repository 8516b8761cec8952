"""What the samples that a person judges have in common: the rules for the phrases of a manifest, and its images."""

from collections.abc import Iterable
from pathlib import Path

from glalign.config.settings import Phrases
from glalign.config.typed_json import read_typed
from glalign.contract.records import Record
from glalign.contract.results import DatasetStatistics
from glalign.contract.specs.data import PhrasesSpec
from glalign.support.errors import UserError

IMAGE_FOLDERS = ("imgs", "images")
"""Names that releases give to their image folders (`glalign.contract.formats`)."""


def phrase_rules(manifest: Path, phrases: Phrases) -> PhrasesSpec:
    """How phrases of a manifest are found. The language is that of the statistics beside it."""
    return PhrasesSpec.of(phrases, manifest=str(manifest), language=_statistics(manifest).language)


def image_folder(manifest: Path, records: Iterable[Record], images: Path | None) -> Path:
    """The folder of a manifest's images: `images`, or the one below the root that the statistics name.

    Raises: UserError if the first image is not in it.
    """
    first = next(iter(records)).image
    folders = [images] if images else [Path(_statistics(manifest).root) / name for name in IMAGE_FOLDERS]
    for folder in folders:
        if (folder / first).is_file():
            return folder
    raise UserError(f"{folders[0]}: no image {first}, which {manifest} has; name their folder with --images")


def _statistics(manifest: Path) -> DatasetStatistics:
    return read_typed(manifest.with_suffix(".json"), DatasetStatistics)
