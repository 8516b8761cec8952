"""Noun chunks of a caption, as the chunkers of both languages return them."""

from collections.abc import Sequence
from typing import NamedTuple


class Chunk(NamedTuple):
    """One noun phrase: the characters start to end.

    cuts: places (end, start) where the phrase may end and another one begin, after a noun or before a comma; "white
    shirt blue jeans" has one. head: start of the part that decides the region, after a Vietnamese classifier; None for
    the whole phrase.
    """

    start: int
    end: int
    cuts: tuple[tuple[int, int], ...] = ()
    head: int | None = None


class ParsedCaption(NamedTuple):
    """A caption as the keyword lists read it, with its noun chunks.

    adverbs: starts of adverbs ("back" in "pulled back"). places: position in the caption of each character of `text`
    and of its end; None if the two are equal.
    """

    text: str
    chunks: tuple[Chunk, ...] = ()
    adverbs: frozenset[int] = frozenset()
    places: Sequence[int] | None = None
