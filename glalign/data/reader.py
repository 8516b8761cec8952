"""Read the annotation files of a release into records, and name their errors."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from glalign.contract.formats import DatasetRelease, ReleaseLayout
from glalign.contract.records import LONGEST_CAPTION, SPLITS, Record
from glalign.data.entries import read_entries
from glalign.language.tokenizers import normalise_caption
from glalign.storage.image_folder import ImageFolder
from glalign.support.errors import UserError, printable

LARGEST_ID = 10**15
"""Largest identity number. Numbers of 64 bits also hold it shifted, where several datasets are joined."""


def read_release(release: DatasetRelease, splits: Mapping[str, str | None]) -> list[Record]:
    """Read one record per image of the given splits, in the files' order.

    splits: ours (train, val, test) -> the release's name, None for a split that the release lacks. Entries of other
    splits are checked, then dropped. Captions are normalised by `normalise_caption`; extra keys are ignored.
    Raises: UserError naming the file, the entry and its image for an error in it: a key missing or of a wrong type, an
    empty caption, a path that leaves the image folder (also through a link) or is repeated, an id in two splits.
    """
    ours = _wanted(splits)
    records: list[Record] = []
    found: set[str] = set()
    for record in valid_records(release):
        found.add(record.split)
        if record.split in ours:
            records.append(Record(record.image, record.person, ours[record.split], record.captions))
    for name in ours:
        if name not in found:
            files = ", ".join(release.annotations.values())
            has = ", ".join(sorted(found))
            raise UserError(f"{files}: no entry of split {name!r} ({ours[name]} in `splits`); the file has: {has}")
    return records


def valid_records(release: DatasetRelease) -> Iterator[Record]:
    """Yield the record of each entry of all splits. Raises: UserError for the first wrong entry."""
    for record, problem in scan(release):
        if problem or record is None:
            raise UserError(problem)
        yield record


def scan(release: DatasetRelease) -> Iterator[tuple[Record | None, str]]:
    """Yield (record or None, error or "") of each entry; the record's split has the release's name.

    Raises: UserError if an annotation file is missing or unreadable.
    """
    images = ImageFolder(Path(release.images))
    several = len(release.annotations) > 1
    image_at: dict[str, str] = {}
    person_at: dict[int, tuple[str, str]] = {}
    for split, file in release.annotations.items():
        for number, entry in read_entries(Path(file), release, split):
            path = entry.get(release.layout.image) if isinstance(entry, dict) else None
            where = printable(f"{file}: entry {number}" + (f" ({path})" if isinstance(path, str) else ""))
            place = f"entry {number}" + (f" of {file}" if several else "")
            try:
                record = parse_entry(entry, images, release.layout)
            except ValueError as error:
                yield None, f"{where}: {error}"
                continue
            problem = ""
            if (first := image_at.setdefault(record.image, place)) != place:
                problem = f"{where}: the same {release.layout.image} as {first}; keep one entry per image"
            other, first = person_at.setdefault(record.person, (record.split, place))
            if other != record.split and not problem:
                problem = (
                    f"{where}: id {record.person} is in split {record.split!r} here and in {other!r} at {first}; "
                    "a person may be in one split only: correct the file"
                )
            yield record, problem


def parse_entry(entry: object, images: ImageFolder, layout: ReleaseLayout) -> Record:
    """Convert an entry to a record whose split has the release's name. Raises: ValueError describing its error."""
    if not isinstance(entry, dict):
        raise ValueError(f"an object is wanted, not {type(entry).__name__}; fetch the file again")
    wanted = {"split": str, layout.person: int, layout.image: str, layout.captions: list}
    for key, kind in wanted.items():
        if key not in entry:
            other = {"file_path": "img_path", "img_path": "file_path"}.get(key)
            hint = f" (this release says {other}: another `format`?)" if other in entry else ""
            raise ValueError(f"key {key!r} is missing{hint}; wanted are {', '.join(wanted)}")
        if not isinstance(entry[key], kind) or isinstance(entry[key], bool):
            name = "str or list" if kind is list and layout.per_caption else kind.__name__
            raise ValueError(f"{key!r} is {type(entry[key]).__name__}, not {name}; correct the file")
    if abs(entry[layout.person]) > LARGEST_ID:
        raise ValueError(f"{layout.person!r} has {len(str(abs(entry[layout.person])))} digits; correct the file")
    if not entry[layout.captions]:
        raise ValueError("no captions; add one or remove the entry")
    captions = []
    for index, caption in enumerate(entry[layout.captions]):
        if not isinstance(caption, str):
            raise ValueError(f"caption {index} is {type(caption).__name__}, not str; correct the file")
        if len(caption) > LONGEST_CAPTION:
            many = f"{len(caption):,} characters, more than {LONGEST_CAPTION:,}"
            raise ValueError(f"caption {index} has {many}; shorten it")
        captions.append(normalise_caption(caption))
        if not any(map(str.isalnum, captions[-1])):
            raise ValueError(f"caption {index} is empty (no word in it); write it or remove it")
    image = images.relative(entry[layout.image].removeprefix(layout.prefix))
    return Record(image, entry[layout.person] + layout.shift, entry["split"], tuple(captions))


def _wanted(splits: Mapping[str, str | None]) -> dict[str, str]:
    """Invert `splits`: the release's name of a split -> ours."""
    ours: dict[str, str] = {}
    for name, theirs in splits.items():
        if name not in SPLITS:
            raise UserError(f"splits.{name}: unknown split; ours are {', '.join(SPLITS)}")
        if theirs in ours:
            raise UserError(f"splits.{name}: {theirs!r} is already our {ours[theirs]!r}; set one of them to null")
        if theirs is not None:
            ours[theirs] = name
    if not ours:
        raise UserError("splits: every split is null; name at least one of the release's")
    return ours
