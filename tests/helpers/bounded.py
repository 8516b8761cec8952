"""Call a function within bounds of time, memory and places that it may write to."""

import contextlib
import os
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SECONDS = 10
"""CPU time of a call, a hundred times that of the slowest valid file."""
MEMORY = 2 << 30
"""Address space in bytes beyond what the process has: an image of the most pixels takes a half."""

STARTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "socket.connect")
CHANGES = ("os.mkdir", "os.remove", "os.rmdir", "os.rename", "os.symlink", "os.link", "os.truncate", "os.chmod")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

_watched: list[tuple[str, list[str]]] = []  # an audit hook cannot be taken away again


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if not _watched:
        return
    allowed, seen = _watched[-1]
    if event in STARTS:
        seen.append(f"{event} {args[0]!r}")
    elif event in CHANGES or (event == "open" and isinstance(args[2], int) and args[2] & WRITING):
        for path in args[:2] if event in ("os.rename", "os.link") else args[event == "os.symlink" :][:1]:
            if isinstance(path, str | bytes | os.PathLike):
                place = os.path.realpath(os.fsdecode(path))
                if not f"{place}/".startswith(f"{allowed}/") and place != os.devnull:
                    seen.append(f"{event} {place!r}")


sys.addaudithook(_audit)


class TooSlowError(BaseException):
    """No Exception: what catches every error of a damaged file lets this one pass."""


def _stop(*_: object) -> None:
    raise TooSlowError(f"more than {SECONDS} s")


@contextlib.contextmanager
def bounded(folder: Path) -> Iterator[None]:
    """Raise an AssertionError if the block takes too long, starts a program or writes outside `folder`.

    An allocation beyond the bound is a MemoryError.
    """
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limits = resource.getrlimit(resource.RLIMIT_AS)
    seen: list[str] = []
    before = signal.signal(signal.SIGPROF, _stop)
    _watched.append((str(folder.resolve()), seen))
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, limits[1]))
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    except TooSlowError as error:
        raise AssertionError(str(error)) from None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, limits)
        _watched.pop()
        signal.signal(signal.SIGPROF, before)
    assert not seen, seen
