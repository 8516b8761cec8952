"""Statements about printed numbers, such as `[SE1 irra rank1] - [SE3 irra rank1] > 20`, in interval arithmetic.

A number with decimals stands for all values that it is rounded or truncated from, one without decimals for itself, and
`~3` for all that round or truncate to 3. A statement is refuted where no such values fulfil it.
"""

import operator
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import product

from glalign.audit.printed import Printed, Range, parse
from glalign.support.errors import UserError

TOKEN = re.compile(r"\s*(?:\[(?P<name>[^\[\]]+)\]|(?P<number>~?\d+(?:\.\d+)?)|(?P<sign>[-+*/()=<>]))\s*")
ARITHMETIC: Mapping[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip
MOST_TOKENS, LARGEST = 200, 10**100
"""Bounds of a statement: how long it is, so how deep it is nested, and the numbers in it."""
STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2}
COMPARISONS: Mapping[str, Callable[[Range, Range], bool]] = {
    "=": lambda left, right: left.low <= right.high and right.low <= left.high,
    "<": lambda left, right: left.low < right.high,
    ">": lambda left, right: left.high > right.low,
}
"""Whether some values of two intervals fulfil a comparison."""


def holds(text: str, find: Callable[[str], Printed]) -> tuple[bool, str, str]:
    """Whether a statement can hold, and both of its sides as text.

    find: the printed number that a name in brackets stands for. Raises: UserError for a statement of another form.
    """
    tokens = _tokens(text)
    if len(tokens) > MOST_TOKENS:
        raise UserError(f"relation {text!r}: more than {MOST_TOKENS} numbers and signs; state it in parts")
    signs = [position for position, token in enumerate(tokens) if token in COMPARISONS]
    if len(signs) != 1:
        raise UserError(f"relation {text!r}: one of = < > is wanted in it, as in `[SE1 irra rank1] > 70`")
    sides = tokens[: signs[0]], tokens[signs[0] + 1 :]
    left, right = (_Reader(text, side, find).whole() for side in sides)
    return COMPARISONS[tokens[signs[0]]](left, right), f"{float(left.value):g}", f"{float(right.value):g}"


def _tokens(text: str) -> list[str]:
    found, position = [], 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if not match:
            raise UserError(f"relation {text!r}: {text[position:]!r} is no number, [name] or sign")
        found.append(f"[{match['name']}]" if match["name"] else match["number"] or match["sign"])
        position = match.end()
    return found


class _Reader:
    """Evaluates one side of a statement, from left to right, products before sums."""

    def __init__(self, text: str, tokens: list[str], find: Callable[[str], Printed]):
        self.text, self.tokens, self.find = text, list(tokens), find

    def whole(self) -> Range:
        value = self._sum(0)
        if self.tokens:
            raise self._wrong(self.tokens[0])
        return value

    def _sum(self, strength: int) -> Range:
        value = self._atom()
        while self.tokens and STRENGTH.get(self.tokens[0], 0) > strength:
            sign = self.tokens.pop(0)
            value = self._apply(sign, value, self._sum(STRENGTH[sign]))
        return value

    def _apply(self, sign: str, one: Range, other: Range) -> Range:
        if sign == "/" and other.low <= 0 <= other.high:
            raise UserError(f"relation {self.text!r}: it divides by zero; correct it")
        corners = [ARITHMETIC[sign](a, b) for a, b in product(one, other)]
        if max(map(abs, corners)) > LARGEST:
            raise UserError(f"relation {self.text!r}: its numbers grow too large; correct it")
        return Range(min(corners), ARITHMETIC[sign](one.value, other.value), max(corners))

    def _atom(self) -> Range:
        token = self.tokens.pop(0) if self.tokens else ""
        if token == "(":
            value = self._sum(0)
            if not self.tokens or self.tokens.pop(0) != ")":
                raise self._wrong("(")
            return value
        if token.startswith("["):
            return self.find(token[1:-1]).range()
        number = parse(token)
        if number is None:
            raise self._wrong(token)
        return number.range()

    def _wrong(self, token: str) -> UserError:
        return UserError(f"relation {self.text!r}: {token or 'its end'!r} is at a wrong place; correct it")
