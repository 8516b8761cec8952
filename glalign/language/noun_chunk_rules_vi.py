"""Rules that find noun chunks in a Vietnamese caption by segmented words and their parts of speech (D20)."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from glalign.language.lexicon import Lexicon, grammar, load_lexicon

NOUNS = ("N", "Np", "Nu", "Ny", "Nb", "X")
COUNTS = ("M", "L", "Nc")


def corrected_tags(words: Sequence[str], tags: Sequence[str]) -> list[str]:
    """Correct pyvi's parts of speech for descriptions of people.

    words: segmented, one per tag. Keywords are nouns; the other words of the lists in lexicon/grammar.yaml have the tag
    given there. "cặp" before a keyword is a classifier ("cặp kính", a pair), else a bag.
    """
    known = _tags()
    words = [word.lower() for word in words]
    corrected = [known.get(word, "N" if keyword_regions(word) else tag) for word, tag in zip(words, tags, strict=True)]
    for place, word in enumerate(words[:-1]):
        if word == "cặp" and keyword_regions(words[place + 1]):
            corrected[place] = "Nc"
    return corrected


def find_noun_chunks(words: Sequence[str], tags: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield noun chunks as ranges of words (start, end), in order and disjoint. tags: as of `corrected_tags`.

    A chunk consists of numerals and classifiers, a noun, then nouns, adjectives, "màu" with a colour and relative
    phrases ("có họa tiết", "kẻ sọc", "cổ tròn", "cộc tay"). Verbs, prepositions, signs and a second garment end it. An
    adjective before a part of a garment starts a chunk of its own ("dài tay" after a comma). Pronouns such as "cô ấy"
    are no chunks.
    """
    rule, place = _ChunkRule(words, tags), 0
    while place < len(words):
        head = rule.head_from(place)
        if head is None:
            place += 1
            continue
        end = rule.end_of(head)
        if not (rule.is_in(head, "people") and end - head > 1 and rule.word(end - 1) in ("ấy", "ta")):
            yield place, end
        place = end


def keyword_regions(word: str) -> tuple[str, ...]:
    """Return the regions of the keyword of the repaired lists that a lower-case segmented word starts with, if any."""
    found = _keywords().find(word)
    return found[0].regions if found and found[0].start == 0 else ()


class _ChunkRule:
    """The rule applied to one caption; `place` and `head` are indices of words."""

    def __init__(self, words: Sequence[str], tags: Sequence[str]):
        self.words, self.tags, self.lists = [word.lower() for word in words], tags, _lists()

    def head_from(self, place: int) -> int | None:
        """Return the place of the noun of a chunk that starts at `place`, or None."""
        while self.tag(place) in COUNTS:
            place += 1
        if self.tag(place) in NOUNS or (self.tag(place) == "A" and self.is_in(place + 1, "pieces")):
            return place
        return None

    def end_of(self, head: int) -> int:
        """Return the place after the last word of the chunk of this noun."""
        place = head + 1
        while (step := self.step(head, place)) > 0:
            place += step
        return place + self.is_in(place, "closing")

    def step(self, head: int, place: int) -> int:
        """Return how many words from `place` on the chunk continues."""
        tag, following = self.tag(place), self.tag(place + 1)
        if self.is_in(head, "people"):
            return int(tag == "A" or (tag in NOUNS and self.is_in(place, "people")))
        if self.is_relative(head, place):
            return self.step_over(place)
        if tag in COUNTS:  # "áo hai dây", but "áo trắng một chiếc quần"
            return 2 * (following in NOUNS and not self.is_garment(place + 1))
        if self.is_in(place, "layers"):
            return int(following not in NOUNS or self.is_in(place + 1, "màu"))
        if self.word(place) == "và" and self.is_in(place - 1, "colours"):
            named = self.is_in(place + 1, "màu")
            if self.is_in(place + 1 + named, "colours"):
                return 1 + named
        return int(tag == "A" or (tag in NOUNS and not self.is_other_garment(head, place)))

    def step_over(self, place: int) -> int:
        """Return the length of a relative phrase up to its noun or adjective, 0 if none follows."""
        last = place + 1
        while self.tag(last) in COUNTS or self.is_in(last, "relatives"):
            last += 1
        return last + 1 - place if self.tag(last) in (*NOUNS, "A") else 0

    def is_relative(self, head: int, place: int) -> bool:
        """Whether a relative phrase starts here: this word, not a noun, and the next ones describe the noun."""
        worn = self.is_in(place, "worn") and (self.is_in(place + 1, "pieces") or self.word(place + 1) == "chéo")
        if worn or self.is_in(place, "relatives"):
            return True
        # A verb in no list is part of an object's name ("quần tập gym"), but not after a part of the body ("tay").
        return self.tag(place) == "V" and not self.is_in(place, "verbs") and not self.is_in(head, "pieces")

    def is_other_garment(self, head: int, place: int) -> bool:
        """Whether this noun is a garment of another region and neither noun names a part of the other's garment."""
        regions = next((found for word in self.words[head:place] if (found := keyword_regions(word))), ())
        joined = self.is_in(place - 1, "pieces") or self.is_in(place - 1, "parts")
        return bool(regions) and self.is_garment(place) and keyword_regions(self.words[place]) != regions and not joined

    def is_garment(self, place: int) -> bool:
        return bool(keyword_regions(self.word(place))) and not self.is_in(place, "pieces")

    def word(self, place: int) -> str:
        return self.words[place] if place < len(self.words) else ""

    def tag(self, place: int) -> str:
        return self.tags[place] if place < len(self.tags) else ""

    def is_in(self, place: int, name: str) -> bool:
        return self.word(place) in self.lists[name]


@cache
def _lists() -> dict[str, frozenset[str]]:
    rules = grammar("vi")
    names = ("people", "pieces", "parts", "relatives", "worn", "layers", "closing", "colours")
    lists = {"màu": ("màu", "mầu"), "verbs": rules["tags"]["V"], **{name: rules[name] for name in names}}
    return {name: frozenset(words) for name, words in lists.items()}


@cache
def _tags() -> dict[str, str]:
    rules: dict[str, Any] = grammar("vi")
    colours, people = dict.fromkeys(rules["colours"], "A"), dict.fromkeys(rules["people"], "N")
    return {**people, **colours, **{word: tag for tag, words in rules["tags"].items() for word in words}}


@cache
def _keywords() -> Lexicon:
    return load_lexicon("repaired", "vi")
