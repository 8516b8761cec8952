"""Vietnamese captions in four styles of annotators.

The styles follow the habits of native annotators of pedestrian data; the grammar is our own. Each style has
a method.
"""

import random
import re
from collections.abc import Mapping

from glalign.synthetic.captions.clauses_vi import VietnameseClauses
from glalign.synthetic.captions.generator import Caption
from glalign.synthetic.captions.phrases_vi import unmarked
from glalign.synthetic.captions.typos_vi import add_typos
from glalign.synthetic.domains.domain import Domain

SHORTEST, LONGEST = 7, 95
"""Minimum and maximum number of space-separated words (mostly syllables), as in 3000VnPerson-Search (GLAlign, section
4.1.1)."""
STYLES = {"listing": 0.66, "sentence": 0.66, "narrative": 0.54, "observation": 0.75}
"""Style -> mean of `detail` (0..1), how much its annotators describe."""


def caption(visible: Mapping[str, str], rng: random.Random, style: str, domain: Domain) -> Caption:
    """Generate a caption of 7 to 95 words. visible: as `with_grue` returns; style: a key of STYLES."""
    while True:
        generator = _Styles(visible, rng, domain, STYLES[style])
        text = getattr(generator, style)()
        while len(text.split()) < SHORTEST:
            text = f"{text.rstrip('.')}, {generator.view_or_pace()}."
        text, phrases = unmarked(add_typos(rng, text, domain), generator.marks)
        if SHORTEST <= len(text.split()) <= LONGEST:
            return Caption(text, list(dict.fromkeys(generator.facts)), phrases)


class _Styles(VietnameseClauses):
    """One method for each style; it makes the whole caption."""

    def listing(self) -> str:
        """Clauses separated by commas, mostly in lower case."""
        clauses = self.head(0.66) + self.garments(verbs=0.85, classifier=0.04) + self.carried(0.92)
        if self.chance(0.03):
            clauses.append(self.view_or_pace())
        if self.chance(0.2 * self.detail):
            clauses += self.filler()
        who = self.subject(("nam", "nữ"))
        text = f"{who} {', '.join(clauses)}" if clauses else who
        text = text if self.chance(0.93) else _capital(text)
        return text + ("." if self.chance(0.97) else "")

    def sentence(self) -> str:
        """One sentence about "một cô gái" or the like."""
        who = self.subject(("người đàn ông", "nam thanh niên", "người phụ nữ", "cô gái", "nữ thanh niên", "chàng trai"))
        clauses = self.head(0.66) + self.garments(verbs=0.8, classifier=0.12) + self.carried(0.9)
        if self.chance(0.05):
            clauses.append(self.view_or_pace())
        return f"{_capital(('một ' if self.chance(0.6) else '') + who + ' ' + self.series(clauses))}."

    def narrative(self) -> str:
        """One or two sentences with classifiers and "và"."""
        who = self.subject(("người đàn ông", "nam thanh niên", "người phụ nữ", "cô gái", "nữ thanh niên"))
        start = f"{'một ' if self.chance(0.74) else ''}{who}"
        first = self.head(0.68) + self.garments(verbs=0.46, classifier=0.4)
        carried = self.carried(0.9)
        if self.chance(0.3):
            carried += [self.view_or_pace(), *self.filler()]
        if carried and self.chance(0.5):
            return f"{_capital(f'{start} {self.series(first)}')}. {self.pronoun()} {self.series(carried)}."
        return f"{_capital(f'{start} {self.series(first + carried)}')}."

    def observation(self) -> str:
        """Short sentences, view and action first, with filler."""
        who = self.subject(("người đàn ông", "chàng trai", "anh thanh niên", "cô gái", "người phụ nữ", "bạn nữ"))
        sentences = [f"{who} {self.view_or_pace()}"]
        if head := self.head(0.7, having=1.0):
            sentences.append(f"{self.pronoun()} {self.series(head)}")
        if worn := self.garments(verbs=0.4, classifier=0.24):
            sentences.append(f"{self.pronoun()} {self.series(worn)}")
        if rest := self.carried(0.92) + self.filler():
            sentences.append(", ".join(rest))
        return " ".join(f"{_capital(s)}." for s in sentences)

    def pronoun(self) -> str:
        """Draw a word for "he" or "she", or "this person"."""
        if self.chance(0.2):
            return "Người này"
        return self.rng.choice(("Anh ấy", "Anh ta") if self.visible["sex"] == "man" else ("Cô ấy", "Chị ấy"))

    def series(self, clauses: list[str]) -> str:
        """Join clauses as "a, b và c" or by commas; no clauses give "mặc quần áo thường ngày"."""
        if not clauses:
            return "mặc quần áo thường ngày"
        if len(clauses) == 1 or self.chance(0.4):
            return ", ".join(clauses)
        return f"{', '.join(clauses[:-1])} và {clauses[-1]}"


def _capital(text: str) -> str:
    """Capitalise the first letter of `text`, which may follow a marker.

    >>> _capital("áo đen")
    'Áo đen'
    """
    return re.sub(r"[^\W\d_]", lambda match: match.group().upper(), text, count=1)
