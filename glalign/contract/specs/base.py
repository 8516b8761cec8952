"""The bases of all job specifications."""

from typing import Annotated, Any

from pydantic import Field, PlainSerializer, SerializationInfo

from glalign.config.base import Section

_WITHOUT_PLACES = "without places"


def _written(path: str | None, info: SerializationInfo) -> str | None:
    return "" if info.context == _WITHOUT_PLACES else path


_Place = PlainSerializer(_written, return_type=str | None)
Place = Annotated[str, _Place]
"""Where something lies that a manifest stands for, such as a release's folder: moving it reruns nothing."""

OptionalPlace = Annotated[str | None, _Place]
"""The same, or None for the usual place."""


class Spec(Section):
    """What a job needs to know: the slice of the configuration that it uses, and the paths that it reads.

    A job reruns when its specification changes, apart from places, and for no other change of the configuration.
    """

    def content(self) -> dict[str, Any]:
        """The specification as plain JSON data with every `Place` empty: what decides whether a job reruns."""
        return self.model_dump(mode="json", by_alias=True, context=_WITHOUT_PLACES)


class Noted(Spec):
    """A row or table that may rest on releases that lack images, or train and test on images of one source.

    partial: label of the dataset -> statistics of its manifest. shared: a sentence on each training set whose images
    have a source in common with the test set's. note: what else is to be said.
    """

    partial: dict[str, str] = Field({})
    shared: tuple[str, ...] = ()
    note: str = ""
