"""The exception for errors of the user, and helpers for its message."""

import contextlib
import difflib
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
Result = TypeVar("Result")


LONGEST = 2_000
"""Characters of a message, at most: a terminal of 25 lines of 80."""


class UserError(Exception):
    """Bad input. The message names the file, key or cell and the remedy; the command line prints it and exits 1.

    The message is one line of `printable` characters, whatever it quotes from a file, and of at most `LONGEST`: of a
    longer one the beginning is kept, which names the place, and the end, which has the remedy.
    """

    def __init__(self, message: object = "") -> None:
        text = printable(str(message))
        if len(text) > LONGEST:
            text = f"{text[: LONGEST // 2]} ... {text[5 - LONGEST // 2 :]}"
        super().__init__(text)


def printable(text: str) -> str:
    r"""Return a text with line ends, control characters and halves of characters escaped, so that any terminal and any
    file can show it.

    >>> printable("a\nb\u2028\ud800")
    'a\\nb\\u2028\\ud800'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def exit_on_user_error(function: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
    """Call a function; a UserError ends the program with one line and exit status 1 instead of a traceback."""
    try:
        return function(*args, **kwargs)
    except UserError as error:
        sys.exit(f"error: {error}")


@contextlib.contextmanager
def within(place: str) -> Iterator[None]:
    """Prefix the message of a UserError raised in the block with `place`."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{place}: {error}") from error


MANY = 20
"""Names that a message lists at most."""


def suggestion(name: object, known: Iterable[object]) -> str:
    """Suggest the nearest of the known names, or list all of them, or of very many the three nearest."""
    names = [str(k) for k in known]
    if near := difflib.get_close_matches(str(name), names, n=1):
        return f"did you mean '{near[0]}'?"
    return f"nearest of {len(names)}: {nearest(name, names)}" if len(names) > MANY else f"known: {listed(names)}"


def nearest(name: object, known: Iterable[object]) -> str:
    """The three known names that are nearest, the nearest first."""
    return listed(difflib.get_close_matches(str(name), [str(k) for k in known], n=3, cutoff=0.0))


def listed(names: Iterable[object]) -> str:
    """The names with commas between, or "none"."""
    return ", ".join(map(str, names)) or "none"
