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
class SplitRecords:
    """Records of one dataset in the order of the manifest, with its folders of images and label maps.

    parts (label maps) and phrases (of every caption) are None where the system reads none. people: name of the
    numbering of its people; datasets of the same name share identity numbers. dataset: its id.
    """

    records: list[Record]
    images: Path
    parts: Path | None
    phrases: list[Phrases] | None
    people: str
    dataset: str

    @classmethod
    def read(cls, spec: DatasetSpec, split: str) -> "SplitRecords":
        """Read one split of a dataset."""
        return cls.of(spec, read_manifest(spec.manifest, split))

    @classmethod
    def of(cls, spec: DatasetSpec, records: list[Record]) -> "SplitRecords":
        """Add the files of a dataset to its records."""
        phrases = read_phrases(spec.phrases, records) if spec.phrases else None
        parts = Path(spec.parts) if spec.parts else None
        return cls(records, Path(spec.images), parts, phrases, spec.people, spec.id)


def joined_phrases(sources: Sequence[SplitRecords]) -> list[Phrases] | None:
    """Return the phrases of all captions of the sources; None unless every source has phrases."""
    found = [source.phrases for source in sources if source.phrases is not None]
    return [phrases for part in found for phrases in part] if len(found) == len(sources) else None


@dataclass(frozen=True)
class Collection:
    """Records of one or more sources with stores of their pixels and parts, all in the same order.

    people has the numbering of each record's person, datasets the id of its dataset. parts and phrases are None unless
    every source has them.
    """

    records: list[Record]
    people: list[str]
    datasets: list[str]
    images: ImageStore
    parts: PartStore | None
    phrases: list[Phrases] | None

    @classmethod
    def of(
        cls,
        sources: Sequence[SplitRecords],
        size: tuple[int, int],
        resize: str,
        grid: tuple[int, int],
        dress: str | None,
        cache: Path | None = None,
        *,
        centre_crop: bool = False,
    ) -> "Collection":
        """Concatenate sources.

        size, resize, centre_crop: (height, width) of the images and how they get it, see `ImageStore`. grid: (h, w) of
        the shares of the parts. dress: see `region_masks`; unused without parts. cache: see `ImageStore`. Raises:
        UserError when the label maps were made by different parsers.
        """
        records = [record for source in sources for record in source.records]
        files = [source.images / record.image for source in sources for record in source.records]
        folders = [source.parts for source in sources if source.parts is not None]
        if with_parts := len(folders) == len(sources):
            check_one_parser(folders)
        threads, parts = cores() if cache else 1, None
        images = ImageStore(files, size, resize, centre_crop=centre_crop, cache=cache, threads=threads)
        if with_parts:
            maps = [f / f"{r.image}.png" for f, s in zip(folders, sources, strict=True) for r in s.records]
            parts = PartStore(maps, grid, dress=dress or "both", images=images)
        people = [source.people for source in sources for _ in source.records]
        names = [source.dataset for source in sources for _ in source.records]
        return cls(records, people, names, images, parts, joined_phrases(sources))
