"""The entries of an annotation file in one form, one per image, whatever the file looks like."""

from collections.abc import Iterator
from pathlib import Path

from glalign.contract.formats import EACH, FORMATS, DatasetRelease
from glalign.data.pickles import read_columns
from glalign.storage.whole_files import read_json
from glalign.support.errors import UserError


def read_entries(file: Path, release: DatasetRelease, split: str) -> Iterator[tuple[int, object]]:
    """(number from 0, entry) of each image of a file. split: the one that the whole file holds, or "".

    Captions that stand one by one are gathered under their image, at the place of the first. Entries are not checked,
    but for a split of their own that is not the file's. Raises: UserError naming a file that is missing, truncated or
    not of the dialect.
    """
    dialect = release.dialect
    if not file.is_file():
        raise UserError(f"{file}: no such file; {_advice(release)}")
    document = read_columns(file) if file.suffix == ".pkl" else read_json(file)
    if dialect.under and isinstance(document, dict):
        document = document.get(dialect.under)
    if not isinstance(document, list) or not document:
        what = f"an object with a list {dialect.under!r}" if dialect.under else "a list of entries"
        hint = ", not caption_all.json" if dialect is FORMATS["cuhk_pedes"] else ""
        raise UserError(f"{file}: not {what}; use the {file.name} of {dialect.title}{hint}")
    if split:
        document = [_with_split(entry, split, file, number) for number, entry in enumerate(document)]
    yield from _gathered(document, release) if dialect.per_caption else enumerate(document)


def formats_in(root: Path) -> list[str]:
    """The formats whose annotation files are all there below a folder."""
    return [
        name
        for name, dialect in FORMATS.items()
        if all((root / dialect.annotations.replace(EACH, split)).is_file() for split in ("train", "test"))
    ]


def _with_split(entry: object, split: str, file: Path, number: int) -> object:
    if not isinstance(entry, dict):
        return entry
    if entry.get("split", split) != split:
        raise UserError(f"{file}: entry {number} says split {entry['split']!r} in the file of {split!r}; mend the file")
    return {**entry, "split": split}


def _gathered(rows: list[object], release: DatasetRelease) -> Iterator[tuple[int, object]]:
    """Rows of the same image and person as one entry with all their captions."""
    dialect = release.dialect
    gathered: dict[object, tuple[int, object]] = {}
    for number, row in enumerate(rows):
        image, person, text = (_value(row, key) for key in (dialect.image, dialect.person, dialect.captions))
        if not (isinstance(image, str) and isinstance(person, int) and isinstance(text, str | list)):
            gathered[number] = (number, row)  # alone, to be named
            continue
        first, entry = gathered.setdefault((image, person), (number, {**row, dialect.captions: []}))
        captions = [*entry[dialect.captions], *([text] if isinstance(text, str) else text)]
        gathered[image, person] = (first, {**entry, dialect.captions: captions})
    yield from gathered.values()


def _value(row: object, key: str) -> object:
    return row.get(key) if isinstance(row, dict) else None


def _advice(release: DatasetRelease) -> str:
    """What a folder without the annotation file may be."""
    dialect = release.dialect
    there = [name for name in formats_in(Path(release.root)) if FORMATS[name] is not dialect]
    if there:
        return f"the folder looks like `format: {there[0]}`"
    return (
        f"a {dialect.title} folder holds {dialect.annotations} beside {dialect.images}/: point the dataset's `root` at "
        "it, or set `root: null` for synthetic people"
    )
