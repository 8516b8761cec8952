"""A phrase table: what stands for each phrase of a source language, and what its words commit a caption to."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from glalign.support.errors import UserError

DATA_FILES = ("*.yaml",)  # part of the digest of every stage that imports this module
FOLDER = Path(__file__).parent
DIRECTIONS = (("en", "vi"), ("vi", "en"))
TOKEN = re.compile(r"[^\W_]+(?:[-'][^\W_]+)*|[^\w\s]")
PEOPLE = (("he", "his", "anh ấy"), ("she", "her", "cô ấy"))
"""What <he>, <his> and <who> of a table stand for."""


@dataclass(frozen=True)
class Wrong:
    """A rendering that the source does not ask for. kind: of error; gains: what it says in place of what was said."""

    kind: str
    target: str
    gains: Mapping[str, str]
    weight: float = 1.0


@dataclass(frozen=True)
class Entry:
    """One phrase. kind: noun, modifier, colour, determiner, join, other or place.

    targets: its rendering, and the one behind a pronoun where that differs. says: attribute to values that the words
    commit to; "colour", "tone" and "grue" take the item of the noun in front. items: what a noun may stand for, and
    `also` what it says however vaguely it is put. region: of the noun or place. rank: of a modifier.
    """

    kind: str
    targets: tuple[str, ...]
    says: Mapping[str, tuple[str, ...]]
    items: tuple[str, ...] = ()
    also: Mapping[str, str] | None = None
    region: str | None = None
    classifier: str = ""
    rank: int = 0
    wrong: tuple[Wrong, ...] = ()


@dataclass(frozen=True)
class Piece:
    """A stretch source[start:end] that one entry covers; without an entry, a word or a sign that no entry covers."""

    text: str
    start: int
    end: int
    entry: Entry | None


class PhraseTable:
    """The entries of one direction.

    classifiers: wrong Vietnamese ones; mass: English nouns without article; pairs: items that come in pairs; behind:
    English modifiers that follow their noun.
    """

    def __init__(self, source: str, target: str) -> None:
        if (source, target) not in DIRECTIONS:
            known = " and ".join(f"{a} to {b}" for a, b in DIRECTIONS)
            raise UserError(f"translate.to: no phrase table from {source!r} to {target!r}; there are {known}")
        self.source, self.target = source, target
        raw = _read(f"{source}_{target}")
        self.classifiers = tuple(raw.get("classifiers", {}).get("wrong", ()))
        self.mass, self.pairs, self.behind = (frozenset(raw.get(key, ())) for key in ("mass", "pairs", "behind"))
        self.entries: dict[tuple[str, ...], Entry] = {}
        wrong = _wrong(raw["errors"])
        for phrase, entry in _entries(raw, wrong):
            key = tuple(TOKEN.findall(phrase.lower()))
            if key in self.entries:
                raise UserError(f"{FOLDER / f'{source}_{target}.yaml'}: {phrase!r} comes twice; keep one entry")
            self.entries[key] = entry
        if lost := sorted(phrase for phrase in wrong if tuple(TOKEN.findall(phrase)) not in self.entries):
            raise UserError(f"{FOLDER / f'{source}_{target}.yaml'}: errors: no entry for {lost[0]!r}; add it above")
        self._longest = max(map(len, self.entries))

    def segment(self, text: str) -> list[Piece]:
        """Longest match from left to right; a word that no entry covers, and a sign, is a piece of its own."""
        tokens = list(TOKEN.finditer(text))
        words = [token.group().lower() for token in tokens]
        pieces, at = [], 0
        while at < len(tokens):
            for size in range(min(self._longest, len(tokens) - at), 0, -1):
                entry = self.entries.get(tuple(words[at : at + size]))
                if entry or size == 1:
                    start, end = tokens[at].start(), tokens[at + size - 1].end()
                    pieces.append(Piece(text[start:end], start, end, entry))
                    at += size
                    break
        return pieces


@cache
def phrase_table(source: str, target: str) -> PhraseTable:
    """The table from a language to another, read once. Raises: UserError for an unknown direction."""
    return PhraseTable(source, target)


@cache
def rates() -> dict[str, Any]:
    """How often each kind of error happens where it can (translation/rates.yaml)."""
    return _read("rates")


def _read(name: str) -> dict[str, Any]:
    import yaml  # noqa: PLC0415  (only translators need it)

    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


def _wrong(errors: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[Wrong, ...]]:
    """Wrong renderings by source phrase, in the order of the kinds."""
    found: dict[str, tuple[Wrong, ...]] = {}
    for kind, phrases in errors.items():
        for pattern, value in phrases.items():
            for phrase, _ in _people(pattern, ""):
                options = value if isinstance(value, list) else [value]
                made = (Wrong(kind, one["to"], one.get("gains", {}), one.get("weight", 1.0)) for one in options)
                found[phrase] = (*found.get(phrase, ()), *made)
    return found


def _entries(raw: Mapping[str, Any], wrong: Mapping[str, tuple[Wrong, ...]]) -> Iterator[tuple[str, Entry]]:
    """Every phrase of a table with its entry."""

    def made(kind: str, phrases: Mapping[str, Any], **facts: Any) -> Iterator[tuple[str, Entry]]:
        for pattern, value in phrases.items():
            parts = value if isinstance(value, list) else [value]
            says = {
                attribute: tuple(values) if isinstance(values, list) else (values,)
                for part in parts
                if isinstance(part, dict)
                for attribute, values in part.items()
            }
            targets = [part for part in parts if isinstance(part, str)]
            for phrase, target in _people(pattern, targets[0]):
                entry = Entry(kind, (target, *targets[1:]), says, wrong=wrong.get(phrase, ()), **facts)
                yield phrase, entry

    for group in raw["nouns"].values():
        facts = {"items": tuple(group["items"]), "region": group["region"], "also": group.get("also")}
        yield from made("noun", group["words"], classifier=group.get("classifier", ""), **facts)
    for rank, phrases in raw["modifiers"].items():
        yield from made("modifier", phrases, rank=rank)
    for phrase, entry in made("colour", raw["colours"], rank=max(raw["modifiers"]) + 1):
        yield phrase, entry
        if "colour_word" in raw and not phrase.endswith(raw["colour_word"]):
            yield f"{raw['colour_word']} {phrase}", entry
    yield from made("determiner", raw["determiners"])
    yield from made("join", raw["joins"])
    yield from made("other", raw["others"])
    for region, phrases in raw["places"].items():
        yield from made("place", phrases, region=region)


def _people(pattern: str, target: str) -> Iterator[tuple[str, str]]:
    """A phrase with its rendering, for him and for her where it says who."""
    if "<" not in pattern:
        yield pattern, target
        return
    for he, his, who in PEOPLE:
        yield pattern.replace("<he>", he).replace("<his>", his), target.replace("<who>", who)
