"""The base of every configuration section, job specification and record: typed, frozen, and strict about keys."""

from collections.abc import Mapping
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict
from pydantic_core import PydanticCustomError

T = TypeVar("T")
Several = Annotated[tuple[T, ...], Strict(False)]
"""A tuple that is written as a list."""


def refused(below: str, sentence: str) -> PydanticCustomError:
    """An error about a key of the section that raises it; `below` is the key, with points where it is deeper."""
    return PydanticCustomError("refused", "{sentence}", {"below": below, "sentence": sentence})


def _unique(values: tuple[T, ...]) -> tuple[T, ...]:
    if not values or len(set(values)) < len(values):
        wrong = "has an entry twice" if values else "should be non-empty"
        raise PydanticCustomError("unique", "{values} {wrong}", {"values": str(list(values)), "wrong": wrong})
    return values


Unique = Annotated[
    tuple[T, ...], Strict(False), Field(json_schema_extra={"minItems": 1, "uniqueItems": True}), AfterValidator(_unique)
]
"""The same with at least one entry, and none twice."""

Text = Annotated[str, Field(min_length=1)]
"""A text that is not empty."""

Resamples = Annotated[int, Field(ge=1, le=100_000)]
"""How often a bootstrap redraws."""


class Section(BaseModel):
    """Values with declared types and defaults.

    An unknown key, a wrong type, a value out of range, an infinite number and NaN are refused.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        validate_by_name=True,
        validate_by_alias=True,
        defer_build=True,  # a job uses few of the types that it imports
    )

    @classmethod
    def from_fields_of(cls, *sources: "Section | Mapping[str, Any]", **values: Any) -> Self:
        """Make one whose fields are those of the same name in `sources` and `values`.

        Where two have a field, the later source and above all `values` count. What is no field of it is left out.
        """
        known = cls.model_fields
        found = {name: value for source in sources for name, value in dict(source).items() if name in known}
        return cls.model_validate(found | values)

    def to_json(self) -> dict[str, Any]:
        """The values as plain JSON data, under the names that files use."""
        return self.model_dump(mode="json", by_alias=True)
