"""JSON files and files of JSON lines: one strict reader for all of them.

Lines end at a line feed alone: a text may hold the other characters that Python's `splitlines` takes for line ends.
"""

import codecs
import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from glalign.storage.whole_files import read_text, unreadable
from glalign.support.errors import UserError

Result = TypeVar("Result")


def parse_json(text: str | bytes, place: Path | str, remedy: str) -> Any:
    """Parse JSON in UTF-8. Raises: UserError naming `place` and the position, also for a duplicate key."""
    try:
        return decode(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise UserError(f"{place}: not valid JSON at {where} ({error.msg}); {remedy}") from error
    except (RecursionError, ValueError) as error:
        raise UserError(f"{place}: JSON that cannot be read ({error}); {remedy}") from error


def read_json(path: Path | str, missing: str = "", remedy: str = "fetch the file again") -> Any:
    """Parse a JSON file. missing: remedy for a missing file. Raises: UserError as `read_text` and `parse_json` do."""
    return parse_json(read_text(path, missing), path, remedy)


def read_json_lines(
    path: Path | str, convert: Callable[[Any], Result], kind: str, remedy: str, missing: str = ""
) -> Iterator[Result]:
    """Yield what `convert` makes of the JSON value of each line. Raises: UserError as `read_lines` does."""
    return read_lines(path, lambda line: convert(decode(line)), kind, remedy, missing)


def read_lines(
    path: Path | str, convert: Callable[[bytes], Result], kind: str, remedy: str, missing: str = ""
) -> Iterator[Result]:
    """Yield what `convert` makes of each line.

    kind: what a line should be, for the message. remedy, missing: for a wrong line, and for a missing file. Raises:
    UserError naming a line of which `convert` raises a LookupError, TypeError, ValueError or RecursionError.
    """
    for number, line in numbered_lines(path, missing):
        try:
            result = convert(line)
        except (LookupError, RecursionError, TypeError, ValueError) as error:
            why = f"no key {error}" if isinstance(error, KeyError) else error
            raise UserError(f"{path}:{number}: not {kind} ({why}); {remedy}") from error
        yield result


def numbered_lines(path: Path | str, missing: str = "") -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file with their numbers from 1. Raises: UserError for one that is missing or unreadable."""
    try:
        with Path(path).open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                yield number, line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
    except OSError as error:
        raise unreadable(path, error, missing) from error


def decode(text: str | bytes) -> Any:
    """Parse JSON in UTF-8.

    Raises: ValueError for invalid JSON, a duplicate key, NaN or an infinite number; RecursionError for JSON that is
    nested too deeply.
    """
    whole = text if isinstance(text, str) else text.decode("utf-8")
    try:
        return DECODER.decode(whole)
    except _NotFiniteError as error:
        texts_and_it = re.finditer(rf'"(?:[^"\\]|\\.)*"|({re.escape(str(error))})', whole)
        place = next(found.start() for found in texts_and_it if found[1])
        raise json.JSONDecodeError(f"{error} is not finite", whole, place) from error


def _with_unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a duplicate key, of which the standard library would keep the last value."""
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"duplicate key {twice!r}")
    return found


class _NotFiniteError(ValueError):
    """A number, in its own words, that is NaN or infinite."""


def _finite(text: str) -> float:
    """Refuse NaN and infinities, which JSON does not have (RFC 8259) and the standard library reads, and 1e999."""
    value = float(text)
    if not math.isfinite(value):
        raise _NotFiniteError(text)
    return value


DECODER = json.JSONDecoder(object_pairs_hook=_with_unique_keys, parse_float=_finite, parse_constant=_finite)
