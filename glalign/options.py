"""Configuration values into frozen dataclasses; an unknown key is an error that names it."""

import difflib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from glalign.errors import UserError

T = TypeVar("T")


def from_mapping(kind: type[T], values: Mapping[str, Any], where: str) -> T:
    """Build the dataclass `kind` from `values`; lists become tuples. `where` is the key path for the message.

    Raises: UserError naming the unknown key and the nearest known one.
    """
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    for key in values:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(known)}"
            raise UserError(f"{where}.{key}: unknown key; {hint}")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})
