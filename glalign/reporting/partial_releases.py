"""What a table says of a release that was used although images of it are missing (`allow_partial`)."""

from collections.abc import Mapping, Sequence
from typing import Any

from glalign.storage.whole_files import read_json


def partial_note(files: Mapping[str, str]) -> str:
    """Which of the datasets are used in part: "Partial release: NAME lacks 12 of 40 images and 2 persons".

    files: label of the dataset -> statistics of its manifest. Empty where nothing is missing.
    """
    parts = []
    for label, path in files.items():
        about = read_json(path)
        lacking = about.get("partial") if isinstance(about, Mapping) else None
        if lacking:
            gone = lacking["identities"]
            people = f" and {gone:,} person{'s' * (gone > 1)}" if gone else ""
            parts.append(f"{label} lacks {lacking['images']:,} of {lacking['of_images']:,} images{people}")
    return f"Partial release: {', '.join(parts)}" if parts else ""


def partial_of(spec: Mapping[str, Any]) -> dict[str, str]:
    """Label -> statistics: `partial` of a specification and of its rows (or tests), where the plan puts them."""
    files: dict[str, str] = dict(spec.get("partial", {}))
    for row in (*spec.get("rows", ()), *spec.get("tests", ())):
        files |= row.get("partial", {})
    return files


def stated(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A table's specification with the note of its partial releases in the title and in every row that used one."""
    changed: dict[str, Any] = {key: [_noted(row) for row in spec[key]] for key in ("rows", "tests") if key in spec}
    note = partial_note(partial_of(spec))
    if note and "title" in spec:
        changed["title"] = f"{spec['title'].rstrip('.')}. {note}."
    return {**spec, **changed}


def with_note(lines: Sequence[Mapping[str, str]], notes: Sequence[str]) -> list[Mapping[str, str]]:
    """Lines of a table that has no column of notes: with one where there is something to note."""
    if not any(notes):
        return list(lines)
    return [{**line, "note": note} for line, note in zip(lines, notes, strict=True)]


def _noted(row: Mapping[str, Any]) -> Mapping[str, Any]:
    note = partial_note(row.get("partial", {}))
    return {**row, "note": "; ".join(text for text in (row.get("note"), note) if text)} if note else row
