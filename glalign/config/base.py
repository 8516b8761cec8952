"""The base of every configuration section, job specification and record: typed, frozen, and strict about keys."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, Strict

T = TypeVar("T")
Several = Annotated[tuple[T, ...], Strict(False)]
"""A tuple that is written as a list."""

NonEmpty = Annotated[tuple[T, ...], Strict(False), Field(min_length=1)]
"""The same with at least one entry."""

Text = Annotated[str, Field(min_length=1)]
"""A text that is not empty."""


class Section(BaseModel):
    """Values with declared types and defaults; an unknown key, a wrong type or a value out of range is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_by_name=True, validate_by_alias=True)

    def to_json(self) -> dict[str, Any]:
        """The values as plain JSON data, under the names that files use."""
        return self.model_dump(mode="json", by_alias=True)
