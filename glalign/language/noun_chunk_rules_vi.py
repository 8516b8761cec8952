"""Rules that find noun chunks in a Vietnamese caption by segmented words and their parts of speech (D20)."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate
from typing import Any, NamedTuple

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
    named = keyword_words(words)
    corrected = [
        "N" if word in named and named[word].several else known.get(text, "N" if word in named else tag)
        for word, (text, tag) in enumerate(zip(words, tags, strict=True))
    ]
    for place, word in enumerate(words[:-1]):
        if word == "cặp" and place + 1 in named and not named[place].several:
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


class NamedWord(NamedTuple):
    """A word of a keyword: the keyword's regions, whether the word is its first one, whether it has several."""

    regions: tuple[str, ...]
    first: bool
    several: bool


def keyword_words(words: Sequence[str]) -> dict[int, NamedWord]:
    """Return the lower-case segmented words, by their places, that a keyword of the repaired lists consists of."""
    starts = list(accumulate((len(word) + 1 for word in words), initial=0))
    named: dict[int, NamedWord] = {}
    for found in _keywords().find(" ".join(words)):
        inside = range(bisect_right(starts, found.start) - 1, bisect_left(starts, found.end))
        named |= {place: NamedWord(found.regions, place == inside[0], len(inside) > 1) for place in inside}
    return named


class _ChunkRule:
    """The rule applied to one caption; `place` and `head` are indices of words."""

    def __init__(self, words: Sequence[str], tags: Sequence[str]):
        self.words, self.tags, self.lists = [word.lower() for word in words], tags, _lists()
        self.named = keyword_words(self.words)

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
        tag = self.tag(place)
        if self.is_in(head, "people"):
            return int(tag == "A" or (tag in NOUNS and self.is_in(place, "people")))
        return self.described(head, place) or self.step_by_tag(head, place)

    def step_by_tag(self, head: int, place: int) -> int:
        """Return how many words from `place` on the chunk continues, by their parts of speech."""
        tag, following = self.tag(place), self.tag(place + 1)
        if self.is_relative(head, place):
            return self.step_over(place)
        if tag in COUNTS:  # "áo hai dây", but "áo trắng một chiếc quần"
            own = self.is_in(place + 1, "details") or not self.is_garment(place + 1)
            return (1 + max(1, self.name_length(place + 1))) * (following in NOUNS and own)
        if self.is_in(place, "layers"):
            return int(following not in NOUNS or self.is_in(place + 1, "màu"))
        if self.word(place) == "và" and self.is_in(place - 1, "colours"):
            named = self.is_in(place + 1, "màu")
            if self.is_in(place + 1 + named, "colours"):
                return 1 + named
        return int(tag == "A" or (tag in NOUNS and not self.is_other_garment(head, place)))

    def described(self, head: int, place: int) -> int:
        """Return the length of the rest of a keyword, a hair style, a reach ("qua gối") or a verb in a name; else 0."""
        rest = place in self.named and not self.named[place].first
        if rest or (self.is_in(head, "hair") and self.is_in(place, "hair_styles")):
            return 1
        regions = self.named[head].regions if head in self.named else ()
        if not regions or self.is_in(head, "pieces"):
            return 0
        if self.is_in(place, "lengths") and self.is_in(place + 1, "pieces") and regions != ("OTHERS",):
            return 2
        return self.name_length(place)

    def name_length(self, place: int) -> int:
        """Return how many words from `place` on are a verb and its object in the name of a thing ("chống nắng")."""
        following = " ".join(self.words[place : place + 3]).replace("_", " ") + " "
        longest = max((name for name in self.lists["names"] if following.startswith(name + " ")), key=len, default="")
        ends = accumulate(len(word) + 1 for word in self.words[place : place + 3])
        return next((number for number, end in enumerate(ends, start=1) if end == len(longest) + 1), 0)

    def step_over(self, place: int) -> int:
        """Return the length of a relative phrase up to its noun or adjective, 0 if none follows."""
        last = place + 1
        while self.tag(last) in COUNTS or self.is_in(last, "relatives"):
            last += 1
        length = max(1, self.name_length(last))
        return last + length - place if self.tag(last) in (*NOUNS, "A") else 0

    def is_relative(self, head: int, place: int) -> bool:
        """Whether a relative phrase starts here: this word, not a noun, and the next ones describe the noun."""
        worn = self.is_in(place, "worn") and (self.is_in(place + 1, "pieces") or self.word(place + 1) == "chéo")
        if worn or self.is_in(place, "relatives"):
            return True
        # A verb in no list is part of an object's name ("quần tập gym"), but not after a part of the body ("tay").
        return self.tag(place) == "V" and not self.is_in(place, "verbs") and not self.is_in(head, "pieces")

    def is_other_garment(self, head: int, place: int) -> bool:
        """Whether this noun is a garment of another region and neither noun names a part of the other's garment."""
        regions = next((self.named[word].regions for word in range(head, place) if word in self.named), ())
        joined = self.is_in(place - 1, "pieces") or self.is_in(place - 1, "parts")
        counted = self.is_in(place, "details") and (self.is_in(place - 1, "counts") or self.tag(place - 1) == "M")
        other = self.is_garment(place) and self.named[place].regions != regions
        return bool(regions) and other and not joined and not counted

    def is_garment(self, place: int) -> bool:
        """Whether a garment is named here, not a piece of one."""
        return place in self.named and not self.is_in(place, "pieces")

    def word(self, place: int) -> str:
        """Return the word at a place; "" after the last."""
        return self.words[place] if place < len(self.words) else ""

    def tag(self, place: int) -> str:
        """Return the tag of the word at a place; "" after the last."""
        return self.tags[place] if place < len(self.tags) else ""

    def is_in(self, place: int, name: str) -> bool:
        """Whether the word at a place is in a list of lexicon/grammar.yaml."""
        return self.word(place) in self.lists[name]


@cache
def _lists() -> dict[str, frozenset[str]]:
    rules = grammar("vi")
    lists = {name: words for name, words in rules.items() if isinstance(words, list)}
    lists |= {"màu": ["màu", "mầu"], "verbs": rules["tags"]["V"]}
    return {name: frozenset(words) for name, words in lists.items()}


@cache
def _tags() -> dict[str, str]:
    rules: dict[str, Any] = grammar("vi")
    colours, people = dict.fromkeys(rules["colours"], "A"), dict.fromkeys(rules["people"], "N")
    return {**people, **colours, **{word: tag for tag, words in rules["tags"].items() for word in words}}


@cache
def _keywords() -> Lexicon:
    return load_lexicon("repaired", "vi")
