"""Read annotation files of all layouts into entries in one form, one per image."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from glalign.contract.formats import FORMATS, DatasetRelease, ReleaseLayout
from glalign.data.advice import advice
from glalign.data.pickles import read_pickle
from glalign.storage.json_files import read_json
from glalign.support.errors import UserError


def read_entries(file: Path, release: DatasetRelease, split: str) -> Iterator[tuple[int, object]]:
    """Yield (number from 0, entry) of each image of a file. split: the only split in the file, or "".

    Entries of one caption each are merged per image, at the place of the first. Entries are not validated, except that
    their split must be the file's. Raises: UserError naming a file that is missing, truncated or of another layout.
    """
    layout = release.layout
    if not file.is_file():
        raise UserError(f"{file}: no such file; {advice(release)}")
    document = read_pickle(file) if file.suffix == ".pkl" else read_json(file)
    if layout.under and isinstance(document, dict):
        document = document.get(layout.under)
    if not isinstance(document, list) or not document:
        what = f"an object with a list {layout.under!r}" if layout.under else "a list of entries"
        hint = ", not caption_all.json" if layout is FORMATS["cuhk_pedes"] else ""
        raise UserError(f"{file}: not {what}; use the {file.name} of {layout.title}{hint}")
    if split:
        document = [_with_split(entry, split, file, number) for number, entry in enumerate(document)]
    yield from _merged(document, layout) if layout.per_caption else enumerate(document)


def _with_split(entry: object, split: str, file: Path, number: int) -> object:
    if not isinstance(entry, dict):
        return entry
    if (own := entry.get("split", split)) != split:
        raise UserError(f"{file}: entry {number} says split {own!r} in the file of {split!r}; correct the file")
    return {**entry, "split": split}


def _merged(rows: list[Any], layout: ReleaseLayout) -> Iterator[tuple[int, object]]:
    """Merge rows of the same image and person into one entry with all their captions."""
    merged: dict[object, tuple[int, Any]] = {}
    for number, row in enumerate(rows):
        keys = (layout.image, layout.person, layout.captions)
        image, person, text = (row.get(key) if isinstance(row, dict) else None for key in keys)
        if not (isinstance(image, str) and isinstance(person, int) and isinstance(text, str | list)):
            merged[number] = (number, row)  # kept as it is, for the reader to name its error
            continue
        _, entry = merged.setdefault((image, person), (number, {**row, layout.captions: []}))
        entry[layout.captions] += [text] if isinstance(text, str) else text
    yield from merged.values()
