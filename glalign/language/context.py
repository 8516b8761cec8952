"""Which noun phrases say something of the person: not viewpoints, places on the body, prints, what is absent, verbs."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import dropwhile
from typing import Any

from glalign.language.lexicon import context
from glalign.language.noun_chunks import Chunk


def describes_wearer(text: str, chunks: Sequence[Chunk], language: str) -> list[bool]:
    """Return for each chunk, in the order of the text, whether its keywords may count.

    text: in Vietnamese with joined syllables. They do not in a place on the body ("on her left shoulder"), in a
    viewpoint ("from the back", "the camera"), in a picture ("a shirt with a face on the front"), in what is absent
    ("without a hat or scarf") or not shown ("her shoes are not visible") and in a verb ("he heads left"). The words
    are those of lexicon/context.yaml.
    """
    lower, found, absent, pictured = text.lower(), [], False, False
    if len(lower) != len(text):
        lower = "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)
    end = 0
    for chunk in chunks:
        around = _Context(lower, end, chunk, language)
        absent = around.is_absent() or (absent and around.is_alternative())
        pictured = around.is_picture() or (pictured and around.is_within())
        others = around.is_unseen() or around.is_place() or around.is_viewpoint() or around.is_verb()
        found.append(not (absent or pictured or others))
        end = max(end, chunk.end)
    return found


NEVER = "(?!)"
"""Pattern that matches nothing, of a list that a language does not have."""


class _Context:
    """A chunk in its caption, of which the characters up to `free_from` belong to earlier chunks."""

    def __init__(self, text: str, free_from: int, chunk: Chunk, language: str):
        self.rules, self.patterns = _rules(language), _patterns(language)
        self.gap = " ".join(text[free_from : chunk.start].replace("’", "'").split())
        self.after = text[chunk.end :]
        following = self.patterns["words"].match(self.after.lstrip())
        self.following = following.group() if following else ""
        self.before = " ".join(text[: chunk.start].split())
        self.chunk = text[chunk.start : chunk.end].split()
        said = self.patterns["determined"].sub(" ", f" {' '.join(self.chunk)} ").split()
        self.noun = said[0] if len(said) == 1 else ""
        words = self.patterns["words"].findall(text[max(0, chunk.start - 60) : chunk.start])
        self.determiners = [word for word in words[::-1] if word in self.rules["determiners"]][:1]
        self.last = next(dropwhile(self._is_determiner, reversed(words)), "")

    def _is_determiner(self, word: str) -> bool:
        return word in self.rules["determiners"] or word in self.rules["sides"]

    def is_place(self) -> bool:
        """Whether this is a bare part of the body: in Vietnamese, and of the face, only after a preposition."""
        after_preposition = self.last in self.rules["prepositions"]
        bare = self.noun in self.rules["body"] and (after_preposition or self.rules["bare"])
        return bare or (self.noun in self.rules["face"] and after_preposition)

    def is_viewpoint(self) -> bool:
        """Whether one who looks or takes the picture is meant, or a side of something ("from the top")."""
        sees = self.noun in self.rules["viewpoints"]
        looked_at = self.last in self.rules["looks"] or (self.determiners == ["the"] and not self._is_held())
        side = self.noun in self.rules["sights"]
        of_something = self.after.lstrip().startswith("of ")
        return (sees and looked_at) or (side and (self.last in self.rules["prepositions"] or of_something))

    def _is_held(self) -> bool:
        return self.last in self.rules["holding"]

    def is_absent(self) -> bool:
        """Whether words before this say that the person has no such thing ("no hat", "without a bag")."""
        first = self.chunk[0] if self.chunk else ""
        if first in self.rules["absent"]:
            return self.chunk[1:2] != [] and self.chunk[1] not in self.rules["lacking"]
        return first not in self.rules["lacking"] and bool(self.patterns["absence"].search(self.gap))

    def is_unseen(self) -> bool:
        """Whether the caption goes on to say that this is not to be seen."""
        return bool(self.patterns["unseen"].match(self.after))

    def is_alternative(self) -> bool:
        """Whether "or", "nor" or the like joins this to the phrase before it ("without a hat or a scarf")."""
        return bool(self.patterns["alternatives"].fullmatch(self.gap))

    def is_within(self) -> bool:
        """Whether this goes on to tell what the phrase before it shows ("a picture of a girl in a hat")."""
        return self.gap.split(" ")[0] in self.rules["within"]

    def is_picture(self) -> bool:
        """Whether this is shown on a garment."""
        if self.patterns["pictures"].search(self.before + " "):
            return True
        head = self.chunk[-1] if self.chunk else ""
        indefinite = not self.determiners or self.determiners[0] in self.rules["indefinite"]
        if head in self.rules["prints"] or (indefinite and self.patterns["inked"].match(self.after)):
            return True
        no_person = any(word.removesuffix("'s") in self.rules["creatures"] for word in self.chunk[:-1])
        on_garment = self.patterns["printed"].match(self.after) or self.following in self.rules["prints"]
        return head in self.rules["face"] and (no_person or (indefinite and bool(on_garment)))

    def is_verb(self) -> bool:
        """Whether a keyword stands between a subject and an object."""
        if len(self.chunk) != 1 or self.chunk[0] not in self.rules["verbs"]:
            return False
        subject = self.before.endswith((",", ".", ";")) or self.before.split(" ")[-1] in self.rules["subjects"]
        return self.following in self.rules["objects"] and subject


@cache
def _patterns(language: str) -> dict[str, re.Pattern[str]]:
    """Patterns of a chunk's determiners, of words, and of what stands before or behind the chunk."""
    lists = {
        name: "|".join(map(re.escape, sorted(words, key=len, reverse=True))) or NEVER
        for name, words in _rules(language).items()
        if not isinstance(words, bool)
    }
    determiner = f"(?:(?:{lists['determiners']}) )"
    on_garment = rf"(?:{lists['onto']}) {determiner}*(?:{lists['garments']})\b"
    words_of = "|".join(f" {word}" if word else "" for word in _rules(language)["of"])
    patterns = {
        "determined": rf"(?<=\s)(?:{lists['determiners']}|{lists['sides']})(?=\s)",
        "words": r"[\w'’-]+",
        "absence": rf"(?<!\w)(?:{lists['negations']})(?: (?:{lists['between']}))*$",
        "alternatives": rf",? ?(?:{lists['alternatives']})(?: (?:{lists['negations']}|{lists['between']}))*",
        "pictures": rf"(?<!\w)(?:(?:{lists['shows']})(?:{words_of})|{lists['decorated']}) {determiner}*$",
        "unseen": rf"\s*(?:{lists['unseen']})\b",
        "printed": rf"(?: \w+)?(?: (?:{lists['inked']}))? {on_garment}",
        "inked": rf"(?: (?:is|that is))? (?:{lists['inked']}) {on_garment}",
    }
    return {name: re.compile(pattern) for name, pattern in patterns.items()}


@cache
def _rules(language: str) -> Mapping[str, Any]:
    """Return the lists of a language; one that it does not have is empty."""
    return {**dict.fromkeys(context("en"), ()), **context(language)}
