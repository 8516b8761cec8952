"""What a translator hands back: the text, its facts, every error and every phrase with their places in both texts."""

from dataclasses import dataclass, field
from typing import Any

from glalign.synthetic.captions.phrases_vi import Spoken
from glalign.synthetic.captions.witness import Facts


@dataclass
class Out:
    """A rendered stretch and, once the text stands, where it is."""

    text: str
    start: int = 0
    end: int = 0


@dataclass(frozen=True)
class Error:
    """One thing gone wrong. source: characters in the source. outs: what stands for it, nothing where it was lost.
    harmful: whether the translation says something else than the source."""

    kind: str
    source: tuple[int, int]
    outs: list[Out]
    region: str | None
    harmful: bool
    lost: Facts = field(default_factory=list)
    gained: Facts = field(default_factory=list)


@dataclass(frozen=True)
class Phrase:
    """A noun group or place: source[source], its renderings, its region and the facts that it still says."""

    source: tuple[int, int]
    outs: list[Out]
    region: str | None
    facts: Facts


@dataclass(frozen=True)
class Translation:
    """text and facts of the target; errors and phrases with their places in both texts."""

    source: str
    text: str
    facts: Facts
    errors: list[Error]
    phrases: list[Phrase]

    def spoken(self) -> list[Spoken]:
        """The noun phrases of the target, as `truth.json` keeps them."""
        return [Spoken(*_place(phrase.outs), phrase.region, phrase.facts) for phrase in self.phrases]

    def log(self) -> dict[str, Any]:
        """What `translation.json` keeps: errors and aligned phrases; a phrase is wrong if a harmful error is in it."""
        wrong = [error.source for error in self.errors if error.harmful]
        phrases = [
            {"source": self._quote(self.source, p.source), "target": self._target(p.outs), "region": p.region,
             "wrong": any(p.source[0] <= a and b <= p.source[1] for a, b in wrong)}
            for p in self.phrases
        ]  # fmt: skip
        errors = [
            {"kind": e.kind, "source": self._quote(self.source, e.source), "target": self._target(e.outs),
             "region": e.region, "harmful": e.harmful, "lost": e.lost, "gained": e.gained}
            for e in self.errors
        ]  # fmt: skip
        return {"errors": errors, "phrases": phrases}

    def _target(self, outs: list[Out]) -> dict[str, Any] | None:
        return self._quote(self.text, _place(outs)) if outs else None

    @staticmethod
    def _quote(text: str, place: tuple[int, int]) -> dict[str, Any]:
        return {"text": text[place[0] : place[1]], "start": place[0], "end": place[1]}


def _place(outs: list[Out]) -> tuple[int, int]:
    """From the first character to the last of stretches."""
    return min(out.start for out in outs), max(out.end for out in outs)
