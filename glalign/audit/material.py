"""What is audited: printed tables, numbers quoted in prose, and statements about them, as data with their places."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TypeVar

from glalign.audit.columns import rank_of
from glalign.audit.printed import Printed

Row = Mapping[str, str]
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Number:
    """A printed number and what it is of.

    Args:
        file: Path of the file that it stands in; tables of several folders may have one name.
        place: Where a reader finds it: the table with its row, or the section.
        printed: The number.
        quantity: `rank1`, `images`, ...
        system: Id or plain name of the system, or nothing.
        scenario: Of the row, or nothing.
        dataset: Of the row, or nothing.
        label: First name of the row.
        row: Number of the row in its file.
        of: Number of things that it is a share of, where that is stated with it.
        quoted: Whether it stands in prose.
        unit: The unit as printed, such as `%`; empty without one.
    """

    file: str
    place: str
    printed: Printed
    quantity: str
    system: str = ""
    scenario: str = ""
    dataset: str = ""
    label: str = ""
    row: int = 0
    of: int | None = None
    quoted: bool = False
    unit: str = ""

    @property
    def rank(self) -> int | None:
        """The k of a Rank-k."""
        return rank_of(self.quantity)

    @property
    def where(self) -> str:
        """Place with the quantity; of a quoted number also what it is of."""
        of = (self.system, self.scenario or self.dataset) if self.quoted else ()
        return ", ".join(part for part in (self.place, *of, self.quantity) if part)


@dataclass(frozen=True)
class TextCell:
    """A text of a table or of prose: an attribute of a subject, such as the text backbone of a system on a dataset.

    attribute: `name`, `cite`, or the name of a column. file: path of the table that it stands in, or nothing.
    """

    place: str
    subject: str
    attribute: str
    text: str
    file: str = ""


@dataclass(frozen=True)
class RankRow:
    """The Rank-k of one row of a table: k -> number, by increasing k."""

    ranks: Mapping[int, Number]

    @property
    def first(self) -> Number:
        """The number of the smallest k; it stands for the row."""
        return next(iter(self.ranks.values()))


@dataclass(frozen=True)
class Material:
    """All that the rules see.

    Args:
        numbers: Of the tables, then of the prose.
        texts: Names and attributes, of the tables, then of the prose.
        scenarios: Scenario -> its `train` and `test` dataset.
        test_sets: Stated sizes: place, scenario, dataset, unit, count, source.
        relations: Statements about numbers: place, relation.
        paired_tests: Claims of McNemar's test: place, system, first, second, quantity, queries, p_below.
        references: The list of references, by number.
        published: Facts of other sources: subject, dataset, attribute, value, source.
        keywords: Language -> region -> words.
        queries: Possible numbers of queries of every test set, where the reader of the audit states them.
        unread: Cells of columns of results that are no number and no dash.
    """

    numbers: Sequence[Number] = ()
    texts: Sequence[TextCell] = ()
    scenarios: Mapping[str, Row] = field(default_factory=dict)
    test_sets: Sequence[Row] = ()
    relations: Sequence[Row] = ()
    paired_tests: Sequence[Row] = ()
    references: Sequence[Row] = ()
    published: Sequence[Row] = ()
    keywords: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    queries: Sequence[int] = ()
    unread: Sequence[TextCell] = ()

    def tested_on(self, number: Number) -> str:
        """The dataset that a number was measured on: that of its scenario, else that of its row."""
        return self.scenarios.get(number.scenario, {}).get("test", "") or number.dataset

    @cached_property
    def rank_rows(self) -> Sequence[RankRow]:
        """Every row of a table that has a Rank-k."""
        rows: dict[tuple[str, int], dict[int, Number]] = {}
        for number in self.numbers:
            if number.rank is not None and not number.quoted:
                rows.setdefault((number.file, number.row), {})[number.rank] = number
        return [RankRow(dict(sorted(ranks.items()))) for ranks in rows.values()]

    @cached_property
    def sizes(self) -> Mapping[str, Mapping[str, Fraction]]:
        """Dataset -> quantity -> value, of what is said of a dataset without a scenario."""
        found: dict[str, dict[str, Fraction]] = {}
        for number in self.numbers:
            if not number.scenario:
                found.setdefault(number.dataset, {})[number.quantity] = number.printed.value
        return found

    @cached_property
    def in_scenarios(self) -> Mapping[tuple[str, str], Sequence[Number]]:
        """(system, quantity) -> the numbers of a table that belong to a scenario."""
        return _grouped(self._scenario_numbers(), lambda number: (number.system, number.quantity))

    @cached_property
    def same_digits(self) -> Mapping[tuple[str, Fraction], Sequence[Number]]:
        """(quantity, value) -> the numbers of a table that belong to a scenario."""
        return _grouped(self._scenario_numbers(), lambda number: (number.quantity, number.printed.value))

    def _scenario_numbers(self) -> list[Number]:
        return [number for number in self.numbers if number.scenario and not number.quoted]


def _grouped(numbers: Iterable[Number], key: Callable[[Number], Key]) -> dict[Key, list[Number]]:
    groups: dict[Key, list[Number]] = {}
    for number in numbers:
        groups.setdefault(key(number), []).append(number)
    return groups
