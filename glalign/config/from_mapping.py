"""Configuration values into frozen dataclasses; an unknown key is an error that names it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from glalign.support.errors import UserError, suggestion

T = TypeVar("T")


def from_mapping(kind: type[T], values: Mapping[str, Any], where: str) -> T:
    """Build the dataclass `kind` from `values`; lists become tuples. `where` is the key path for the message.

    Raises: UserError naming the unknown key and the nearest known one.
    """
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    for key in values:
        if key not in known:
            raise UserError(f"{where}.{key}: unknown key; {suggestion(key, known)}")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})


def require(options: object, keys: Iterable[str], holds: Callable[[Any], bool], problem: str) -> None:
    """Check the values of some keys of a `model:` section; `problem` follows the key and its value in the message.

    Raises: UserError for the first key of which `holds` is false.
    """
    for key in keys:
        if not holds(value := getattr(options, key)):
            raise UserError(f"model.{key}: {value} {problem}")


def named(table: Mapping[str, T], name: str, problem: str) -> T:
    """Return `table[name]`. Raises: UserError of `problem`, the unknown name and the known ones."""
    if name not in table:
        raise UserError(f"{problem} {name!r}; known: {', '.join(table)}")
    return table[name]
