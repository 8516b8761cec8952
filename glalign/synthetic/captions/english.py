"""A caption says part of what one view shows, in one annotator's manner, and we keep the facts that it names.

Four manners, after the habits seen in CUHK-PEDES (Li et al. 2017), with a grammar of our own: "lister" (one sentence,
garments in a row), "narrator" (sentences about clothes, then hair and bag), "noter" (terse, often without a verb),
"observer" (many short sentences, view and action first, filler).
"""

import random
import re

from glalign.synthetic.captions.phrases_en import article
from glalign.synthetic.captions.slips_en import slip
from glalign.synthetic.captions.speaker_en import Speaker
from glalign.synthetic.captions.witness import Facts
from glalign.synthetic.domains.setting import Domain
from glalign.synthetic.drawing.palette import choose

SHORTEST, LONGEST = 9, 115
"""Words; the range that a caption of the default dataset may have."""
APPETITE = {"lister": 0.4, "narrator": 0.55, "noter": 0.42, "observer": 0.75}


def caption(seen: dict[str, str], rng: random.Random, annotator: str, domain: Domain) -> tuple[str, Facts]:
    """One caption of 9 to 115 words and the facts it names. seen: `visible.visible`; annotator: a key of APPETITE."""
    while True:
        speaker = _Annotator(seen, rng, domain, APPETITE[annotator])
        text = re.sub(r" +", " ", getattr(speaker, annotator)()).strip()
        text = slip(rng, text[0].upper() + text[1:], domain)
        for tail in speaker.padding():
            if len(text.split()) >= SHORTEST:
                break
            text = f"{text} {tail}"
        if SHORTEST <= len(text.split()) <= LONGEST:
            return text, list(dict.fromkeys(speaker.facts))


class _Annotator(Speaker):
    """The four manners."""

    def lister(self) -> str:
        verb = self.rng.choice(("in", "wearing", "wearing", "who is wearing"))
        items = self.garments(0.75)
        if self.chance(0.4 + self.rich * 0.4):
            items += self.extras(0.3)
        text = f"{article(self.subject())} {verb} {self.series(items)}"
        load = self.load(0.7)
        if load:
            text += f" {self.rng.choice(('carrying', 'and carrying', 'with'))} {self.series(load)}"
        return text + "."

    def narrator(self) -> str:
        who, he = self.the(), self.he
        sentences = []
        items = self.garments(0.14)
        if self.chance(0.3):
            items += self.extras(0.4)
            extra: list[str] = []
        else:
            extra = self.extras(0.4) if self.chance(0.7) else []
        verb = self.rng.choice(("is wearing", "is wearing", "wears", "has on"))
        hair = self.hair() if "hair_length" in self.seen and self.chance(0.52) else ""
        if hair and self.chance(0.35):
            sentences.append(f"{who} with {hair} {verb} {self.series(items)}.")
        elif hair and self.chance(0.4):
            sentences += [f"{who} has {hair}.", f"{he} {verb} {self.series(items)}."]
        elif len(items) > 2 and self.chance(0.25):
            sentences += [
                f"{who} {verb} {self.series(items[:-1])}.",
                f"{he} {self.rng.choice(('is also wearing', 'has on', 'is wearing'))} {items[-1]}.",
            ]
        else:
            sentences.append(f"{who} {verb} {self.series(items)}.")
        if hair and hair not in sentences[0]:
            sentences.append(f"{he} has {hair}.")
        if extra:
            sentences.append(f"{he} {self.rng.choice(('is also wearing', 'is wearing', 'has'))} {self.series(extra)}.")
        load = self.load(0.85)
        if load:
            sentences.append(
                f"{he} {self.rng.choice(('is carrying', 'carries', 'is also carrying', 'has'))} {self.series(load)}."
            )
        if self.chance(0.3):
            sentences.insert(self.rng.randint(1, len(sentences)), f"{he} {self.stance()}.")
        return self.join(sentences)

    def noter(self) -> str:
        items, who = self.garments(0.1), self.subject()
        worn = self.series(items + (self.extras(0.3) if self.chance(0.5) else []))
        load = self.load(0.7)
        carried = f"{self.rng.choice((', carrying', ' and carrying', ' with'))} {self.series(load)}" if load else ""
        hair = self.hair() if "hair_length" in self.seen and self.chance(0.5) else ""
        shape = self.rng.randrange(4)
        if shape == 0:
            return f"{who} with {hair} wearing {worn}{carried}." if hair else f"{who} wearing {worn}{carried}."
        if shape == 1:
            return f"wearing {worn}, {'the' if self.chance(0.8) else 'this'} {who} {self.stance()}{carried}."
        if shape == 2:
            bare = [re.sub(r"^(a pair of|an?) ", "", item) for item in items]
            return f"{who}, {hair + ', ' if hair else ''}{', '.join(bare)}{carried}."
        return f"{who} is dressed in {worn}{carried}{' and has ' + hair if hair else ''}."

    def observer(self) -> str:
        he = self.he
        first = {"back": "from behind", "front": "from the front", "side": "from the side"}[self.seen["view"]]
        start = self.rng.randrange(3)
        if start == 0:
            self.say("view")
            sentences = [f"this is {article(self.subject())} {first}."]
        else:
            sentences = [f"{self.the()} {self.stance()}."]
        body = []
        if "hair_length" in self.seen and self.chance(0.75):
            body.append(f"{he} has {self.hair()}.")
        items = self.garments(0.2)
        if items:
            body.append(f"{he} is wearing {items[0]}.")
        if len(items) > 1:
            body.append(f"{he} {self.rng.choice(('has on', 'is also wearing', 'wears'))} {self.series(items[1:])}.")
        extra = self.extras(0.55)
        if extra:
            body.append(f"{he} {self.rng.choice(('has', 'is also wearing', 'has on'))} {self.series(extra)}.")
        load = self.load(0.85)
        if load:
            body.append(
                f"{he} {self.rng.choice(('is carrying', 'carries', 'appears to be carrying'))} {self.series(load)}."
            )
        body += self.filler()
        if body and self.chance(0.25):
            self.rng.shuffle(body)
            body[0] = body[0].replace(" is also wearing", " is wearing", 1)
        return self.join(sentences + body)


def two_captions(seen: dict[str, str], rng: random.Random, domain: Domain) -> list[tuple[str, Facts]]:
    """Captions of two annotators of different manner."""
    first = choose(rng, domain.annotators)
    second = choose(rng, {k: w for k, w in domain.annotators.items() if k != first})
    return [caption(seen, rng, manner, domain) for manner in (first, second)]
