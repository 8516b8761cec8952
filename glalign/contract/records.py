"""The manifest: the records of a dataset in one format for all stages."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glalign.contract.query_ids import query_id
from glalign.storage.json_files import read_json_lines
from glalign.storage.whole_files import write_text

SPLITS = ("train", "val", "test")

LONGEST_CAPTION = 10_000
"""Characters that a caption may have, twenty times those of the longest of any release: parsers take minutes for more.
"""


@dataclass(frozen=True)
class Record:
    """One image with its captions.

    image: POSIX path below the dataset's image folder, also the image's id. person: identity number of the release.
    split: train, val or test. captions: normalised (`normalise_caption`), at least one, none empty.
    """

    image: str
    person: int
    split: str
    captions: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """One caption as a query. id: `<image>#<caption index>`, the key on which paired tests join."""

    id: str
    image: str
    person: int
    caption: str


def write_manifest(path: Path | str, records: Iterable[Record]) -> None:
    """Write records as JSON lines with the keys image, person, split and captions."""
    rows = ({"image": r.image, "person": r.person, "split": r.split, "captions": list(r.captions)} for r in records)
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def read_manifest(path: Path | str, split: str | None = None) -> list[Record]:
    """Read a manifest, or one split of it. Raises: UserError naming the line that is not a record."""
    remedy = "name a manifest, or delete a broken one and run again"
    missing = f"make it with `snakemake --cores 1 {path}`"
    records = read_json_lines(path, _record, "a manifest record", remedy, missing)
    return [record for record in records if split in (None, record.split)]


def _record(row: Mapping[str, Any]) -> Record:
    for key, kind in (("image", str), ("person", int), ("split", str), ("captions", list)):
        if not isinstance(row[key], kind) or isinstance(row[key], bool):
            raise TypeError(f"`{key}` is {type(row[key]).__name__}, not {kind.__name__}")
    if not row["image"]:
        raise ValueError("`image` is empty")
    if not row["captions"] or not all(isinstance(caption, str) and caption for caption in row["captions"]):
        raise TypeError("`captions` is not a list of texts")
    for text in (row["image"], *row["captions"]):
        text.encode()  # raises ValueError for a lone surrogate, which JSON can name and no file can hold
    if (longest := max(map(len, row["captions"]))) > LONGEST_CAPTION:
        raise ValueError(f"a caption of {longest:,} characters, more than {LONGEST_CAPTION:,}")
    return Record(row["image"], row["person"], row["split"], tuple(row["captions"]))


def captions_by_key(records: Iterable[Record]) -> dict[tuple[str, int], str]:
    """Return (image, caption index) -> caption, in manifest order."""
    return {(r.image, index): caption for r in records for index, caption in enumerate(r.captions)}


def queries(records: Iterable[Record]) -> list[Query]:
    """Return every caption of every record as a query, in manifest order (D27)."""
    return [Query(query_id(r.image, i), r.image, r.person, text) for r in records for i, text in enumerate(r.captions)]
