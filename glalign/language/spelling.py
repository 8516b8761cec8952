"""Misspelt keywords: words one edit away from a keyword that are no other English word."""

import re
import string
from collections.abc import Collection, Iterator
from functools import lru_cache

SHORTEST = 6
"""Letters of the shortest keyword that is looked for; around shorter ones lie too many other words."""

ENDINGS = ("ed", "er", "ing")
"""A word with one of these is another form of a word, not a misspelt keyword without it ("jogging", "folded")."""


class Spelling:
    """Finds misspelt keywords ("sneekers").

    keywords: those of one word and at least `SHORTEST` letters, or in `short`, are looked for. words: English words, in
    lower case, that lie one edit away from one of them and are meant as they stand ("paints").
    """

    def __init__(self, keywords: Collection[str], short: Collection[str], words: Collection[str]):
        self._keywords = {word for word in keywords if word.isalpha() and (len(word) >= SHORTEST or word in short)}
        self._known = {*words, *keywords}
        self.correct = lru_cache(maxsize=2**16)(self._correct)

    def find(self, text: str) -> list[tuple[int, int, str]]:
        """Return the places of misspelt keywords in a text, each with the keyword that is meant."""
        words = ((match.span(), self.correct(match.group().lower())) for match in re.finditer(r"[A-Za-z]{4,}", text))
        return [(*span, keyword) for span, keyword in words if keyword]

    def _correct(self, word: str) -> str | None:
        """Return the keyword that a lower-case word is a misspelling of, the first in alphabetical order."""
        ending = next((ending for ending in ENDINGS if word.endswith(ending)), "")
        if word in self._known:
            return None
        return min((edit for edit in edits(word) if edit in self._keywords and edit.endswith(ending)), default=None)


def edits(word: str) -> Iterator[str]:
    """Yield the strings one edit away: a letter missing, doubled, added, changed, or two neighbours swapped."""
    for place in range(len(word) + 1):
        before, after = word[:place], word[place:]
        yield from (before + letter + after for letter in string.ascii_lowercase)
        if after:
            yield before + after[1:]
            yield from (before + letter + after[1:] for letter in string.ascii_lowercase)
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]
