"""Words of an English caption and what the rules of noun phrases ask of them."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import NamedTuple

from glalign.language.lexicon import Keyword, grammar
from glalign.language.noun_chunks import ParsedCaption


class Token(NamedTuple):
    """A word, a compound modifier ("button up") or a sign: its lower-case text and its characters."""

    text: str
    start: int
    end: int
    compound: bool


class Words:
    """The tokens of a caption, in order; methods take the number of one, which may lie outside.

    keywords: all that were found in the caption.
    """

    def __init__(self, parse: ParsedCaption, keywords: Iterable[Keyword]):
        self.tokens = [
            Token(match.group().lower(), *match.span(), match.lastgroup == "compound")
            for match in _token().finditer(parse.text)
        ]
        self.tags = parse.tags
        self._starts = [token.start for token in self.tokens]
        self._keywords = {
            number
            for keyword in keywords
            for number in range(max(0, bisect_right(self._starts, keyword.start) - 1), self.first_from(keyword.end))
            if keyword.start < self.tokens[number].end and not self.tokens[number].compound
        }

    def __len__(self) -> int:
        return len(self.tokens)

    def first_from(self, place: int) -> int:
        """Return the number of the first token that starts at or after the character `place`."""
        return bisect_left(self._starts, place)

    def within(self, start: int, end: int) -> range:
        """Return the numbers of the tokens that lie between two places of the caption."""
        first, last = self.first_from(start), self.first_from(end)
        while last > first and self.tokens[last - 1].end > end:
            last -= 1
        return range(first, last)

    def text(self, number: int) -> str:
        """Return the text of a token; "" outside the caption."""
        return self.tokens[number].text if 0 <= number < len(self.tokens) else ""

    def tag(self, number: int) -> str:
        """Return spaCy's part of speech; "" without a parser, or between the words that spaCy sees."""
        return self.tags.get(self.tokens[number].start, "") if 0 <= number < len(self.tokens) else ""

    def is_sign(self, number: int) -> bool:
        """Whether a token starts with neither a letter nor a digit, or lies outside the caption."""
        return not self.text(number)[:1].isalnum()

    def is_in(self, number: int, name: str) -> bool:
        """Whether a word is in a list of lexicon/grammar.yaml."""
        return self.text(number) in _lists()[name]

    def is_compound(self, number: int) -> bool:
        """Whether a token is a compound modifier."""
        return 0 <= number < len(self.tokens) and self.tokens[number].compound

    def in_compound(self, keyword: Keyword) -> bool:
        """Whether a keyword is part of a compound modifier ("button up" in "button up shirt")."""
        number = bisect_right(self._starts, keyword.start) - 1
        return number >= 0 and self.tokens[number].compound and keyword.start < self.tokens[number].end

    def is_colour(self, number: int) -> bool:
        """Whether this is a word of colour, "ish" and compounds of colours included ("blue-gray")."""
        return _is_colour(self.text(number))

    def is_keyword(self, number: int) -> bool:
        """Whether a token is part of a keyword that was found."""
        return number in self._keywords

    def is_noun(self, number: int) -> bool:
        """Whether this may be the head of a phrase: a keyword or a noun that is no colour and no material."""
        attributive = self.is_colour(number) or self.is_in(number, "attributive") or self.is_compound(number)
        noun = self.tag(number).startswith("NN") or self.is_in(number, "places")
        return not attributive and (self.is_keyword(number) or noun)

    def ends_phrase(self, number: int) -> bool:
        """Whether no phrase goes on before this word ("woman | long hair"), which is no part of a name ("man bun")."""
        return self.is_in(number, "stops") and not self.is_colour(number) and not self.is_keyword(number)

    def may_modify(self, number: int) -> bool:
        """Whether this is a modifier or stands between two ("red, white and blue plaid")."""
        return self.is_modifier(number) or self.is_in(number, "joins")

    def is_free(self, number: int) -> bool:
        """Return whether an untagged word may be part of the phrase of the keyword that follows it."""
        return not self.is_keyword(number) or self.is_in(number, "cuts")

    def is_modifier(self, number: int) -> bool:
        """Return whether this modifies the noun that follows: a colour, adjective, compound, material or "lightly"."""
        if self.is_keyword(number):
            return False
        listed = self.is_in(number, "attributes") or self.is_in(number, "attributive")
        degree = self.tag(number) == "RB" and self.text(number).endswith("ly")
        return self.is_attribute(number) or listed or degree or self.tag(number) in ("VBN", "CD", "RBS", "RBR")

    def is_attribute(self, number: int) -> bool:
        """Whether this may be said of a noun before it ("hair is long"): a colour, an adjective, a compound."""
        if self.is_in(number, "no_attributes"):
            return False
        said = self.is_colour(number) or self.is_compound(number) or self.is_in(number, "attributes")
        return said or (self.tag(number).startswith("JJ") and not self.is_keyword(number))

    def may_be_said(self, number: int) -> bool:
        """Whether this is an attribute or stands between two ("long and blonde")."""
        return self.is_attribute(number) or self.is_in(number, "joins")

    def is_said(self, number: int) -> bool:
        """Whether a participle is said of a noun before it: "is striped", but not "is pulled back"."""
        participle = self.tag(number) == "VBN" and not self.is_in(number, "no_attributes")
        return participle and self.tag(number + 1) not in ("IN", "RB", "RP", "TO")


@lru_cache(maxsize=2**16)
def _is_colour(word: str) -> bool:
    colours = _lists()["colours"]
    return all(part in colours or part.removesuffix("ish") in colours for part in re.split("[-/]", word))


@cache
def compounds() -> re.Pattern[str]:
    """Return the pattern of modifiers of several words before a noun, in lower case."""
    rules = grammar("en")
    lengths = rf"(?:{'|'.join(rules['measures'])})[ -]+(?:{'|'.join(rules['extents'])})(?:ed)?"
    listed = "|".join(re.sub(r"[ -]", "[ -]+", form) for form in sorted(rules["compounds"], key=len, reverse=True))
    # "she slips on shoes", "a red button up" and "the sleeves rolled up" have no such modifier.
    return re.compile(rf"\b(?:{lengths}|(?:{listed})(?=[ ,-]+(?!(?:{'|'.join(rules['stops'])})\b)\w))\b(?!['’])")


@cache
def _token() -> re.Pattern[str]:
    colour = rf"(?:{'|'.join(sorted(grammar('en')['colours'], key=len, reverse=True))})"
    colours = rf"\b{colour}(?:/{colour})+\b"  # one word, unlike "hoodie/black pants"
    word = r"\d+/\d+|[^\W_]+(?:['’-][^\W_]+)*"
    return re.compile(rf"(?P<compound>{compounds().pattern})|{colours}|{word}|[^\s_]", re.IGNORECASE)


@cache
def _lists() -> dict[str, frozenset[str]]:
    return {name: frozenset(words) for name, words in grammar("en").items() if isinstance(words, list)}
