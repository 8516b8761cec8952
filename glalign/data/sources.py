"""The records of one or more datasets with their images, part label maps and phrases."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from glalign.contract.records import Record, read_manifest
from glalign.contract.specs.training import DatasetSpec
from glalign.data.caption_tensors import Phrases, read_phrases
from glalign.data.images import ImageStore, PartStore
from glalign.parsing.label_map_record import check_one_parser
from glalign.storage.parallel_decode import cores


@dataclass(frozen=True)
class Source:
    """Records of one dataset with its files.

    Args:
        records: In the order of the manifest.
        images: Folder of the images.
        parts: Folder of the label maps; None where the system reads none.
        phrases: Noun phrases of every caption; None where the system reads none.
        people: Name of the numbering of its people; datasets of the same name share identity numbers.
    """

    records: list[Record]
    images: Path
    parts: Path | None
    phrases: list[Phrases] | None
    people: str

    @classmethod
    def read(cls, spec: DatasetSpec, split: str) -> "Source":
        """Read one split of a dataset."""
        return cls.of(spec, read_manifest(spec.manifest, split))

    @classmethod
    def of(cls, spec: DatasetSpec, records: list[Record]) -> "Source":
        """The source of records that were read already."""
        phrases = read_phrases(spec.phrases, records) if spec.phrases else None
        return cls(records, Path(spec.images), Path(spec.parts) if spec.parts else None, phrases, spec.people)


def joined_phrases(sources: Sequence[Source]) -> list[Phrases] | None:
    """The phrases of all captions of the sources; None unless every source has phrases."""
    found: list[Phrases] = []
    for source in sources:
        if source.phrases is None:
            return None
        found += source.phrases
    return found


@dataclass(frozen=True)
class Collection:
    """Records of one or more sources with stores of their pixels and parts, all in the same order.

    people has the numbering of each record's person. parts and phrases are None unless every source has them.
    """

    records: list[Record]
    people: list[str]
    images: ImageStore
    parts: PartStore | None
    phrases: list[Phrases] | None

    @classmethod
    def of(
        cls,
        sources: Sequence[Source],
        size: tuple[int, int],
        grid: tuple[int, int],
        dress: str | None,
        cache: Path | None = None,
    ) -> "Collection":
        """Put sources one after the other.

        Args:
            sources: The sources.
            size: (height, width) of the images.
            grid: (h, w) of the shares of the parts.
            dress: See `region_masks`; unused without parts.
            cache: See `ImageStore`.

        Raises: UserError when the label maps were made by different parsers.
        """
        records = [record for source in sources for record in source.records]
        files = [source.images / record.image for source in sources for record in source.records]
        folders = [source.parts for source in sources if source.parts is not None]
        parts = None
        if len(folders) == len(sources):
            check_one_parser(folders)
            placed = zip(folders, sources, strict=True)
            maps = [folder / f"{record.image}.png" for folder, source in placed for record in source.records]
            parts = PartStore(maps, grid, dress=dress or "both")
        people = [source.people for source in sources for _ in source.records]
        images = ImageStore(files, size, cache=cache, threads=cores() if cache else 1)
        return cls(records, people, images, parts, joined_phrases(sources))
