"""Advice for a folder that lacks the annotation file of a format: files nearby, and the options that read them."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from glalign.contract.formats import FORMATS, SPLIT_FIELD, DatasetRelease, ReleaseLayout
from glalign.data.pickles import read_pickle
from glalign.storage.json_files import read_json
from glalign.support.errors import UserError

DEEPEST, HIGHEST = 2, 3
"""Levels below and above the root that are looked at: `CUHK-PEDES/CUHK-PEDES/`, `APTM/data/finetune/`."""

LISTED = 5
"""Largest number of names of a folder that are listed where no option fits."""


def advice(release: DatasetRelease) -> str:
    """Return a suggestion: which files lie there instead, and the `root`, `format` or `annotations` that reads them."""
    return next(_suggestions(Path(release.root), release))


def _suggestions(root: Path, release: DatasetRelease) -> Iterator[str]:
    """Yield what fits, the surest first; the last always does."""
    layout, option = release.layout, "(`--annotations` of `glalign data verify`)"
    if root.is_file():
        yield f"{root} is a file: name the folder that it is in, `root: {root.parent}`"
    if not root.is_dir():
        for folder in _folders_in(root.absolute().parent):
            if _plain(folder.name) == _plain(root.name):
                yield f"there is no folder {root}, but there is `root: {folder}`"
        yield f"there is no folder {root}: {_holds(layout)}"
    wanted = [os.path.relpath(file, root) for file in release.annotations.values()]
    for folder in _near(root):
        if folder != root and all((folder / name).is_file() for name in wanted):
            yield f"it is in `root: {folder}`"
        if found := [name for name in formats_in(folder) if FORMATS[name] is not layout]:
            where = "the folder" if folder == root else f"{folder}, which `root` should name,"
            yield f"{where} looks like {' or '.join(f'`format: {name}`' for name in found)}"
    for folder in _near(root):
        if name := _spelt_otherwise(folder, layout, wanted):
            at, verb = ("", "reads") if folder == root else (f"`root: {folder}` and ", "read")
            yield f"there is {name}: {at}`annotations: {name}` {verb} it {option}"
    if (root / "caption_all.json").is_file():
        other = "name the folder with reid_raw.json, which its authors give out with it"
        yield f"there is caption_all.json, which has no splits, numbers people otherwise and is not read: {other}"
    if read := _readable(root, layout):
        yield f"there is {read[0]}, which {read[1]} reads {option}"
    names = sorted(entry.name for entry in root.iterdir())
    there = ", ".join([*names[:LISTED], *(["..."] if len(names) > LISTED else [])]) or "nothing"
    yield f"{_holds(layout)}; it has {there}"


def _holds(layout: ReleaseLayout) -> str:
    holds = f"a folder of {layout.title} holds {layout.annotations} beside {layout.images}/"
    return f"{holds}: point the dataset's `root` at it, or set `root: null` for synthetic people"


def _near(root: Path) -> Iterator[Path]:
    """Yield the folder, those below it and those above it, nearest first."""
    yield root
    level = [root]
    for _ in range(DEEPEST):
        level = [below for folder in level for below in _folders_in(folder)]
        yield from level
    yield from itertools.islice(root.absolute().parents, HIGHEST)


def _folders_in(folder: Path) -> list[Path]:
    """Return the folders in a folder, sorted; those that may not be looked at are passed over."""

    def is_folder(entry: os.DirEntry[str]) -> bool:  # unlike `Path.is_dir`, it needs no look at each of many images
        try:
            return entry.is_dir()
        except OSError:  # links in a circle
            return False

    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry) for entry in entries if is_folder(entry))
    except OSError:
        return []


def formats_in(folder: Path) -> list[str]:
    """Return the formats of which all annotation files exist below a folder; keys tell those of one name apart."""
    found = []
    for name, layout in FORMATS.items():
        files = [folder / layout.annotations.replace(SPLIT_FIELD, split) for split in ("train", "test")]
        if all(file.is_file() for file in files) and _has_keys(files[0], layout):
            found.append(name)
    return found


def _spelt_otherwise(folder: Path, layout: ReleaseLayout, wanted: list[str]) -> str:
    """Return a name that differs from the wanted one in case, hyphens and the like, or by .txt; {split} for several."""
    plain = {_plain(name): name for name in wanted}
    below = folder / Path(layout.annotations).parent
    files = (file for file in below.glob("*") if file.suffix.casefold() in (".json", ".pkl", ".txt"))
    there = sorted(file.relative_to(folder).as_posix() for file in files)
    if len(wanted) == 1 and SPLIT_FIELD not in layout.annotations:
        return next((name for name in there if _plain(name.removesuffix(".txt")) in plain), "")
    for name in there:
        pattern = name.replace("train", SPLIT_FIELD)
        both = pattern not in (name, layout.annotations) and pattern.replace(SPLIT_FIELD, "test") in there
        if both and _has_keys(folder / name, layout):
            return pattern
    return ""


def _readable(root: Path, own: ReleaseLayout) -> tuple[str, str] | None:
    """Return another JSON file of the folder and the options that read it, the own format first."""
    for file in sorted(root.glob("*.json")):
        for name, layout in sorted(FORMATS.items(), key=lambda item: item[1] is not own):
            if SPLIT_FIELD not in layout.annotations and _has_keys(file, layout):
                kind = "" if layout is own else f"`format: {name}` with "
                return file.name, f"{kind}`annotations: {file.name}`"
    return None


def _has_keys(file: Path, layout: ReleaseLayout) -> bool:
    """Whether the first entry of a file has the keys of a layout."""
    try:
        document = read_pickle(file) if file.suffix == ".pkl" else read_json(file)
    except UserError:
        return False
    if layout.under and isinstance(document, dict):
        document = document.get(layout.under)
    first = document[0] if isinstance(document, list) and document else None
    keys = [layout.image, layout.person, layout.captions, *([] if SPLIT_FIELD in layout.annotations else ["split"])]
    return isinstance(first, dict) and all(first.get(key) is not None for key in keys)


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))
