"""The result of a translation: the text, its facts, and errors and phrases with their positions in both texts."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from glalign.synthetic.captions.generator import Facts, Phrase


@dataclass
class Span:
    """A part of the target text; start and end are set when the whole text is known."""

    text: str
    start: int = 0
    end: int = 0


@dataclass(frozen=True)
class ErrorRecord:
    """One translation error.

    source: start and end in the source text. spans: its rendering, empty if it was lost. region: body region. harmful:
    whether the translation states something else than the source. lost, gained: facts.
    """

    kind: str
    source: tuple[int, int]
    spans: list[Span]
    region: str | None
    harmful: bool
    lost: Facts = field(default_factory=list)
    gained: Facts = field(default_factory=list)


class AlignedPhrase(NamedTuple):
    """A noun group or place: position in the source, rendering, body region and the facts that the rendering states."""

    source: tuple[int, int]
    spans: list[Span]
    region: str | None
    facts: Facts


class Translation(NamedTuple):
    """A translated caption. source, text: of the source and the target. facts: that `text` states."""

    source: str
    text: str
    facts: Facts
    errors: list[ErrorRecord]
    phrases: list[AlignedPhrase]

    def target_phrases(self) -> list[Phrase]:
        """Return the noun phrases of the target."""
        return [Phrase(*_position(phrase.spans), phrase.region, phrase.facts) for phrase in self.phrases]

    def log(self) -> dict[str, Any]:
        """Return errors and phrases as `translation.json` keeps them; a phrase is wrong if it has a harmful error."""
        wrong = [error.source for error in self.errors if error.harmful]
        phrases = [{**self._quotes(p.source, p.spans), "region": p.region,
                    "wrong": any(p.source[0] <= a and b <= p.source[1] for a, b in wrong)}
                   for p in self.phrases]  # fmt: skip
        errors = [{"kind": e.kind, **self._quotes(e.source, e.spans), "region": e.region, "harmful": e.harmful,
                   "lost": e.lost, "gained": e.gained} for e in self.errors]  # fmt: skip
        return {"errors": errors, "phrases": phrases}

    def _quotes(self, source: tuple[int, int], spans: list[Span]) -> dict[str, Any]:
        target = _quote(self.text, *_position(spans)) if spans else None
        return {"source": _quote(self.source, *source), "target": target}


def _quote(text: str, start: int, end: int) -> dict[str, Any]:
    return {"text": text[start:end], "start": start, "end": end}


def _position(spans: list[Span]) -> tuple[int, int]:
    """Return the start of the first and the end of the last span."""
    return min(span.start for span in spans), max(span.end for span in spans)
