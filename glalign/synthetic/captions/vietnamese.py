"""A Vietnamese caption says part of what one view shows, in one annotator's manner, and we keep its facts and phrases.

Manners after the habits of native annotators of pedestrian data, with a grammar of our own: "clerk" (one line of
clauses behind commas, mostly in lower case), "teller" (a sentence or two with classifiers and "và"), "onlooker" (view
and action first, short sentences, filler).
"""

import random
import re
from collections.abc import Mapping

from glalign.synthetic.captions.phrases_vi import Spoken, unmarked
from glalign.synthetic.captions.slips_vi import slip
from glalign.synthetic.captions.speaker_vi import Speaker
from glalign.synthetic.captions.witness import Facts
from glalign.synthetic.domains.setting import Domain
from glalign.synthetic.drawing.palette import choose

SHORTEST, LONGEST = 7, 95
"""Words between blanks (syllables, mostly); the range of 3000VnPerson-Search (GLAlign, section 4.1.1)."""
APPETITE = {"clerk": 0.42, "teller": 0.54, "onlooker": 0.75}


def caption(
    seen: Mapping[str, str], rng: random.Random, annotator: str, domain: Domain
) -> tuple[str, Facts, list[Spoken]]:
    """A caption of 7 to 95 words, the facts it names and its noun phrases.

    seen: `visible.visible` through `with_grue`; annotator: a key of APPETITE.
    """
    while True:
        speaker = _Annotator(seen, rng, domain, APPETITE[annotator])
        text = getattr(speaker, annotator)()
        while len(text.split()) < SHORTEST:
            text = f"{text.rstrip('.')}, {speaker.stance()}."
        text, phrases = unmarked(slip(rng, text, domain), speaker.marks)
        if len(text.split()) <= LONGEST:
            return text, list(dict.fromkeys(speaker.facts)), phrases


class _Annotator(Speaker):
    """The three manners."""

    def clerk(self) -> str:
        clauses = self.head(0.56) + self.worn(verbs=0.62, classifier=0.04) + self.load(0.88)
        if self.chance(0.12):
            clauses.append(self.stance())
        who = self.subject(("nam", "nữ"))
        text = f"{who} {', '.join(clauses)}" if clauses else who
        text = text if self.chance(0.72) else _capital(text)
        return text + ("." if self.chance(0.8) else "")

    def teller(self) -> str:
        who = self.subject(("người đàn ông", "nam thanh niên", "người phụ nữ", "cô gái", "nữ thanh niên"))
        start = f"{'một ' if self.chance(0.74) else ''}{who}"
        first = self.head(0.68) + self.worn(verbs=0.46, classifier=0.4)
        load = self.load(0.9)
        if self.chance(0.3):
            load += [self.stance(), *self.filler()]
        if load and self.chance(0.5):
            return f"{_capital(f'{start} {self.series(first)}')}. {self.pronoun()} {self.series(load)}."
        return f"{_capital(f'{start} {self.series(first + load)}')}."

    def onlooker(self) -> str:
        who = self.subject(("người đàn ông", "chàng trai", "anh thanh niên", "cô gái", "người phụ nữ", "bạn nữ"))
        sentences = [f"{who} {self.stance()}"]
        head = self.head(0.7, having=1.0)
        if head:
            sentences.append(f"{self.pronoun()} {self.series(head)}")
        worn = self.worn(verbs=0.4, classifier=0.24)
        if worn:
            sentences.append(f"{self.pronoun()} {self.series(worn)}")
        rest = self.load(0.92) + self.filler()
        if rest:
            sentences.append(", ".join(rest))
        return " ".join(f"{_capital(s)}." for s in sentences)

    def pronoun(self) -> str:
        """He or she, or "this person"."""
        if self.chance(0.2):
            return "Người này"
        return self.rng.choice(("Anh ấy", "Anh ta") if self.seen["sex"] == "man" else ("Cô ấy", "Chị ấy"))

    def series(self, clauses: list[str]) -> str:
        """ "a, b và c"; nothing to say is "mặc quần áo thường ngày"."""
        if not clauses:
            return "mặc quần áo thường ngày"
        if len(clauses) == 1 or self.chance(0.4):
            return ", ".join(clauses)
        return f"{', '.join(clauses[:-1])} và {clauses[-1]}"


def _capital(text: str) -> str:
    """`text` with its first letter, behind any mark, as a capital.

    >>> _capital("áo đen")
    'Áo đen'
    """
    return re.sub(r"[^\W\d_]", lambda match: match.group().upper(), text, count=1)


def two_captions(seen: Mapping[str, str], rng: random.Random, domain: Domain) -> list[tuple[str, Facts, list[Spoken]]]:
    """Captions of two annotators of different manner."""
    first = choose(rng, domain.vietnamese)
    second = choose(rng, {k: w for k, w in domain.vietnamese.items() if k != first})
    return [caption(seen, rng, manner, domain) for manner in (first, second)]
