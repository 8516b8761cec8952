"""Phrase tables: the rendering of every phrase of a source language, and the facts that its words state."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from glalign.support.errors import UserError
from glalign.synthetic.translation.long_tail_entries import add_long_tail

DATA_FILES = ("*.yaml",)  # part of the digest of every stage that imports this module
FOLDER = Path(__file__).parent
DIRECTIONS = (("en", "vi"), ("vi", "en"))
TOKEN = re.compile(r"[^\W_]+(?:[-'][^\W_]+)*|[^\w\s]")
PRONOUNS = (("he", "his", "him", "anh ấy"), ("she", "her", "her", "cô ấy"))
"""Values of <he>, <his>, <him> and <who> in a table."""


class WrongRendering(NamedTuple):
    """A wrong rendering. kind: of error. gains: the facts that it states instead. weight: among those of its kind."""

    kind: str
    target: str
    gains: Mapping[str, str]
    weight: float = 1.0


class Entry(NamedTuple):
    """One phrase. kind: noun, modifier, colour, determiner, join, other or place.

    targets: its rendering and, if different, the one after a pronoun. facts: attribute -> values that the words may
    state; "colour", "tone" and "grue" are of the noun's item. items: what a noun may stand for. also: facts that even a
    vague rendering of a noun states. region: body region of a noun or place. rank: order of a modifier. wrong: its
    wrong renderings.
    """

    kind: str
    targets: tuple[str, ...]
    facts: Mapping[str, tuple[str, ...]]
    items: tuple[str, ...] = ()
    also: Mapping[str, str] | None = None
    region: str | None = None
    classifier: str = ""
    rank: int = 0
    wrong: tuple[WrongRendering, ...] = ()


class Segment(NamedTuple):
    """A part source[start:end] of a caption that one entry covers; entry None: an unknown word or punctuation."""

    text: str
    start: int
    end: int
    entry: Entry | None

    @property
    def position(self) -> tuple[int, int]:
        """Start and end in the source text."""
        return self.start, self.end


class PhraseTable:
    """The entries of one direction.

    classifiers: Vietnamese classifiers for wrong renderings. mass: English nouns without article. pairs: items that
    come in pairs. behind: English modifiers that follow their noun.
    """

    def __init__(self, source: str, target: str) -> None:
        if (source, target) not in DIRECTIONS:
            known = " and ".join(f"{a} to {b}" for a, b in DIRECTIONS)
            raise UserError(f"translate.to: no phrase table from {source!r} to {target!r}; there are {known}")
        self.source, self.target = source, target
        raw, file = _read(f"{source}_{target}"), FOLDER / f"{source}_{target}.yaml"
        add_long_tail(raw, source)
        self.classifiers = tuple(raw.get("classifiers", {}).get("wrong", ()))
        self.mass, self.pairs, self.behind = (frozenset(raw.get(key, ())) for key in ("mass", "pairs", "behind"))
        self.entries: dict[tuple[str, ...], Entry] = {}
        wrong = _wrong(raw["errors"])
        for phrase, entry in _entries(raw, wrong):
            key = tuple(TOKEN.findall(phrase.lower()))
            if key in self.entries:
                raise UserError(f"{file}: {phrase!r} comes twice; keep one entry")
            self.entries[key] = entry
        if lost := sorted(phrase for phrase in wrong if tuple(TOKEN.findall(phrase)) not in self.entries):
            raise UserError(f"{file}: errors: no entry for {lost[0]!r}; add it above")
        self._longest = max(map(len, self.entries))

    def segment(self, text: str) -> list[Segment]:
        """Split a caption by longest match from left to right; unknown words and punctuation are segments too."""
        tokens = list(TOKEN.finditer(text))
        words = [token.group().lower() for token in tokens]
        segments, at = [], 0
        while at < len(tokens):
            sizes = range(min(self._longest, len(tokens) - at), 0, -1)
            size = next((n for n in sizes if tuple(words[at : at + n]) in self.entries), 1)
            start, end = tokens[at].start(), tokens[at + size - 1].end()
            segments.append(Segment(text[start:end], start, end, self.entries.get(tuple(words[at : at + size]))))
            at += size
        return segments


phrase_table = cache(PhraseTable)
"""The table of a direction (source, target), read once. Raises: UserError for an unknown direction."""


@cache
def rates() -> dict[str, Any]:
    """Return kind of error -> probability per place where it is possible (translation/rates.yaml)."""
    return _read("rates")


def _read(name: str) -> dict[str, Any]:
    from glalign.storage.yaml_files import read_yaml  # noqa: PLC0415  (only translators need it)

    return read_yaml(FOLDER / f"{name}.yaml")


def _wrong(errors: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[WrongRendering, ...]]:
    """Return source phrase -> wrong renderings, in the order of the kinds."""
    found: dict[str, tuple[WrongRendering, ...]] = {}
    for kind, phrases in errors.items():
        for pattern, value in phrases.items():
            for phrase, _ in _with_pronouns(pattern, ""):
                options = value if isinstance(value, list) else [value]
                made = (WrongRendering(kind, o["to"], o.get("gains", {}), o.get("weight", 1.0)) for o in options)
                found[phrase] = (*found.get(phrase, ()), *made)
    return found


def _entries(raw: Mapping[str, Any], wrong: Mapping[str, tuple[WrongRendering, ...]]) -> Iterator[tuple[str, Entry]]:
    """Yield (phrase, entry) of every phrase of a table."""

    def made(kind: str, phrases: Mapping[str, Any], **fields: Any) -> Iterator[tuple[str, Entry]]:
        for pattern, value in phrases.items():
            parts = value if isinstance(value, list) else [value]
            stated = [pair for part in parts if isinstance(part, dict) for pair in part.items()]
            facts = {name: tuple(values) if isinstance(values, list) else (values,) for name, values in stated}
            targets = [part for part in parts if isinstance(part, str)]
            for phrase, target in _with_pronouns(pattern, targets[0]):
                yield phrase, Entry(kind, (target, *targets[1:]), facts, wrong=wrong.get(phrase, ()), **fields)

    for group in raw["nouns"].values():
        fields = {"items": tuple(group["items"]), "region": group["region"], "also": group.get("also")}
        yield from made("noun", group["words"], classifier=group.get("classifier", ""), **fields)
    for rank, phrases in raw["modifiers"].items():
        yield from made("modifier", phrases, rank=rank)
    for phrase, entry in made("colour", raw["colours"], rank=max(raw["modifiers"]) + 1):
        yield phrase, entry
        if "colour_word" in raw and not phrase.endswith(raw["colour_word"]):
            yield f"{raw['colour_word']} {phrase}", entry
    for kind in ("determiner", "join", "other"):
        yield from made(kind, raw[f"{kind}s"])
    for region, phrases in raw["places"].items():
        yield from made("place", phrases, region=None if region == "none" else region)


def _with_pronouns(pattern: str, target: str) -> Iterator[tuple[str, str]]:
    """Yield the phrase with its rendering, once for each of PRONOUNS if it has a placeholder."""
    if "<" not in pattern:
        yield pattern, target
        return
    for he, his, him, who in PRONOUNS:
        phrase = pattern.replace("<he>", he).replace("<his>", his).replace("<him>", him)
        yield phrase, target.replace("<who>", who)
