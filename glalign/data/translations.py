"""Export the captions of a release for translation, and build the translated release from a file of translations."""

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from glalign.contract.formats import FORMATS, DatasetRelease, dataset_release
from glalign.contract.records import LONGEST_CAPTION, captions_by_key
from glalign.data.advice import formats_in
from glalign.data.reader import valid_records
from glalign.storage.csv_files import write_new_csv
from glalign.storage.sheets import caption_key, read_table
from glalign.storage.whole_files import write_json
from glalign.support.errors import UserError

TRANSLATED = {"cuhk_pedes": "cuhk_pedes_vn", "vn3k": "v2e", "vn3k_vi": "v2e", "vn3k_mixed_vi": "v2e"}
"""Format of a release -> format of its translation."""

COLUMNS = ("image", "index", "text")
MAX_NAMED = 3
"""Number of captions that an error names."""

Key = tuple[str, int]


def export_captions(source: Path, out: Path) -> int:
    """Write a release's captions as CSV (image, index, text); return the number. Raises: UserError if `out` exists."""
    captions = captions_by_key(valid_records(_release(source)[1]))
    write_new_csv(out, COLUMNS, ((*key, caption) for key, caption in captions.items()))
    return len(captions)


def fill(source: Path, translations: Path, out: Path) -> tuple[str, int]:
    """Write the translated release `out`: its annotation file and a link to the source's images.

    translations: CSV or JSON lines with image, index and text, one for every caption of the source. The annotation file
    is written last. Returns: the format and the number of captions. Raises: UserError naming captions that are missing,
    unknown, double, empty or not translated, or if the annotation file exists.
    """
    source_kind, release = _release(source)
    kind = TRANSLATED[source_kind]
    target = dataset_release({"format": kind, "root": str(out), "splits": {}})
    file, images = Path(target.annotations[""]), Path(target.images)
    if file.exists():
        raise UserError(f"{file}: is there already; remove it, or name another folder")
    records = list(valid_records(release))
    texts = _checked(captions_by_key(records), translations)
    try:
        images.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{out}: cannot be made a folder ({error.strerror}); name another one") from error
    _link(images, Path(release.images))
    keys = ("split", target.layout.person, target.layout.image, target.layout.captions)
    rows = ((r.split, r.person, r.image, [texts[r.image, i] for i in range(len(r.captions))]) for r in records)
    write_json(file, [dict(zip(keys, row, strict=True)) for row in rows])
    return kind, len(texts)


def _release(source: Path) -> tuple[str, DatasetRelease]:
    """Find the format and the paths of a release that has a translation."""
    for kind in formats_in(source):
        if kind in TRANSLATED:
            return kind, dataset_release({"format": kind, "root": str(source), "splits": {}})
    files = ", ".join(FORMATS[kind].annotations for kind in TRANSLATED)
    raise UserError(f"{source}: no release that has a translation; it holds one of {files}")


def _checked(captions: Mapping[Key, str], path: Path) -> dict[Key, str]:
    """Read the text of every caption. Raises: UserError naming wrong ones, of all kinds in one message."""
    read = read_table(path, COLUMNS, "make it with `glalign translation export`")
    rows = [(caption_key(row, path, number, COLUMNS), _text(row, path, number)) for number, row in read]
    counts = Counter(key for key, _ in rows)
    troubles = {
        "missing": [key for key in captions if key not in counts],
        "unknown": [key for key in counts if key not in captions],
        "double": [key for key, count in counts.items() if count > 1],
        "empty": [key for key, text in rows if not any(map(str.isalnum, text))],
    }
    if any(troubles.values()):
        listed = "; ".join(f"{len(keys):,} {kind} ({_named(keys)})" for kind, keys in troubles.items() if keys)
        raise UserError(f"{path}: captions that are {listed}; nothing was written: correct the file")
    same = [key for key, text in rows if text == captions[key].strip()]
    if len(same) > len(captions) / 2:  # a few may be equal in both languages
        raise UserError(
            f"{path}: {len(same):,} of {len(captions):,} captions are not translated, but the source's own "
            f"({_named(same[:1])}); nothing was written: translate the column `text`"
        )
    return dict(rows)


def _named(keys: list[Key]) -> str:
    listed = ", ".join(f"{image} caption {index}" for image, index in keys[:MAX_NAMED])
    return listed + ", ..." * (len(keys) > MAX_NAMED)


def _text(row: Mapping[str, object], path: Path, number: int) -> str:
    """Return the text of a row, by default "". Raises: UserError for a text that JSON in UTF-8 cannot hold."""
    text = row.get("text")
    if not isinstance(text, str | None):
        raise UserError(f"{path}:{number}: `text` is {type(text).__name__}, not a string; quote it")
    text = text or ""
    if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise UserError(f"{path}:{number}: `text` holds a NUL or half a character; write it again in UTF-8")
    if len(text) > LONGEST_CAPTION:
        raise UserError(f"{path}:{number}: {len(text):,} characters, more than {LONGEST_CAPTION:,}; shorten the text")
    return text.strip()


def _link(link: Path, images: Path) -> None:
    """Create a relative link, so that both folders may move together; keep one with the same target."""
    if link.exists() and link.resolve() == images.resolve():
        return
    if link.exists() or link.is_symlink():
        raise UserError(f"{link}: is there already and is not {images}; remove it, or name another folder")
    try:
        link.symlink_to(os.path.relpath(images.resolve(), link.parent.resolve()), target_is_directory=True)
    except OSError as error:
        raise UserError(
            f"{link}: cannot be linked to {images} ({error.strerror}); fill a folder on a file system with links"
        ) from error
