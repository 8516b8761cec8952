"""The columns of a table that fit in a column of a paper: ours with its interval, at most six."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from glalign.evaluation.metrics import half_up
from glalign.reporting.terminal import INTERVAL, NAMES, intervals, short_title

if TYPE_CHECKING:
    import pandas as pd

MOST = 6
"""Columns: those of Table 4 take 8.1 cm of 8-point type."""

PAIRED = ("pair", "queries", "gap", "p_holm")
TITLES = {
    "method": "Method", "variant": "Variant", "body_part": "Body part", "scenario": "Scenario", "dataset": "Data set",
    "language": "Language", "pair": "Pair", "queries": "Queries", "gap": "Gap", "map": "mAP", "p_holm": "p (Holm)",
}  # fmt: skip
RANKS = ("rank1", "rank5", "rank10", "map")


@dataclass(frozen=True)
class CompactColumn:
    """A column of plain texts. sources: the columns of the CSV that it is made of. number: whether it has numbers."""

    title: str
    cells: list[str]
    sources: tuple[str, ...]
    number: bool = False


def compact_columns(frame: "pd.DataFrame", with_paper: bool = False) -> list[CompactColumn]:
    """The first columns, at most `MOST`, that are not empty.

    with_paper: the paper's first number stands before ours.
    """
    return [column for column in _candidates(frame, with_paper) if any(column.cells)][:MOST]


def _candidates(frame: "pd.DataFrame", with_paper: bool) -> Iterator[CompactColumn]:
    compared = [name.removesuffix("_delta") for name in frame.columns if name.endswith("_delta")]
    numbers = compared or [name for name in RANKS if name in frame]
    names: tuple[str, ...]
    if set(PAIRED) <= set(frame.columns):
        names, numbers = PAIRED[:2], list(PAIRED[2:])
    elif numbers:
        names = _telling(frame)
        numbers = list(dict.fromkeys((*numbers, *(name for name in RANKS if name in frame))))
    else:
        names = tuple(frame.columns)
    for name in names:
        yield CompactColumn(TITLES.get(name, name), list(frame[name]), (name,))
    for name in numbers:
        if with_paper and name == numbers[0] and f"{name}_paper" in frame:
            yield CompactColumn(f"{_title(name)}*", list(frame[f"{name}_paper"]), (f"{name}_paper",), number=True)
        cells = list(map(_rounded, frame[name]) if name == "p_holm" else frame[name])
        yield CompactColumn(_title(name), cells, (name,), number=True)
        if name == numbers[0] and {f"{name}_lo", f"{name}_hi"} <= set(frame.columns):
            yield CompactColumn(INTERVAL, intervals(frame, name), (f"{name}_lo", f"{name}_hi"))


def _telling(frame: "pd.DataFrame") -> tuple[str, ...]:
    """The first columns with names, as many as tell the rows apart."""
    names = [name for name in NAMES if name in frame]
    for count in range(1, len(names)):
        if not frame.duplicated(names[:count]).any():
            return tuple(names[:count])
    return tuple(names)


def _title(name: str) -> str:
    return TITLES.get(name, short_title(name))


def _rounded(p: str) -> str:
    """A p-value with four decimals, or the bound that it lies below."""
    return p and ("< 0.0001" if Fraction(p) < Fraction(1, 10_000) else half_up(Fraction(p), 4))
