"""Noun chunks of a caption, as the chunkers of both languages return them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Chunk(NamedTuple):
    """One noun phrase: the characters start to end.

    named: the part that decides the region, after a Vietnamese classifier, without an English predicate ("hair" in
    "hair is long and red"); None for the whole phrase.
    """

    start: int
    end: int
    named: tuple[int, int] | None = None


class ParsedCaption(NamedTuple):
    """A caption as the keyword lists read it, with its noun chunks.

    tags: parts of speech by the place where a word starts, empty without a tagger. places: position in the caption of
    each character of `text` and of its end; None if the two are equal.
    """

    text: str
    chunks: tuple[Chunk, ...] = ()
    tags: Mapping[int, str] = {}
    places: Sequence[int] | None = None


class NounPhrase(NamedTuple):
    """A noun phrase without a region: its characters in the caption, and the text in which keywords are looked up.

    keyword_text: empty where the phrase says nothing of the person (`glalign.language.context`).
    """

    start: int
    end: int
    keyword_text: str
