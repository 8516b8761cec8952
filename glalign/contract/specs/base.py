"""The bases of all job specifications."""

from pydantic import Field

from glalign.config.base import Section


class Spec(Section):
    """What a job needs to know: the slice of the configuration that it uses, and the paths that it reads.

    A job reruns when its specification changes, and for no other change of the configuration.
    """


class Noted(Spec):
    """A row or table that may rest on releases that lack images.

    partial: label of the dataset -> statistics of its manifest. note: what else is to be said.
    """

    partial: dict[str, str] = Field({})
    note: str = ""
