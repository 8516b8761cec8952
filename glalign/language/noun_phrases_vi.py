"""Where the noun phrases of a Vietnamese caption are: a rule over segmented words and their parts of speech (D20)."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from glalign.language.lexicon import Lexicon, grammar, load_lexicon

NOUNS = ("N", "Np", "Nu", "Ny", "Nb", "X")
COUNTS = ("M", "L", "Nc")


def mended_tags(words: Sequence[str], tags: Sequence[str]) -> list[str]:
    """pyvi's parts of speech with what it gets wrong in descriptions of people put right.

    words: segmented, one per tag. Keywords are nouns; the other words of the lists of lexicon/grammar.yaml have the tag
    given there. "cặp" before a keyword counts it ("cặp kính", a pair), else it is a bag.
    """
    known = _tags()
    words = [word.lower() for word in words]
    mended = [known.get(word, "N" if keyword_at(word) else tag) for word, tag in zip(words, tags, strict=True)]
    for place, word in enumerate(words[:-1]):
        if word == "cặp" and keyword_at(words[place + 1]):
            mended[place] = "Nc"
    return mended


def noun_phrases(words: Sequence[str], tags: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Noun phrases as (first word, word behind the last), in order and apart; tags as of `mended_tags`.

    A phrase: numerals and classifiers, a noun, then nouns, adjectives, "màu" with a colour and relative pieces ("có họa
    tiết", "kẻ sọc", "cổ tròn", "cộc tay"). Verbs, prepositions, signs and a second garment end it. An adjective before
    a part of a garment makes a phrase of its own ("dài tay" behind a comma). "cô ấy", a pronoun, is none.
    """
    rule, place = _Rule(words, tags), 0
    while place < len(words):
        head = rule.head_from(place)
        if head is None:
            place += 1
            continue
        end = rule.end_of(head)
        if not rule.is_pronoun(head, end):
            yield place, end
        place = end


def keyword_at(word: str) -> tuple[str, ...]:
    """Regions of the keyword of the repaired lists that a lower-case segmented word begins with, else none."""
    found = _keywords().find(word)
    return found[0].regions if found and found[0].start == 0 else ()


class _Rule:
    """The rule over one caption."""

    def __init__(self, words: Sequence[str], tags: Sequence[str]):
        self.words, self.tags, self.lists = [word.lower() for word in words], tags, _lists()

    def head_from(self, place: int) -> int | None:
        """The place of the noun of a phrase that begins here, or None."""
        while self.tag(place) in COUNTS:
            place += 1
        if self.tag(place) in NOUNS or (self.tag(place) == "A" and self.is_in(place + 1, "pieces")):
            return place
        return None

    def end_of(self, head: int) -> int:
        """The place behind the last word of the phrase of this noun."""
        place = head + 1
        while (step := self.step(head, place)) > 0:
            place += step
        return place + self.is_in(place, "closing")

    def step(self, head: int, place: int) -> int:
        """How many words from here belong to the phrase as well."""
        tag, behind = self.tag(place), self.tag(place + 1)
        if self.is_in(head, "people"):
            return int(tag == "A" or (tag in NOUNS and self.is_in(place, "people")))
        if self.is_relative(head, place):
            return self.step_over(place)
        if tag in COUNTS:  # "áo hai dây", but "áo trắng một chiếc quần"
            return 2 * (behind in NOUNS and not self.is_garment(place + 1))
        if self.is_in(place, "layers"):
            return int(behind not in NOUNS or self.is_in(place + 1, "màu"))
        if self.word(place) == "và" and self.is_in(place - 1, "colours") and self.is_colour(place + 1):
            return 1 + self.is_in(place + 1, "màu")
        return int(tag == "A" or (tag in NOUNS and not self.is_other_garment(head, place)))

    def step_over(self, place: int) -> int:
        """How many words from a relative piece's first to its noun or adjective, 0 where none follows."""
        behind = place + 1
        while self.tag(behind) in COUNTS or self.is_in(behind, "relatives"):
            behind += 1
        return behind + 1 - place if self.tag(behind) in (*NOUNS, "A") else 0

    def is_relative(self, head: int, place: int) -> bool:
        """Whether this word, no noun itself, says more about the noun with the words behind it."""
        if self.is_in(place, "relatives") or (self.is_in(place, "worn") and self.is_worn(place + 1)):
            return True
        # A verb that no list has is part of a thing's name ("quần tập gym"), but what a hand does is not.
        return self.tag(place) == "V" and not self.is_in(place, "verbs") and not self.is_in(head, "pieces")

    def is_other_garment(self, head: int, place: int) -> bool:
        """Whether this noun is a garment of another region than the phrase's, and no part of it nor it of this one."""
        regions = next((found for word in self.words[head:place] if (found := keyword_at(word))), ())
        joined = self.is_in(place - 1, "pieces") or self.is_in(place - 1, "parts")
        return bool(regions) and self.is_garment(place) and keyword_at(self.words[place]) != regions and not joined

    def is_garment(self, place: int) -> bool:
        return bool(keyword_at(self.word(place))) and not self.is_in(place, "pieces")

    def is_worn(self, place: int) -> bool:
        return self.is_in(place, "pieces") or self.word(place) == "chéo"

    def is_colour(self, place: int) -> bool:
        return self.is_in(place + self.is_in(place, "màu"), "colours")

    def is_pronoun(self, head: int, end: int) -> bool:
        return self.is_in(head, "people") and end - head > 1 and self.word(end - 1) in ("ấy", "ta")

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
    chosen = {"màu": ("màu", "mầu"), "verbs": rules["tags"]["V"], **{name: rules[name] for name in names}}
    return {name: frozenset(words) for name, words in chosen.items()}


@cache
def _tags() -> dict[str, str]:
    rules: dict[str, Any] = grammar("vi")
    colours, people = dict.fromkeys(rules["colours"], "A"), dict.fromkeys(rules["people"], "N")
    return {**people, **colours, **{word: tag for tag, words in rules["tags"].items() for word in words}}


@cache
def _keywords() -> Lexicon:
    return load_lexicon("repaired", "vi")
