"""Grouping of segments into nouns with their determiner and modifiers; in Vietnamese modifiers follow the noun."""

from collections.abc import Sequence
from typing import NamedTuple

from glalign.synthetic.translation.phrase_table import Segment

MODIFIERS = ("modifier", "colour")


class NounGroup(NamedTuple):
    """A noun (`head`) with its determiner (or None) and modifiers.

    modifiers: in the source's order, with "and" and the commas between them.
    """

    determiner: Segment | None
    modifiers: tuple[Segment, ...]
    head: Segment

    @property
    def start(self) -> int:
        """Start in the source text."""
        return min(segment.start for segment in (self.determiner or self.head, *self.modifiers, self.head))

    @property
    def end(self) -> int:
        """End in the source text."""
        return max(segment.end for segment in (*self.modifiers, self.head))


def grouped(segments: Sequence[Segment], language: str) -> list[Segment | NounGroup]:
    """Group the segments of a caption; a segment that belongs to no noun stays as it is."""
    parts: list[Segment | NounGroup] = []
    at = 0
    while at < len(segments):
        group, size = _group(segments[at:], language)
        parts.append(group or segments[at])
        at += size
    return parts


def units(modifiers: Sequence[Segment]) -> list[list[Segment]]:
    """Split modifiers into units that stay together (e.g. colours joined by "and"); other joins are dropped."""
    found: list[list[Segment]] = []
    joined: Segment | None = None
    for segment in modifiers:
        if kind_of(segment) == "join":
            joined = segment if segment.text.lower() != "," else None
        else:
            if joined and found and kind_of(found[-1][-1]) == kind_of(segment):
                found[-1] += [joined, segment]
            else:
                found.append([segment])
            joined = None
    return found


def kind_of(segment: Segment) -> str:
    """Return the kind of a segment's entry; "" for punctuation and unknown words."""
    return segment.entry.kind if segment.entry else ""


def _group(segments: Sequence[Segment], language: str) -> tuple[NounGroup | None, int]:
    """Return the group that starts here and its number of segments; (None, 1) if there is none."""
    determiner = segments[0] if kind_of(segments[0]) == "determiner" else None
    kinds = [*map(kind_of, segments), "", ""]  # so that the two kinds after the last segment can be asked for
    start = at = 0 if determiner is None else 1
    if language == "en":
        while kinds[at] in MODIFIERS or (kinds[at] == "join" and at > start and kinds[at + 1] in MODIFIERS):
            at += 1
        if kinds[at] == "noun":
            return NounGroup(determiner, tuple(segments[start:at]), segments[at]), at + 1
    elif kinds[at] == "noun":
        at += 1
        while kinds[at] in MODIFIERS:
            at += 1
        return NounGroup(determiner, tuple(segments[start + 1 : at]), segments[start]), at
    return None, 1
