"""Notes of tables: releases with images missing (`allow_partial`), training and test images of one source."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from glalign.config.typed_json import read_typed
from glalign.contract.results import DatasetStatistics
from glalign.contract.specs.base import Noted

Row = TypeVar("Row", bound=Noted)


def partial_note(rows: Iterable[Noted]) -> str:
    """Which releases the rows use in part: "Partial release: NAME lacks 12 of 40 images and 2 persons"; else empty."""
    parts = []
    for label, path in {label: path for row in rows for label, path in row.partial.items()}.items():
        if lacking := read_typed(path, DatasetStatistics).partial:
            gone = lacking.identities
            people = f" and {gone:,} person{'s' * (gone > 1)}" if gone else ""
            parts.append(f"{label} lacks {lacking.images:,} of {lacking.of_images:,} images{people}")
    return f"Partial release: {', '.join(parts)}" if parts else ""


def with_partial_notes(rows: Iterable[Row]) -> tuple[Row, ...]:
    """The rows, each with its partial releases and shared sources of images in its note."""
    return tuple(
        row.model_copy(update={"note": join_notes(row.note, *row.shared, partial_note([row]))}) for row in rows
    )


def with_partial_title(title: str, rows: Iterable[Noted]) -> str:
    """A table's title with the partial releases and shared sources of images of its rows."""
    rows = list(rows)
    shared = dict.fromkeys(sentence for row in rows for sentence in row.shared)
    notes = [note for note in (*shared, partial_note(rows)) if note]
    return f"{title.rstrip('.')}. {'. '.join(notes)}." if notes else title


def with_note_column(lines: Sequence[Mapping[str, str]], notes: Sequence[str]) -> list[Mapping[str, str]]:
    """Lines of a table that has a column of notes only where there is something to note."""
    return [{**line, "note": note} for line, note in zip(lines, notes, strict=True)] if any(notes) else list(lines)


def join_notes(*notes: str) -> str:
    """The notes that are not empty, with semicolons between."""
    return "; ".join(note for note in notes if note)
