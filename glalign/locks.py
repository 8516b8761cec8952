"""Locks that end with the process that holds them: a killed run blocks nobody, a living one is not disturbed.

Snakemake locks its working directory with plain files, which survive `kill -9` and a power cut, and then refuses to
start. The operating system's lock on a file ends with the process that holds it, so it tells the two cases apart.
"""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from glalign.errors import UserError

_held: list[TextIO] = []  # open until this process ends


def clear_stale_lock(folder: Path) -> bool:
    """Hold a shared lock in Snakemake's `folder` while this process lives; drop Snakemake's own if nobody else does.

    Returns: whether this process is alone.
    """
    folder.mkdir(exist_ok=True)
    handle = (folder / "alive").open("a")
    _held.append(handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        alone = False
    else:
        alone = True
        for lock in (folder / "locks").glob("*"):
            lock.unlink(missing_ok=True)
    fcntl.flock(handle, fcntl.LOCK_SH)
    return alone


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold `folder` for this process; a job that outlived its killed Snakemake is not joined by a second one.

    Raises: UserError naming the folder while another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ".lock"
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UserError(f"{folder}: another process is at work here; wait for it or stop it") from error
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
