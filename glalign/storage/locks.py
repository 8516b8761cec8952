"""Locks on folders that end with the process that holds them, so that a killed run blocks no later one.

Snakemake locks its working directory with plain files. They survive `kill -9` and a power cut, and Snakemake then
refuses to start. The operating system's lock on a file ends with its process and so distinguishes a killed run from a
running one, on one machine. It may not between machines that share a file system (some file systems have no such locks,
or only within one machine): Snakemake's locks of another machine are removed by hand only.
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

_open_locks: list[TextIO] = []  # open until this process ends


def clear_stale_lock(folder: Path) -> bool:
    """Hold a shared lock in Snakemake's `folder` until this process ends; delete Snakemake's stale locks.

    Returns: False if another process holds the lock, or if another machine was the last to hold it and Snakemake's own
    locks remain; else True. Raises: UserError where nothing can be written, as in a read-only checkout.
    """
    try:
        folder.mkdir(exist_ok=True)
        handle = (folder / "alive").open("a+", encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"{folder.absolute()}: cannot be written ({error.strerror}), and Snakemake keeps its records there; run it "
            "in a folder that can be: `snakemake --snakefile CHECKOUT/Snakefile --directory FOLDER`"
        ) from error
    _open_locks.append(handle)
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
    with contextlib.suppress(OSError):  # a file system without locks: only Snakemake's own protect
        fcntl.flock(handle, fcntl.LOCK_SH)
    return alone


@contextlib.contextmanager
def exclusive_lock(folder: Path) -> Iterator[None]:
    """Lock `folder` for this process, so that no second job joins one that outlived its killed Snakemake.

    On a file system without locks nothing is locked. Raises: UserError naming the folder and the process that holds it.
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
    """Create the lock file `path` and return it locked."""
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
        # Its former holder may have removed the file before it was locked here; a third process would create another.
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle.fileno()), path.stat()):
                return handle
        handle.close()
