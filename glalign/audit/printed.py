"""A printed number: its value and its decimal places, and the values that it may have been printed from."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

NUMBER = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?")
APPROXIMATE, MARKS = "~≈∼", "*†‡_"
MOST_DIGITS = 18
"""Digits of a number, at most: as many as a computer prints of a share. A longer one is no measured number."""
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
"""Beginning of a result with a decimal comma: no result is so large that commas group its digits."""
NOTHING = {"", "na", "none", "nan", "null"}
"""What is left of the letters of a cell that says that there is no number: empty, a dash, `n/a`."""


class Range(NamedTuple):
    """A number as it stands, and the smallest and largest value that it may stand for."""

    low: Fraction
    value: Fraction
    high: Fraction


@dataclass(frozen=True)
class Printed:
    """A number as printed.

    Args:
        text: The cell or the quoted text.
        value: Its value.
        places: Its decimal places.
        averaged: Whether it is printed with a spread (`80.7 ± 0.3`) and so is the mean of several runs.
        rounded: Whether it is a rounded number even without decimals: it is printed as approximate, or no count.
        unit: `%`, or nothing.
    """

    text: str
    value: Fraction
    places: int
    averaged: bool = False
    rounded: bool = False
    unit: str = ""

    def range(self) -> Range:
        """The values that round or truncate to it; a count is exact."""
        if not (self.places or self.rounded):
            return Range(self.value, self.value, self.value)
        step = Fraction(1, 10**self.places)
        return Range(self.value - step / 2, self.value, self.value + step)

    def agrees(self, other: "Printed") -> bool:
        """Whether both can be the same number, printed with as many places or with fewer."""
        if self.places == other.places:
            return self.value == other.value
        one, two = self.range(), other.range()
        return one.low <= two.high and two.low <= one.high

    def percent_of_share(self) -> "Printed":
        """The number of percent, of a share between 0 and 1."""
        return Printed(self.text, 100 * self.value, max(0, self.places - 2), self.averaged, self.rounded, self.unit)


def parse(text: str, *, result: bool = False) -> Printed | None:
    """Parse a printed number; None for any other text, and for more than MOST_DIGITS digits.

    result: whether it is a measured one, so that `80` is a rounded number; else it is a count, but before a `%`.

    Marks of emphasis, a tilde, a percent sign, and a spread (`± 0.3`, `(0.3)`) are understood.

    >>> parse("**80.75 %**").value, parse("13,003").value, parse("80.1 ± 0.3").averaged, parse("PhoBERT")
    (Fraction(323, 4), Fraction(13003, 1), True, None)
    """
    bare = text.strip().strip(MARKS).strip()
    approximate = bare[:1] in APPROXIMATE and bool(bare)
    bare = _bare(text)
    found = NUMBER.match(bare)
    if not found or sum(map(str.isdigit, found[0])) > MOST_DIGITS:
        return None
    rest = bare[found.end() :].strip().strip(MARKS).strip()
    unit = "%" if rest.startswith("%") else ""
    rest = rest.removeprefix("%").strip()
    averaged = rest.startswith(("±", "+-", "+/-", "(", "\\pm", "$\\pm"))
    if rest and not averaged:
        return None
    sign, whole, decimals = found[1], found[2].replace(",", ""), found[3] or ""
    value = Fraction(f"{sign}{whole}{decimals}")
    return Printed(text.strip(), value, max(0, len(decimals) - 1), averaged, approximate or result or bool(unit), unit)


def has_decimal_comma(text: str) -> bool:
    """Whether a result has a decimal comma, within whatever marks and before whatever spread."""
    return DECIMAL_COMMA.match(_bare(text)) is not None


def says_nothing(text: str) -> bool:
    """Whether a cell is empty, a dash or a word for no number."""
    return not any(map(str.isdigit, text)) and "".join(filter(str.isalpha, text)).casefold() in NOTHING


def _bare(text: str) -> str:
    """The text without marks and tildes before it."""
    return text.strip().strip(MARKS).strip().lstrip(APPROXIMATE).strip()
