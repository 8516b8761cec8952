"""The files of statements: what the text of a paper says, as data with its places (docs/audit.md)."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from glalign.audit.columns import is_result
from glalign.audit.material import Row
from glalign.audit.printed import has_decimal_comma, parse
from glalign.support.errors import UserError

STATEMENTS: Mapping[str, tuple[str, ...]] = {
    "numbers": ("place", "system", "scenario", "dataset", "quantity", "value", "unit", "of"),
    "descriptions": ("place", "subject", "attribute", "value"),
    "scenarios": ("scenario", "train", "test"),
    "test_sets": ("place", "scenario", "dataset", "unit", "count", "source"),
    "relations": ("place", "relation"),
    "paired_tests": ("place", "system", "first", "second", "quantity", "queries", "p_below"),
    "references": ("number", "first_author", "title", "year", "arxiv", "doi"),
    "published": ("subject", "dataset", "attribute", "value", "source"),
}
"""Name of a file of statements -> its columns. Every other CSV is a table."""

MOST: Mapping[tuple[str, str], int] = {
    ("test_sets", "count"): 10**9, ("paired_tests", "queries"): 10**6, ("numbers", "of"): 10**9,
}  # fmt: skip
"""(file, column) of counts -> the largest one that is understood."""
MAY_BE_EMPTY = {("numbers", "of")}
"""Those that may be empty."""
MADE_OF: Mapping[tuple[str, str], tuple[re.Pattern[str], str]] = {
    ("paired_tests", "p_below"): (re.compile(r"0?\.\d{1,15}"), "0.01"),
    ("test_sets", "unit"): (re.compile("queries|identities|images|samples"), "queries, identities, images or samples"),
    ("references", "year"): (re.compile(r"(\d{4})?"), "2025"),
}
"""(file, column) of other cells -> their form, and an example."""


def check_statements(path: Path, lines: Iterable[tuple[int, Row]]) -> None:
    """Raises: UserError for a count, a year or a quoted number that is none."""
    for line, row in lines:
        for (name, column), most in MOST.items():
            if name != path.stem or ((name, column) in MAY_BE_EMPTY and not row[column]):
                continue
            if not _is_count(row[column], most):
                what = f"{path}:{line}: {column}: {row[column]!r} is no count"
                raise UserError(f"{what}; write a whole number from 1 to {most:,} without commas")
        for (name, column), (form, example) in MADE_OF.items():
            if name == path.stem and not form.fullmatch(row[column]):
                raise UserError(f"{path}:{line}: {column}: {row[column]!r} does not fit; write it as {example}")
        if path.stem == "numbers" and (parse(row["value"]) is None or _has_comma(row["quantity"], row["value"])):
            raise UserError(f"{path}:{line}: value: {row['value']!r} is no number; write it as 50.25")
        if path.stem == "published" and _has_comma(row["attribute"], row["value"]):
            raise UserError(f"{path}:{line}: value: {row['value']!r} has a decimal comma; write it as 50.25")
        if path.stem == "published" and row["attribute"] == "released" and not re.fullmatch(r"\d{4}", row["value"]):
            raise UserError(f"{path}:{line}: value: {row['value']!r} is no year; write it as 2023")


def _is_count(text: str, most: int) -> bool:
    return re.fullmatch(r"\d{1,15}", text) is not None and 0 < int(text) <= most


def _has_comma(quantity: str, text: str) -> bool:
    return is_result(quantity) and has_decimal_comma(text)
