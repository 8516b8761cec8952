"""Reader of the CUHK-PEDES layout: `reid_raw.json` and the images it names below `imgs/`."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath

from glalign.data.records import SPLITS, Record
from glalign.errors import UserError
from glalign.files import read_json
from glalign.language.tokenizers import normalise_caption

ANNOTATIONS = "reid_raw.json"
"""The only file of the release that knows the splits; `caption_all.json` has another numbering of the people."""

IMAGES = "imgs"


def read_cuhk_pedes(root: Path | str, splits: Mapping[str, str | None]) -> list[Record]:
    """One record per entry of `root/reid_raw.json` that belongs to a wanted split, in the file's order.

    splits maps ours (train, val, test) to the release's names; null means that there is no such split. Entries of other
    splits are checked too, then left out. Captions pass through `normalise_caption`; extra keys are ignored.
    Raises UserError naming the file, the entry and its `file_path` for anything wrong in it: keys missing or of a wrong
    type, an empty caption, a path that leaves `imgs/` (also through a link) or comes twice, an id in two splits.
    """
    root = Path(root)
    file = root / ANNOTATIONS
    ours = _wanted(splits)
    images = ImageFolder(root / IMAGES)
    records: list[Record] = []
    entry_of: dict[str, int] = {}
    split_of: dict[int, tuple[str, int]] = {}
    for number, entry in enumerate(read_entries(root)):
        try:
            record = parse_entry(entry, images)
        except ValueError as error:
            raise UserError(f"{describe_entry(file, number, entry)}: {error}") from error
        first = entry_of.setdefault(record.image, number)
        if first != number:
            raise UserError(
                f"{describe_entry(file, number, entry)}: the same file_path as entry {first}; keep one entry per image"
            )
        split, first = split_of.setdefault(record.person, (record.split, number))
        if split != record.split:
            raise UserError(
                f"{describe_entry(file, number, entry)}: id {record.person} is in split {record.split!r} here and in "
                f"{split!r} at entry {first}; a person may be in one split only: correct the file"
            )
        if record.split in ours:
            records.append(Record(record.image, record.person, ours[record.split], record.captions))
    for name in ours:
        if not any(split == name for split, _ in split_of.values()):
            there = ", ".join(sorted({split for split, _ in split_of.values()}))
            raise UserError(f"{file}: no entry of split {name!r} ({ours[name]} in `splits`); the file has: {there}")
    return records


def read_entries(root: Path) -> list[object]:
    """The list in `root/reid_raw.json`. Raises UserError when the file is missing, truncated or not such a list."""
    file = root / ANNOTATIONS
    if not file.is_file():
        raise UserError(
            f"{file}: no such file; a CUHK-PEDES folder holds {ANNOTATIONS} beside {IMAGES}/: point the dataset's "
            "`root` at it, or set `root: null` for synthetic people"
        )
    entries = read_json(file)
    if not isinstance(entries, list) or not entries:
        raise UserError(f"{file}: not a list of entries; use the release's {ANNOTATIONS}, not caption_all.json")
    return entries


def parse_entry(entry: object, images: "ImageFolder") -> Record:
    """A record whose split is the release's name. Raises ValueError saying what is wrong with the entry."""
    if not isinstance(entry, dict):
        raise ValueError(f"an object is wanted, this is {type(entry).__name__}; fetch the file again")
    wanted = {"split": str, "id": int, "file_path": str, "captions": list}
    for key, kind in wanted.items():
        if key not in entry:
            hint = " (this release says img_path)" if key == "file_path" and "img_path" in entry else ""
            raise ValueError(f"key {key!r} is missing{hint}; wanted are {', '.join(wanted)}")
        if not isinstance(entry[key], kind) or isinstance(entry[key], bool):
            raise ValueError(f"{key!r} is {type(entry[key]).__name__}, not {kind.__name__}; correct the file")
    if not entry["captions"]:
        raise ValueError("no captions; add one or remove the entry")
    captions = []
    for index, caption in enumerate(entry["captions"]):
        if not isinstance(caption, str):
            raise ValueError(f"caption {index} is {type(caption).__name__}, not str; correct the file")
        captions.append(normalise_caption(caption))
        if not any(map(str.isalnum, captions[-1])):
            raise ValueError(f"caption {index} is empty (no word in it); write it or remove it")
    return Record(images.relative(entry["file_path"]), entry["id"], entry["split"], tuple(captions))


def describe_entry(file: Path, number: int, entry: object) -> str:
    """Where a reader of an error message finds the entry: file, number from 0, file_path."""
    path = entry.get("file_path") if isinstance(entry, dict) else None
    return f"{file}: entry {number}" + (f" ({path})" if isinstance(path, str) else "")


class ImageFolder:
    """Paths below one folder, or none: what an annotation file names may not lead out of it.

    The folder itself may be a link (the usual way to mount a dataset); links below it must stay inside.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._real = folder.resolve()
        self._inside: dict[PurePosixPath, bool] = {}

    def relative(self, file_path: str) -> str:
        """The canonical POSIX form of `file_path`. Raises ValueError when it is not a path below the folder."""
        path = PurePosixPath(file_path)
        if "\\" in file_path or "\0" in file_path or PureWindowsPath(file_path).drive or not _is_utf8(file_path):
            raise ValueError("file_path is not a plain relative path with forward slashes; correct the file")
        if path.is_absolute() or ".." in path.parts or not path.parts or not self._stays_inside(path):
            raise ValueError(f"file_path leaves the folder {self._folder}; it must name a file below it")
        return str(path)

    def _stays_inside(self, path: PurePosixPath) -> bool:
        # Folders are looked up once: 40,000 images share a handful.
        file = self._folder / path
        try:
            if path.parent not in self._inside:
                self._inside[path.parent] = file.parent.resolve().is_relative_to(self._real)
            return self._inside[path.parent] and (not file.is_symlink() or file.resolve().is_relative_to(self._real))
        except (OSError, RuntimeError):
            return False  # a link that leads to itself, a name the system cannot hold


def _wanted(splits: Mapping[str, str | None]) -> dict[str, str]:
    """The release's split name -> ours."""
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


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
