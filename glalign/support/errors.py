"""The exception for errors of the user, and helpers for its message."""

import contextlib
import difflib
from collections.abc import Iterable, Iterator


class UserError(Exception):
    """Bad input. The message names the file, key or cell and the remedy; the command line prints it and exits 1."""


@contextlib.contextmanager
def within(place: str) -> Iterator[None]:
    """Prefix the message of a UserError raised in the block with `place`."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{place}: {error}") from error


def suggestion(name: object, known: Iterable[object]) -> str:
    """Suggest the nearest of the known names, or list all of them."""
    names = [str(k) for k in known]
    near = difflib.get_close_matches(str(name), names, n=1)
    return f"did you mean '{near[0]}'?" if near else f"known: {', '.join(names) or 'none'}"
