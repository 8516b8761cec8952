"""The one exception that a user is meant to read, and how its message helps with a name."""

import contextlib
import difflib
from collections.abc import Iterable, Iterator


class UserError(Exception):
    """Bad input: the message names the file, key or cell and the remedy; the command line prints it and exits 1."""


@contextlib.contextmanager
def within(place: str) -> Iterator[None]:
    """Put `place` before the message of a UserError that leaves the block."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{place}: {error}") from error


def suggestion(name: object, known: Iterable[object]) -> str:
    """The nearest of the known names, or all of them."""
    names = [str(k) for k in known]
    near = difflib.get_close_matches(str(name), names, n=1)
    return f"did you mean '{near[0]}'?" if near else f"known: {', '.join(names) or 'none'}"
