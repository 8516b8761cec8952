"""What a table's CSV is about, for its caption and notes, as plain text: title, data of our runs, columns."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glalign.config.typed_json import read_typed
from glalign.planning.job_files import JobFile
from glalign.planning.printed_tables import SCENARIO_OF
from glalign.planning.table_stages import TITLES
from glalign.reporting.terminal import INTERVAL, PRINTED

if TYPE_CHECKING:
    import pandas as pd


def caption_of(frame: "pd.DataFrame", path: Path) -> str:
    """Title of the table and the data of our runs. The title is that of the job that made it, where its file is there.

    path: of the CSV.
    """
    title = str(_specification(path).get("title") or _name(path.stem)).rstrip(".")
    data = "; ".join(shared_notes(frame))
    return f"{title}. Data of our runs: {data}." if data and data not in title else f"{title}."


def _name(stem: str) -> str:
    """A title for a CSV that lies alone: the scenario or the title of a table of the paper, else its name."""
    number, _, extended = stem.removeprefix("table").partition("_")
    names = {str(table): text for table, text in {**TITLES, **SCENARIO_OF}.items()}
    return f"{names[number]}{', extended' * bool(extended)}" if number in names else stem


def _specification(path: Path) -> dict[str, Any]:
    """The specification of the job that made a table; empty where its file is not below the table's folder."""
    for stage, key in (("table", path.stem.removeprefix("table")), (path.stem, path.stem)):
        job = path.parent / "jobs" / stage / f"{key}.json"
        if job.is_file():
            return read_typed(job, JobFile).spec
    return {}


def shared_notes(frame: "pd.DataFrame") -> list[str]:
    """The parts that the notes of all rows of ours have: the data of the runs, and the number of seeds."""
    if not {"note", "status"} <= set(frame.columns):
        return []
    notes = [note.split("; ") for note in frame["note"][frame["status"] == "reproduced"]]
    return [part for part in (notes[0] if notes else []) if part and all(part in others for others in notes)]


def notes_of(frame: "pd.DataFrame", titles: list[str]) -> Iterator[tuple[str, str]]:
    """Sentences about the columns of these titles, without full stop; each with the test or system that it cites."""
    if any(title.startswith("R") for title in titles):
        yield "Rk: Rank-k in percent", ""
    if {"n_queries", "n_gallery"} <= set(frame.columns):
        sizes = {(int(q), int(g)) for q, g in zip(frame["n_queries"], frame["n_gallery"], strict=True) if q}
        if sizes:
            shown = "; ".join(f"{q:,} queries, {g:,} gallery images" for q, g in sorted(sizes))
            yield f"{shown}. Equal scores count against the query", ""
    if "p_holm" in frame:
        yield "Gap: Rank-1 of the first minus the second in points", ""
        yield "95 %: bootstrap over persons", "bootstrap"
        yield "McNemar's test", "McNemar"
        yield "p: adjusted by Holm's method", "Holm"
    elif INTERVAL in titles:
        yield "95 %: Wilson interval", "Wilson"
    if any(title.endswith("*") for title in titles):
        yield f"{PRINTED}, on its own data", "GLAlign"
    shared = shared_notes(frame)
    if {"note", "status"} <= set(frame.columns):
        names = frame[
            next(name for name in ("method", "variant", "body_part", "dataset", *frame.columns) if name in frame)
        ]
        for name, note in zip(names, frame["note"], strict=True):
            if own := "; ".join(part for part in note.split("; ") if part and part not in shared):
                yield f"{name}: {own}", ""
