"""Zip archives of text files: written with the same bytes each time, and unpacked without trusting them."""

import hashlib
import re
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from glalign.storage.whole_files import make_folder, unreadable, whole_file, write_errors_of
from glalign.support.errors import UserError

EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The time of every entry: the first that the format has."""

MOST_FILES, MOST_BYTES, MOST_OF_ONE = 20_000, 4 << 30, 64 << 20
"""Bounds of an archive that is unpacked: entries, bytes of all of them together, and of one. The ranks of 6,000 queries
take 4 MiB."""

MOST_RATIO, SMALL = 100, 1 << 20
"""Bound of unpacked to packed bytes, of an entry and of all together, beyond `SMALL` bytes. Ranks have at most 15."""

LONGEST_PATH = 1_000
"""Characters of a path, at most. Linux opens paths of 4,095 bytes, macOS of 1,023."""

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How entries may be compressed: as `write_archive` does, or not."""

BLOCK = 1 << 20
"""Bytes that are unpacked at a time."""

NAME = re.compile(r"[A-Za-z0-9_+=,@. -]{1,200}")
"""A part of a name: on every system a file, and not a hidden one."""


def write_archive(path: Path, files: Mapping[str, bytes | Path]) -> None:
    """Write a zip archive of `files`: name -> content, or the file that has it. Same contents, same bytes."""
    with whole_file(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            entry.create_system = 3  # Unix, on every machine
            content = files[name]
            archive.writestr(entry, content if isinstance(content, bytes) else content.read_bytes())


def is_plain_path(name: str) -> bool:
    """Whether a name is that of a file below the folder that it is put in, on every system.

    >>> is_plain_path("results/table4.csv"), is_plain_path("../x"), is_plain_path("/x"), is_plain_path("a\\\\b")
    (True, False, False, False)
    """
    parts = PurePosixPath(name).parts
    plain = bool(parts) and all(NAME.fullmatch(part) and part == part.strip(" .") for part in parts)
    return plain and len(name) <= LONGEST_PATH and name == "/".join(parts)


def is_tree(names: Iterable[str]) -> bool:
    """Whether no name of a file is that of a folder of another one, on systems that ignore case, too.

    >>> is_tree(["a/b", "a/c"]), is_tree(["a", "A/c"])
    (True, False)
    """
    folded = [name.casefold() for name in names]
    folders = {str(parent) for name in folded for parent in PurePosixPath(name).parents}
    return len(set(folded)) == len(folded) and not folders & set(folded)


def entries(path: Path) -> dict[str, zipfile.ZipInfo]:
    """Name -> entry of an archive that may be unpacked.

    Raises: UserError for a file that is no zip archive, or an archive with a link, an encrypted entry, another
    compression than Deflate, a name that leads out of its folder or stands twice, or more than the bounds.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            found, size = archive.infolist(), path.stat().st_size
    except OSError as error:
        raise unreadable(path, error, "name an archive of `glalign bundle`") from error
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise UserError(f"{path}: no zip archive, or a damaged one; make it again with `glalign bundle`") from error
    if len(found) > MOST_FILES or sum(entry.file_size for entry in found) > MOST_BYTES:
        raise UserError(f"{path}: more than {MOST_FILES} files or {MOST_BYTES >> 30} GiB unpacked; not a bundle")
    for entry in found:
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if not is_plain_path(entry.filename):
            raise UserError(f"{path}: {entry.filename!r:.80}: no name of a file below a folder; not unpacked")
        if kind not in (0, stat.S_IFREG) or entry.flag_bits & 1:
            raise UserError(f"{path}: {entry.filename}: a link, a device or encrypted; not unpacked")
        if entry.compress_type not in METHODS:
            raise UserError(f"{path}: {entry.filename}: neither stored nor compressed by Deflate; not unpacked")
        if entry.file_size > MOST_OF_ONE or _swells(entry.file_size, entry.compress_size):
            raise UserError(
                f"{path}: {entry.filename}: more than {MOST_OF_ONE >> 20} MiB, or {MOST_RATIO} times its packed size; "
                "not unpacked"
            )
    if _swells(sum(entry.file_size for entry in found), size):  # entries that share their bytes
        raise UserError(f"{path}: more than {MOST_RATIO} times its size; not unpacked")
    if not is_tree(entry.filename for entry in found):
        raise UserError(f"{path}: a name stands twice, or is that of a file and of a folder; not unpacked")
    return {entry.filename: entry for entry in found}


def _swells(unpacked: int, packed: int) -> bool:
    """Whether so many bytes are made of too few."""
    return unpacked > max(SMALL, MOST_RATIO * packed)


def unpack(path: Path, names: Iterable[str], folder: Path) -> dict[str, str]:
    """Unpack entries of an archive into `folder`, a block at a time; returns name -> SHA-256.

    Raises: UserError as `entries` and `read_entries` do, or for a file that cannot be written.
    """
    digests = {}
    for name, blocks in _contents(path, names):
        target, digest = folder / name, hashlib.sha256()
        make_folder(target.parent, target)
        with write_errors_of(target), target.open("xb") as file:
            for block in blocks:
                digest.update(block)
                file.write(block)
        digests[name] = digest.hexdigest()
    return digests


def read_entries(path: Path, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Names and contents of entries, one at a time. Raises: UserError as `entries` does, or if one is damaged."""
    for name, blocks in _contents(path, names):
        yield name, b"".join(blocks)


def _contents(path: Path, names: Iterable[str]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Names of entries, and their contents in blocks."""
    found = entries(path)
    with zipfile.ZipFile(path) as archive:
        for name in names:
            yield name, _blocks(archive, found[name], f"{path}: {name}")


def _blocks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, place: str) -> Iterator[bytes]:
    """The content of an entry in blocks, none of it beyond the size that the archive's list says."""
    left = entry.file_size
    try:
        with archive.open(entry) as file:
            while block := file.read(BLOCK):
                left -= len(block)
                yield block
    except (OSError, zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, EOFError) as error:
        raise UserError(f"{place}: damaged; get the archive again") from error
    if left:
        raise UserError(f"{place}: not of the size that the archive says; get the archive again")
