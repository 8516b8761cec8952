"""Atomic writes (temporary file, flush to disk, rename), and reading of text."""

import contextlib
import errno
import hashlib
import json
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

from glalign.support.errors import UserError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)
IN_THE_WAY = (errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENOTEMPTY, errno.ENAMETOOLONG)
WRITE_ERRORS = FULL + CLOSED + IN_THE_WAY
"""Errors of writing that the user can repair."""


@contextlib.contextmanager
def whole_file(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` on success, remove it on failure.

    Raises: UserError naming `path` if the disk is full, the folder not writable, or something else in the way.
    """
    path = Path(path)
    if not path.name:  # `.` and `/`
        raise UserError(f"{path}: a folder; name a file to write to")
    temporary = path.with_name(f".{path.name}.part")  # a fixed name: the file of a killed process is overwritten
    _make_folder(path.parent, path)
    with _write_errors_of(path):
        if path.exists() and not path.is_file() and not path.is_dir():
            raise UserError(f"{path}: not a file, but a device or a pipe; name another place to write to")
        try:
            yield temporary
            with temporary.open("rb+") as handle:
                os.fsync(handle.fileno())
            temporary.replace(path)
        finally:
            with contextlib.suppress(OSError):  # a path through a file
                temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_directory(path: Path | str) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; it replaces `path` on success and is removed on failure.

    Those of killed processes are removed first. Its files are not flushed to disk: flushing thousands of small files
    would take longer than creating them.
    """
    path = Path(path)
    _make_folder(path.parent, path)
    with _write_errors_of(path):
        _remove_leftovers(path)
        temporary = path.with_name(f"{_prefix(path)}{os.getpid()}.part")
        temporary.mkdir()
        try:
            yield temporary
            shutil.rmtree(path, ignore_errors=True)
            temporary.replace(path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _prefix(path: Path) -> str:
    """Start of the name of a temporary folder of `path`; a process number and ".part" follow."""
    return f".{path.name}.{socket.gethostname()}-"


def _remove_leftovers(path: Path) -> None:
    """Remove temporary folders of `path` left by ended processes of this machine; those of other machines stay."""
    prefix, suffix = _prefix(path), ".part"
    for folder in path.parent.iterdir():
        name = folder.name
        pid = name[len(prefix) : -len(suffix)] if name.startswith(prefix) and name.endswith(suffix) else ""
        if pid.isdecimal() and (int(pid) == os.getpid() or not _runs(int(pid))):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(pid: int) -> bool:
    """Whether a process with this number runs on this machine."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # another user's
        pass
    return True


@contextlib.contextmanager
def resumable_directory(path: Path | str) -> Iterator[Path]:
    """Yield the folder `path`.part, with the files of a failed or killed run; it replaces `path` on success."""
    path = Path(path)
    part = path.with_name(f"{path.name}.part")
    _make_folder(part, path)
    with _write_errors_of(path):
        yield part
        shutil.rmtree(path, ignore_errors=True)
        part.replace(path)


def _make_folder(folder: Path, path: Path) -> None:
    """Create the folder of `path`. Raises: UserError if it cannot be created."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error


@contextlib.contextmanager
def _write_errors_of(path: Path) -> Iterator[None]:
    """Convert the errors that the user can repair to a UserError; other errors of the block pass unchanged."""
    try:
        yield
    except OSError as error:
        if error.errno in WRITE_ERRORS:
            raise _unwritable(path, error) from error
        raise


def _unwritable(path: Path, error: OSError) -> UserError:
    where = "" if error.errno in FULL + CLOSED else f": {error.filename}"
    return UserError(
        f"{path}: cannot be written ({error.strerror}{where}); free the disk, or name another place to write to"
    )


def write_text(path: Path | str, text: str) -> None:
    """Write `text` atomically as UTF-8 with LF line ends."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path | str, value: object) -> None:
    """Write `value` atomically as indented JSON with sorted keys."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


def read_text(path: Path | str, missing: str = "") -> str:
    """Read a UTF-8 file without its byte order mark. missing: remedy for a missing file.

    Raises: UserError naming a file that is missing, unreadable or not UTF-8.
    """
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise unreadable(path, error, missing) from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from error


def lines_of(text: str) -> list[str]:
    r"""Split a text into its lines, which end at a line feed alone; `str.splitlines` also splits at U+2028 and others.

    >>> lines_of("a\u2028b\nc\n")
    ['a\u2028b', 'c']
    """
    return text.removesuffix("\n").split("\n") if text else []


def unreadable(path: Path | str, error: OSError, missing: str = "") -> UserError:
    """Return the error for a file that cannot be opened or read. missing: remedy for a missing file."""
    if isinstance(error, FileNotFoundError):
        return UserError(f"{path}: no such file{missing and f'; {missing}'}")
    return UserError(f"{path}: cannot be read ({error.strerror}); make it a readable file")


def sha256(path: Path | str) -> str:
    """Return the hexadecimal SHA-256 of a file."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
