"""Validation of a section, with one-line messages that name the key and the remedy."""

import difflib
import functools
import operator
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from glalign.config.base import Section
from glalign.config.schema import choices_of, followed, json_schema, node_at, types_of
from glalign.support.errors import UserError, suggestion

S = TypeVar("S", bound=Section)

SENTENCES = {
    "id": "the id {value!r} may only have letters, digits and _ . + -",
    "key": "{value!r} is not one of {expected}",
    "string_too_short": "{value!r} should be non-empty",
    "string_pattern_mismatch": "{value!r} does not match {pattern}",
    "pair": "{value!r} should have two entries",
    "too_long": "{value!r} should have two entries",
    "greater_than_equal": "{value!r} is less than the minimum of {ge:g}",
    "less_than_equal": "{value!r} is greater than the maximum of {le:g}",
    "greater_than": "{value!r} must be greater than {gt:g}",
    "less_than": "{value!r} must be less than {lt:g}",
}
"""Type of an error, most of them pydantic's -> what is wrong, with the values of its context."""


def validated(kind: type[S], values: Mapping[str, Any], place: str = "configuration: ") -> S:
    """A section made of plain data. `place` stands before the key in the message.

    Raises: UserError naming the first wrong key, in the order of their paths.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as failed:
        raise UserError(f"{place}{_sentence(kind, min(failed.errors(), key=_path), values)}") from None


def _at(values: Any, path: Iterable[str | int]) -> Any:
    """The value at a path."""
    return functools.reduce(operator.getitem, path, values)


def _path(error: ErrorDetails) -> list[str]:
    """Path of an error; of keys that are missing or unknown, that of the section."""
    path = [str(part) for part in error["loc"]]
    return path[:-1] if error["type"] in ("missing", "extra_forbidden") else path


def _sentence(kind: type[Section], error: ErrorDetails, values: Mapping[str, Any]) -> str:
    """One error of pydantic with the path of its key and what the key is for."""
    schema, context, value = json_schema(kind), error.get("ctx", {}), error["input"]
    path, what = [*error["loc"]], error["type"]
    if "below" in context:  # raised by a check of a section, about a key in it
        path.append(context["below"])
    if path and path[-1] == "[key]":
        path, what = path[:-2], "id" if what != "literal_error" else "key"
    if what == "missing" and isinstance(path[-1], int):  # the second of a pair
        path, what = path[:-1], "pair"
        value = _at(values, path)
    node = node_at(schema, path)
    about = f" ({node['description']})" if "description" in node else ""
    match what:
        case _ if what in SENTENCES:
            text = SENTENCES[what].format(value=value, **context) + about
        case "extra_forbidden" | "invalid_key":
            known = followed(schema, node_at(schema, path[:-1])).get("properties", {})
            deeper = [name for name in known if path[-1] in followed(schema, known[name]).get("properties", {})]
            text = f"unknown key; {_below(path, deeper[0]) if deeper else suggestion(path[-1], known)}"
        case "missing":
            text = f"missing; add it{about}{_misspelt(path[:-1], values)}"
        case "literal_error":
            text = f"{value!r} is not one of {', '.join(map(_written, choices_of(schema, node)))}{about}"
        case _ if what.endswith("_type"):
            text = f"{value!r} is not of type {' or '.join(types_of(schema, node))}{about}{_hint(value, node)}"
        case _:
            text = error["msg"]
    return f"{'.'.join(map(str, path))}: {text}"


def _below(path: list[str | int], section: str) -> str:
    """For the key at `path`, which belongs into a section beside it; at the top with Snakemake's form for it."""
    *above, key = path
    meant = f"did you mean {'.'.join(map(str, (*above, section, key)))}?"
    return meant if above else f"{meant} On the command line: --config {section}='{{{key}: ...}}'"


def _written(value: Any) -> str:
    """A value as YAML has it."""
    return {True: "true", False: "false", None: "null"}.get(value, str(value))


def _hint(value: Any, node: Mapping[str, Any]) -> str:
    """For a number that YAML takes for text, such as '2' or 1e3, or for no whole one, such as 1.0e3."""
    try:
        number = float(value if isinstance(value, str | float) else "")
    except ValueError:
        return ""
    if "number" in str(node):
        return "; write it without quotes and with a point, such as 1.0e-3"
    quotes = " without quotes" if isinstance(value, str) else ""
    return f"; write {int(number)}{quotes}" if number.is_integer() else ""


def _misspelt(path: list[str | int], values: Mapping[str, Any]) -> str:
    """What an incomplete entry may have been meant for: an overlay with a misspelt id makes a new, empty one."""
    if not path:
        return ""
    *above, name = path
    siblings = _at(values, above)
    near = difflib.get_close_matches(str(name), [str(other) for other in siblings if other != name], n=1)
    return f"; or was {'.'.join(map(str, (*above, near[0])))} meant?" if near else ""
