"""Locks that end with the process that holds them: a killed run blocks nobody, a living one is not disturbed.

Snakemake locks its working directory with plain files, which survive `kill -9` and a power cut, and then refuses to
start. The operating system's lock on a file ends with the process that holds it, so it tells the two cases apart, on
one machine. Between machines that share a file system it may not (not every file system has such locks, some only
within a machine): what another machine left is only cleared by hand.
"""

import contextlib
import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from glalign.support.errors import UserError

_held: list[TextIO] = []  # open until this process ends


def clear_stale_lock(folder: Path) -> bool:
    """Hold a shared lock in Snakemake's `folder` while this process lives; drop Snakemake's own if nobody else does.

    Returns: whether this process is alone. It is not where another machine was the last to hold the lock and
    Snakemake's is still there.
    """
    folder.mkdir(exist_ok=True)
    handle = (folder / "alive").open("a+", encoding="utf-8")
    _held.append(handle)
    handle.seek(0)
    left, host = list((folder / "locks").glob("*")), socket.gethostname()
    alone = not left or handle.read() in ("", host)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        alone = False
    if alone:
        for lock in left:
            lock.unlink(missing_ok=True)
        handle.truncate(0)
        handle.write(host)
        handle.flush()
    with contextlib.suppress(OSError):  # a file system without locks: Snakemake's own is all there is
        fcntl.flock(handle, fcntl.LOCK_SH)
    return alone


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold `folder` for this process; a job that outlived its killed Snakemake is not joined by a second one.

    Raises: UserError naming the folder and who holds it while another process does. A file system without locks leaves
    the care to Snakemake.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ".lock"
    with _locked(path) as handle:
        try:
            handle.truncate(0)
            handle.write(f"process {os.getpid()} on {socket.gethostname()}")
            handle.flush()
            yield
        finally:
            path.unlink(missing_ok=True)


def _locked(path: Path) -> TextIO:
    """The lock file at `path`, held."""
    while True:
        handle = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            handle.seek(0)
            with handle:
                raise UserError(
                    f"{path.parent}: another process is at work here ({handle.read()}); wait for it, or end it there "
                    "with `kill`; what is started then goes on from its last checkpoint"
                ) from error
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
                raise
        # Whoever held it may have removed the file between our opening and locking it: a third would make another.
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle.fileno()), path.stat()):
                return handle
        handle.close()
