"""Parts one after the other within a budget of time; one that fails or does not fit stops no other."""

import contextlib
import gc
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from types import FrameType

import torch

from glalign.gpu_check.lines import Line, Part, Setting
from glalign.support.errors import UserError

AGAIN = 1.0
"""Seconds after which a part that is past the end of the budget is interrupted again: Python drops an exception that
reaches it inside a finalizer."""


class OutOfTimeError(BaseException):
    """The budget is used up; no `except Exception` of a part catches it."""


def run_parts(
    parts: Iterable[Part], setting: Setting, seconds: float, clock: Callable[[], float] = time.monotonic
) -> Iterator[Line]:
    """Yield the lines of every part, the first ones first; what does not start or end within `seconds` is left out.

    A running part is interrupted between two operations, in the main thread of a POSIX system only.
    """
    end = clock() + seconds
    for part in parts:
        if (left := end - clock()) <= 0:
            yield part.line("left out", "the time is used up")
            continue
        yield from _lines(part, setting, left)
        gc.collect()  # wrapped layers refer to themselves
        if setting.cuda:
            with contextlib.suppress(RuntimeError):  # after an error that CUDA does not recover from
                torch.cuda.empty_cache()


def _lines(part: Part, setting: Setting, left: float) -> Iterator[Line]:
    """The lines of a part, and one about how it ended if it did not end well."""
    lines = part.check(setting)
    while True:
        started = time.monotonic()
        try:
            with interrupted(left):
                line = next(lines)
        except StopIteration:
            return
        except OutOfTimeError:
            yield part.line("left out", "cut off when the time was used up")
            return
        except torch.OutOfMemoryError as error:
            yield part.line("does not fit", first_line(error).partition(". ")[0])
            return
        except Exception as error:
            yield part.line("left out" if lacks_library(error) else "failed", first_line(error))
            return
        left = max(0.01, left - (time.monotonic() - started))
        yield line


@contextlib.contextmanager
def interrupted(seconds: float) -> Iterator[None]:
    """Raise OutOfTimeError in the block after some seconds, where signals allow it."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, _out_of_time)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _out_of_time(number: int, frame: FrameType | None) -> None:
    raise OutOfTimeError


def lacks_library(error: BaseException | None) -> bool:
    """Whether a UserError says that an optional library is not installed."""
    causes, user = [], isinstance(error, UserError)
    while error is not None:
        causes.append(error)
        error = error.__cause__
    return user and any(isinstance(cause, ImportError) for cause in causes)


def first_line(error: Exception) -> str:
    """The first line of an error's message, with its kind unless it is a UserError."""
    message = (str(error).strip().splitlines() or [""])[0]
    return message if isinstance(error, UserError) else f"{type(error).__name__}: {message}"
