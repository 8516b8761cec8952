"""English captions in four styles of annotators.

The styles follow the captions of CUHK-PEDES (Li et al. 2017); the grammar is our own. Each
style has a method.
"""

import random
import re
from collections.abc import Mapping

from glalign.synthetic.captions.clauses_en import EnglishClauses
from glalign.synthetic.captions.generator import Caption
from glalign.synthetic.captions.phrases_en import article
from glalign.synthetic.captions.typos_en import add_typos
from glalign.synthetic.domains.domain import Domain

SHORTEST, LONGEST = 9, 115
"""Minimum and maximum number of words of a caption."""
STYLES = {"listing": 0.4, "narrative": 0.55, "notes": 0.42, "observation": 0.75}
"""Style -> mean of `detail` (0..1), how much its annotators describe."""


def caption(visible: Mapping[str, str], rng: random.Random, style: str, domain: Domain) -> Caption:
    """Generate a caption of 9 to 115 words. visible: as `visible_attributes` returns; style: a key of STYLES."""
    while True:
        generator = _Styles(visible, rng, domain, STYLES[style])
        text = re.sub(r" +", " ", getattr(generator, style)()).strip()
        text = add_typos(rng, text[0].upper() + text[1:], domain)
        for tail in generator.padding():
            if len(text.split()) >= SHORTEST:
                break
            text = f"{text} {tail}"
        if SHORTEST <= len(text.split()) <= LONGEST:
            return Caption(text, list(dict.fromkeys(generator.facts)), [])


class _Styles(EnglishClauses):
    """One method for each style; it makes the whole caption."""

    def listing(self) -> str:
        """One sentence that lists the garments."""
        verb = self.rng.choice(("in", "wearing", "wearing", "who is wearing"))
        items = self.garments(0.3)
        if self.chance(0.6 + self.detail * 0.4):
            items += self.accessories(0.3)
        text = f"{article(self.subject())} {verb} {self.series(items)}"
        if carried := self.carried(0.7):
            text += f" {self.rng.choice(('carrying', 'and carrying', 'with'))} {self.series(carried)}"
        return text + "."

    def narrative(self) -> str:
        """Sentences about clothes, then hair and bag."""
        who, he, self.predicative = self.subject_with_article(), self.he, 0.022
        items, extra = self.garments(0.09), []
        if self.chance(0.3):
            items += self.accessories(0.4)
        elif self.chance(0.7):
            extra = self.accessories(0.4)
        verb = self.verb("wears", "is wearing", "is wearing", "wears", "has on")
        hair = self.hair() if "hair_length" in self.visible and self.chance(0.52) else ""
        if hair and self.chance(0.35):
            sentences = [f"{who} with {hair} {verb} {self.series(items)}."]
        elif hair and self.chance(0.4):
            sentences = [f"{who} has {hair}.", f"{he} {verb} {self.series(items)}."]
        elif len(items) > 2 and self.chance(0.25):
            sentences = [f"{who} {verb} {self.series(items[:-1])}."]
            sentences.append(f"{he} {self.rng.choice(('is also wearing', 'has on', 'is wearing'))} {items[-1]}.")
        else:
            sentences = [f"{who} {verb} {self.series(items)}."]
        if hair and hair not in sentences[0]:
            sentences.append(f"{he} has {hair}.")
        if extra:
            sentences.append(f"{he} {self.rng.choice(('is also wearing', 'is wearing', 'has'))} {self.series(extra)}.")
        if carried := self.carried(0.85):
            carries = self.verb("carries", "is carrying", "carries", "is also carrying", "has")
            sentences.append(f"{he} {carries} {self.series(carried)}.")
        sentences += [f"{text}." for text in self.later]
        if self.chance(0.2):
            sentences.insert(self.rng.randint(1, len(sentences)), f"{he} {self.view_or_pace()}.")
        if remark := self.remark(0.2):
            sentences.append(remark)
        return _paragraph(sentences)

    def notes(self) -> str:
        """A terse note, often without a verb."""
        items, who = self.garments(0.1), self.subject()
        worn = self.series(items + (self.accessories(0.3) if self.chance(0.75) else []))
        things = self.carried(0.7)
        carried = f"{self.rng.choice((', carrying', ' and carrying', ' with'))} {self.series(things)}" if things else ""
        hair = self.hair() if "hair_length" in self.visible and self.chance(0.5) else ""
        shape = self.rng.randrange(4)
        if shape == 0:
            return f"{who} with {hair} wearing {worn}{carried}." if hair else f"{who} wearing {worn}{carried}."
        if shape == 1:
            return f"wearing {worn}, {'the' if self.chance(0.8) else 'this'} {who} {self.view_or_pace()}{carried}."
        if shape == 2:
            bare = [re.sub(r"^(a pair of|an?) ", "", item) for item in items]
            return f"{who}, {hair + ', ' if hair else ''}{', '.join(bare)}{carried}."
        return f"{who} is dressed in {worn}{carried}{' and has ' + hair if hair else ''}."

    def observation(self) -> str:
        """Many short sentences, view and action first, with filler."""
        he, self.predicative = self.he, 0.035
        first = {"back": "from behind", "front": "from the front", "side": "from the side"}[self.visible["view"]]
        if self.chance(0.06):
            self.add_fact("view")
            sentences = [f"this is {article(self.subject())} {first}."]
        else:
            sentences = [f"{self.subject_with_article()} {self.view_or_pace()}."]
        body = []
        if "hair_length" in self.visible and self.chance(0.75):
            plain = self.visible["hair_length"] != "bald" and self.chance(self.predicative)
            body.append(f"{self.predicate('hair')}." if plain else f"{he} has {self.hair()}.")
        items = self.garments(0.14)
        if items:
            body.append(f"{he} is wearing {items[0]}.")
        if len(items) > 1:
            wears = self.verb("wears", "has on", "is also wearing", "wears")
            body.append(f"{he} {wears} {self.series(items[1:])}.")
        if extra := self.accessories(0.55):
            body.append(f"{he} {self.rng.choice(('has', 'is also wearing', 'has on'))} {self.series(extra)}.")
        if carried := self.carried(0.85):
            carries = self.verb("carries", "is carrying", "carries", "appears to be carrying")
            body.append(f"{he} {carries} {self.series(carried)}.")
        body += [*(f"{text}." for text in self.later), *self.filler()]
        if body and self.chance(0.25):
            self.rng.shuffle(body)
            body[0] = body[0].replace(" is also wearing", " is wearing", 1)
        return _paragraph(sentences + body)


def _paragraph(sentences: list[str]) -> str:
    """Join sentences and capitalise each."""
    return " ".join(sentence[0].upper() + sentence[1:] for sentence in sentences)
