"""A noun with what belongs to it: a determiner in front, and the modifiers, which follow it in Vietnamese."""

from collections.abc import Sequence
from dataclasses import dataclass

from glalign.synthetic.translation.phrase_table import Piece

MODIFIERS = ("modifier", "colour")


@dataclass(frozen=True)
class NounGroup:
    """determiner: the piece in front, or None. modifiers: in the source's order, "and" and commas between them
    included. head: the noun."""

    determiner: Piece | None
    modifiers: tuple[Piece, ...]
    head: Piece

    @property
    def start(self) -> int:
        """First character in the source."""
        return min(piece.start for piece in (self.determiner or self.head, *self.modifiers, self.head))

    @property
    def end(self) -> int:
        """End in the source."""
        return max(piece.end for piece in (*self.modifiers, self.head))


def grouped(pieces: Sequence[Piece], language: str) -> list[Piece | NounGroup]:
    """Pieces of a sentence with its noun groups made; what belongs to no noun stays as it is."""
    parts: list[Piece | NounGroup] = []
    at = 0
    while at < len(pieces):
        group, size = (_english if language == "en" else _vietnamese)(pieces[at:])
        parts.append(group or pieces[at])
        at += size
    return parts


def units(modifiers: Sequence[Piece]) -> list[list[Piece]]:
    """Modifiers that must stay together: colours joined by "and"; commas and other joins are dropped."""
    found: list[list[Piece]] = []
    joined: Piece | None = None
    for piece in modifiers:
        if kind_of(piece) == "join":
            joined = piece if piece.text.lower() != "," else None
        elif joined and found and kind_of(found[-1][-1]) == kind_of(piece):
            found[-1] += [joined, piece]
            joined = None
        else:
            found.append([piece])
            joined = None
    return found


def kind_of(piece: Piece) -> str:
    """Kind of a piece's entry, "" for a sign or an unknown word."""
    return piece.entry.kind if piece.entry else ""


def _english(pieces: Sequence[Piece]) -> tuple[NounGroup | None, int]:
    """The group that begins here and how many pieces it takes; (None, 1) when none does."""
    determiner = pieces[0] if kind_of(pieces[0]) == "determiner" else None
    at = 0 if determiner is None else 1
    inside: list[Piece] = []
    while at < len(pieces):
        joins = kind_of(pieces[at]) == "join" and inside and at + 1 < len(pieces)
        if not (kind_of(pieces[at]) in MODIFIERS or (joins and kind_of(pieces[at + 1]) in MODIFIERS)):
            break
        inside.append(pieces[at])
        at += 1
    if at < len(pieces) and kind_of(pieces[at]) == "noun":
        return NounGroup(determiner, tuple(inside), pieces[at]), at + 1
    return None, 1


def _vietnamese(pieces: Sequence[Piece]) -> tuple[NounGroup | None, int]:
    """As `_english`."""
    determiner = pieces[0] if kind_of(pieces[0]) == "determiner" else None
    at = 0 if determiner is None else 1
    if at >= len(pieces) or kind_of(pieces[at]) != "noun":
        return None, 1
    end = at + 1
    while end < len(pieces) and kind_of(pieces[end]) in MODIFIERS:
        end += 1
    return NounGroup(determiner, tuple(pieces[at + 1 : end]), pieces[at]), end
