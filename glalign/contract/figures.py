"""The records of the examples that Figures 2 and 3 show, figure2.json and figure3.json.

A caption is empty, and so is what is said of its words, where the figure may not show captions and images.
"""

from glalign.config.base import Section, Several
from glalign.config.datasets import Language


class MarkedPhrase(Section):
    """A noun phrase with a region: its characters in the caption."""

    start: int
    end: int
    region: str


class ParsingExample(Section):
    """An image with one of its captions. regions: those that the phrases name. phrases: in the order of the caption."""

    image: str
    caption: str
    regions: Several[str]
    phrases: Several[MarkedPhrase]


class ParsingBlock(Section):
    """The examples of a dataset. shown: whether captions and images may be shown. note: why there are no examples."""

    dataset: str
    label: str
    language: Language
    shown: bool
    note: str
    examples: Several[ParsingExample]


class ParsingFigure(Section):
    """Figure 2. rule: how its examples are chosen."""

    rule: str
    data_note: str
    blocks: Several[ParsingBlock]


class Retrieved(Section):
    """An image of the gallery. hit: whether it shows the person asked for."""

    image: str
    hit: bool


class Answer(Section):
    """What a system finds for a query. first: rank of the first image of the person. top: the first images."""

    label: str
    first: int
    top: Several[Retrieved]


class Counts(Section):
    """Queries of a cause by which of two systems finds the person first."""

    both: int
    only_full: int
    only_global: int
    neither: int


class FailureExample(Section):
    """A query. detail: how strongly the cause holds. full, without: answers with and without local alignment."""

    query: str
    image: str
    caption: str
    detail: str
    without: Answer
    full: Answer


class FailureCase(Section):
    """A cause. note: why it has no example. counts: of all queries with this cause and no other."""

    cause: str
    title: str
    scenario: str
    dataset: str
    label: str
    language: Language
    shown: bool
    note: str
    counts: Counts | None
    example: FailureExample | None


class FailureFigure(Section):
    """Figure 3. rule: how its examples are chosen."""

    rule: str
    data_note: str
    cases: Several[FailureCase]
