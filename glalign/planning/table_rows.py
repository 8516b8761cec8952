"""The rows of each table: the paper's, in its order, each with the cell that fills it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from glalign.config.loading import Config
from glalign.planning.cells import (
    SCENARIO_OF,
    Cell,
    cells_of,
    datasets_of,
    partial_files,
    reason_missing,
    reason_unread,
)
from glalign.planning.layout import Layout
from glalign.support.errors import UserError

REPORTED = (*SCENARIO_OF, 11)
"""Tables whose rows name a scenario and a system: their cells are the paper's results."""

SCENARIO_OF_OVERVIEW = {"CUHK-PEDES": "SE1", "CUHK-PEDES-VN": "SV1", "3000VnPerson-Search": "SV2"}
"""Table 1 names a dataset where tables 4 to 10 name a scenario (D14: 3000VnPerson-Search is SV2)."""

COVERAGE_DATASET = "3000VnPerson-Search"
"""Table 2 counts the phrases of this dataset."""

TITLES = {
    1: "Methods, features, backbones and Rank-1",
    2: "Coverage of the mapping from noun phrases to regions",
    3: "Datasets",
    11: "Rank-1 of the global branch, the local branch and both",
}

Reported = Mapping[int, Sequence[Mapping[str, str]]]
Cells = Mapping[tuple[str, str], Cell]


def table_specs(config: Config, layout: Layout, cells: Cells, reported: Reported) -> dict[str, dict[str, Any]]:
    """Specification of every table by its name: "1" to "11", and "4_extended" to "10_extended".

    An extended table adds the systems that the paper's has no row for, as far as they read its captions: ablations,
    references, systems of other tables, new ones.
    Raises UserError when a printed row names a system that the configuration lacks.
    """
    _check_systems(config, reported)
    rows = {table: _rows(config, layout, cells, table, reported[table]) for table in sorted(reported)}
    specs = {str(table): _spec(config, table, rows[table]) for table in rows}
    for table, scenario in SCENARIO_OF.items():
        printed = {system for _, system in cells_of(reported[table])}
        read = datasets_of(config, scenario)
        others = [name for name in config["systems"] if name not in printed and not reason_unread(config, name, read)]
        added = [_row(config, cells[scenario, name], None) for name in others]
        spec = specs[str(table)]
        specs[f"{table}_extended"] = {**spec, "rows": [*spec["rows"], *added], "extended": True}
    return specs


def _check_systems(config: Config, reported: Reported) -> None:
    for table in (1, *REPORTED):
        for row in reported[table]:
            if row["system"] not in config["systems"]:
                raise UserError(
                    f"configuration: systems.{row['system']}: missing, but table {table} of the paper has it; "
                    "add it with `class: null`"
                )


def _spec(config: Config, table: int, rows: list[dict[str, Any]]) -> dict[str, Any]:
    shown = {key: config[key] for key in ("profile", "data_note", "show_paper_values")}
    title = TITLES[table] if table in TITLES else _title(config, SCENARIO_OF[table])
    paper = f"paper/reported/table{table:02}.csv"
    return {"table": table, "title": title, "paper": paper, "rows": rows, **shown, "extended": False}


def _title(config: Config, scenario: str) -> str:
    """What a scenario trains and tests on, in words."""
    pair = config["scenarios"][scenario]
    trained = " and ".join(config["datasets"][d]["label"] for d in config["trainsets"][pair["train"]])
    testset = config["testsets"][pair["test"]]
    tested = config["datasets"][testset["dataset"]]["label"]
    if testset["identities"] is not None:
        tested = f"{testset['identities']} identities of {tested}"
    elif len(testset["splits"]) > 1:
        tested = f"all identities of {tested}"
    return f"{scenario}: trained on {trained}, tested on {tested}"


def _rows(
    config: Config, layout: Layout, cells: Cells, table: int, reported: Sequence[Mapping[str, str]]
) -> list[dict[str, Any]]:
    match table:
        case 1:
            keys = [(SCENARIO_OF_OVERVIEW[row["dataset"]], row["system"]) for row in reported]
        case 2:
            return list(_coverage_rows(config, layout, reported))
        case 3:
            return list(_dataset_rows(config, layout, reported))
        case _:
            keys = cells_of(reported)
    return [_row(config, cells[key], number) for number, key in enumerate(keys)]


def _row(config: Config, cell: Cell, paper_row: int | None) -> dict[str, Any]:
    """A row filled by a cell; `paper_row` counts the printed rows from 0."""
    label = config["systems"][cell.system]["label"]
    names = {"system": cell.system, "scenario": cell.scenario}
    files = {"metrics": list(cell.metrics), "runs": list(cell.runs), "partial": dict(cell.partial)}
    return {**_empty(label, paper_row, cell.status, cell.note), **names, **files}


def _empty(label: str, paper_row: int | None, status: str, note: str) -> dict[str, Any]:
    where = {"system": None, "scenario": None, "paper_row": paper_row}
    return {**where, "label": label, "status": status, "note": note, "metrics": [], "runs": [], "partial": {}}


def _coverage_rows(config: Config, layout: Layout, reported: Sequence[Mapping[str, str]]) -> Iterator[dict[str, Any]]:
    """Table 2: the counts of each part of the body in one file of the dataset."""
    name, note = _labelled(config, COVERAGE_DATASET)
    metrics = [] if note else [layout.path("coverage", "coverage", dataset=name)]
    partial = {} if note else partial_files(config, layout, [name])
    for number, row in enumerate(reported):
        part = row["body_part"]
        empty = _empty(part, number, "not run" if note else "run", note)
        yield {**empty, "metrics": metrics, "under": f"parts.{part}", "partial": partial}


def _labelled(config: Config, label: str) -> tuple[str | None, str]:
    """The dataset with this label, and why there is none or it cannot be had."""
    name = next((name for name, entry in config["datasets"].items() if entry["label"] == label), None)
    return name, reason_missing(config, [name]) if name else f"no dataset is labelled {label}"


def _dataset_rows(config: Config, layout: Layout, reported: Sequence[Mapping[str, str]]) -> Iterator[dict[str, Any]]:
    """Table 3: the statistics of each dataset's manifest."""
    for number, row in enumerate(reported):
        name, note = _labelled(config, row["dataset"])
        metrics = [] if note else [layout.path("manifest", "statistics", dataset=name)]
        empty = _empty(row["dataset"], number, "not run" if note else "run", note)
        partial = {} if note else partial_files(config, layout, [name])
        yield {**empty, "dataset": name, "metrics": metrics, "partial": partial}
