"""Atomic writes (temporary file, flush to disk, rename), and reading of text."""

import contextlib
import errno
import hashlib
import itertools
import json
import os
import re
import shutil
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

from glalign.support.errors import UserError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)
IN_THE_WAY = (errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENOTEMPTY, errno.ENAMETOOLONG, errno.ELOOP)
WRITE_ERRORS = FULL + CLOSED + IN_THE_WAY
"""Errors of writing that the user can repair."""

PART = ".part"
"""End of the name of what is not whole yet."""

LONG = 100
"""Bytes of a name from which temporary names have its digest. The name of a host has up to 64 bytes."""

NUMBERS = itertools.count()
"""Of the writers of this process, in threads or one within the other."""

OPEN: set[str] = set()
"""Names of the temporary files and folders of the writers of this process."""


@contextlib.contextmanager
def whole_file(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` on success, remove it on failure.

    A symbolic link stays, and what it leads to is replaced. The new file has the permissions of the one that it
    replaces. Temporary files of killed processes of this machine are removed first. Of two writers at the same time,
    each has its own, and the file of the last to end stays. Raises: UserError naming `path` if it has no name, the disk
    is full, the folder is not writable, something else is in the way, or the temporary file was removed.
    """
    with write_errors_of(Path(path)):
        path = _target(Path(path))
        if path.exists() and not path.is_file() and not path.is_dir():
            raise UserError(f"{path}: not a file, but a device or a pipe; name another place to write to")
        with _temporary(path) as temporary:
            yield temporary
            try:
                with temporary.open("rb+") as handle:
                    os.fsync(handle.fileno())
                _replace(path, temporary)
            except FileNotFoundError as error:
                what = f"its unfinished file {temporary.name} was removed while it was written"
                raise UserError(f"{path}: {what}; let no other program work in this folder, and run again") from error


@contextlib.contextmanager
def whole_directory(path: Path | str) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; it replaces `path` on success and is removed on failure.

    Links, permissions and leftovers are as in `whole_file`. Its files are not flushed to disk: flushing thousands of
    small files would take longer than creating them.
    """
    with write_errors_of(Path(path)):
        path = _target(Path(path))
        with _temporary(path) as temporary:
            temporary.mkdir()
            yield temporary
            _replace(path, temporary)


@contextlib.contextmanager
def resumable_directory(path: Path | str) -> Iterator[Path]:
    """Yield the folder `path`.part, with the files of a failed or killed run; it replaces `path` on success.

    A symbolic link stays, and the folder that it leads to is replaced.
    """
    with write_errors_of(Path(path)):
        path = _target(Path(path))
        part = path.with_name(f"{path.name}{PART}")
        part.mkdir(exist_ok=True)
        yield part
        _replace(path, part)


def _target(path: Path) -> Path:
    """Resolve the symbolic links of `path` and create the folder of the result.

    Raises: UserError for a path that ends without a name.
    """
    if path.name in ("", ".."):  # `.` and `/` have no name
        raise UserError(f"{path}: does not end with a name; add the name of the file or folder to write")
    make_folder(path.parent, path)
    if path.is_symlink():
        real = Path(os.path.realpath(path))
        if real.is_symlink():
            raise UserError(f"{path}: a symbolic link that leads to itself; remove it")
        make_folder(real.parent, path)
        return real
    return path


def _replace(path: Path, whole: Path) -> None:
    """Rename `whole` to `path`, with the permissions of what was there."""
    with contextlib.suppress(FileNotFoundError):
        if (mode := stat.S_IMODE(path.stat().st_mode)) != stat.S_IMODE(whole.stat().st_mode):
            whole.chmod(mode)
    if whole.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    whole.replace(path)


@contextlib.contextmanager
def _temporary(path: Path) -> Iterator[Path]:
    """Yield the path of a temporary file or folder beside `path` and remove it in the end, and leftovers before."""
    _remove_leftovers(path)
    temporary = path.with_name(f"{_prefix(path)}{os.getpid()}-{next(NUMBERS)}{PART}")
    OPEN.add(temporary.name)
    try:
        yield temporary
    finally:
        OPEN.discard(temporary.name)
        _remove(temporary)


def _prefix(path: Path) -> str:
    """Start of the name of a temporary file or folder of `path`: its name, or the digest of a long one, and the host.

    Numbers of the process and of the writer and ".part" follow. File systems allow 255 bytes for all.
    """
    name, host = path.name, socket.gethostname()
    if len(os.fsencode(name)) > LONG:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()[:32]
    return f".{name}.{host}-"


def _remove_leftovers(path: Path) -> None:
    """Remove temporary files and folders of `path` left by ended processes of this machine; those of others stay."""
    writer = re.compile(rf"{re.escape(_prefix(path))}([0-9]+)-[0-9]+{re.escape(PART)}")
    for left in path.parent.iterdir():
        found = writer.fullmatch(left.name)
        if found and left.name not in OPEN and (int(found[1]) == os.getpid() or not _runs(int(found[1]))):
            _remove(left)


def _remove(path: Path) -> None:
    """Remove a file or folder that may not be there, or not be ours to remove."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def _runs(pid: int) -> bool:
    """Whether a process with this number runs on this machine."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # another user's
        pass
    return True


def make_folder(folder: Path, path: Path) -> None:
    """Create the folder of `path`. Raises: UserError if it cannot be created."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error


@contextlib.contextmanager
def write_errors_of(path: Path) -> Iterator[None]:
    """Convert the errors that the user can repair to a UserError; other errors of the block pass unchanged."""
    try:
        yield
    except OSError as error:
        if error.errno in WRITE_ERRORS:
            raise _unwritable(path, error) from error
        raise


def _unwritable(path: Path, error: OSError) -> UserError:
    where = "" if error.errno in FULL + CLOSED else f": {error.filename}"
    remedy = f"{'free the disk, or ' if error.errno in FULL else ''}name another place to write to"
    return UserError(f"{path}: cannot be written ({error.strerror}{where}); {remedy}")


def write_text(path: Path | str, text: str) -> None:
    """Write `text` atomically as UTF-8 with LF line ends."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path | str, value: object) -> None:
    """Write `value` atomically as indented JSON with sorted keys. Raises: ValueError for NaN, which no reader takes."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False) + "\n")


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
