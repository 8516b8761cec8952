"""Files appear whole or not at all: write beside, flush to disk, rename."""

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from glalign.support.errors import UserError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)
IN_THE_WAY = (errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENOTEMPTY, errno.ENAMETOOLONG)
MENDABLE = FULL + CLOSED + IN_THE_WAY
"""What keeps a file from being written and is the user's to mend."""


@contextlib.contextmanager
def whole_file(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it over `path` on success, remove it on any failure.

    Raises: UserError naming `path` when the disk is full, the folder cannot be written or something is in the way.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.part")  # of a fixed name: what a killed process left is overwritten
    _make_folder(path.parent, path)
    try:
        yield temporary
        with temporary.open("rb+") as handle:
            os.fsync(handle.fileno())
        temporary.replace(path)
    except OSError as error:
        raise _explained(path, error) from error
    finally:
        with contextlib.suppress(OSError):  # of a path through a file there is nothing to remove
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_directory(path: Path | str) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; it replaces `path` on success and is removed on any failure.

    Its files are not flushed one by one: thousands of small ones would take longer than making them.
    """
    path = Path(path)
    _make_folder(path.parent, path)
    try:
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    except OSError as error:
        raise _explained(path, error) from error
    try:
        yield temporary
        temporary.chmod(0o755)
        shutil.rmtree(path, ignore_errors=True)
        temporary.replace(path)
    except OSError as error:
        raise _explained(path, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def resumable_directory(path: Path | str) -> Iterator[Path]:
    """Yield the folder `path`.part, with what a failed or killed run left in it; it replaces `path` on success."""
    path = Path(path)
    part = path.with_name(f"{path.name}.part")
    _make_folder(part, path)
    try:
        yield part
        shutil.rmtree(path, ignore_errors=True)
        part.replace(path)
    except OSError as error:
        raise _explained(path, error) from error


def _make_folder(folder: Path, path: Path) -> None:
    """The folder that `path` is written in; whatever keeps it from being made is the user's to mend."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error


def _explained(path: Path, error: OSError) -> Exception:
    """A UserError for what the user can mend; any other error of the block that writes stays what it is."""
    return _unwritable(path, error) if error.errno in MENDABLE else error


def _unwritable(path: Path, error: OSError) -> UserError:
    where = "" if error.errno in FULL + CLOSED else f": {error.filename}"
    return UserError(
        f"{path}: cannot be written ({error.strerror}{where}); free the disk, or name another place to write to"
    )


def write_text(path: Path | str, text: str) -> None:
    """Write `text` as UTF-8 with LF line ends, whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path | str, value: object) -> None:
    """Write `value` as indented JSON with sorted keys, whole or not at all."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


def read_text(path: Path | str, missing: str = "") -> str:
    """The text of a UTF-8 file, without its byte order mark. missing: what to do where there is no such file.

    Raises: UserError naming a file that is missing, cannot be read or is not UTF-8.
    """
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file{missing and f'; {missing}'}") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); a readable file is wanted there") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from error


def read_json(path: Path | str) -> object:
    """Parse a JSON file, with a byte order mark or without.

    Raises: UserError naming a file that is missing, cannot be read or is no JSON, and the place in it.
    """
    text = read_text(path)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(
            f"{path}: not valid JSON at line {error.lineno} column {error.colno} ({error.msg}); fetch the file again"
        ) from error
    except (RecursionError, ValueError) as error:  # nested too deeply, a number of too many digits
        raise UserError(f"{path}: JSON that cannot be read ({error}); fetch the file again") from error


def sha256(path: Path | str) -> str:
    """Hex digest of a file's content."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
