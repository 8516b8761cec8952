"""The paper's tables, row by row with the cells that fill them; extended tables; the matrix; the spread over seeds."""

from collections.abc import Iterator, Sequence

from glalign.contract.specs.base import Noted, Spec
from glalign.planning.draft import Cell, Draft, Rows, datasets_of, partial_files, reason_missing, reason_unread, unique
from glalign.planning.printed_tables import BRANCHES, COVERAGE, DATASETS, OVERVIEW, SCENARIO_OF
from glalign.planning.stage import Job, Stage
from glalign.support.checkout import suite_file
from glalign.support.errors import UserError

REPORTED = (*SCENARIO_OF, BRANCHES)
"""Tables whose rows name a scenario and a system: their cells are the paper's results."""

SCENARIO_OF_OVERVIEW = {"CUHK-PEDES": "SE1", "CUHK-PEDES-VN": "SV1", "3000VnPerson-Search": "SV2"}
"""Table 1 names a dataset where tables 4 to 10 name a scenario (D14: 3000VnPerson-Search is SV2)."""

COVERAGE_DATASET = "3000VnPerson-Search"
"""Table 2 counts the phrases of this dataset."""

TITLES = {
    OVERVIEW: "Methods, features, backbones and Rank-1",
    COVERAGE: "Coverage of the mapping from noun phrases to regions",
    DATASETS: "Datasets",
    BRANCHES: "Rank-1 of the global branch, the local branch and both",
}


class Row(Noted):
    """A row of a table.

    metrics: files of the records with our values, one per seed; none where the system was not run, and the note says
    why. runs: files of the records of the trainings behind them. part: part of the body that the row counts (Table 2).
    paper_row: number of the printed row, from 0. competes: whether it can be the best; references cannot. failed: logs
    of the jobs that failed, in the table of an unfinished run.
    """

    label: str
    system: str = ""
    scenario: str = ""
    paper_row: int | None = None
    metrics: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    part: str = ""
    competes: bool = True
    failed: tuple[str, ...] = ()


class TableSpec(Spec):
    """A table of the paper.

    paper: CSV of its printed cells. draws: of its test set, 1 for one that is not drawn. extended: with rows and
    columns that the paper lacks.
    """

    table: int
    title: str
    paper: str
    rows: tuple[Row, ...]
    profile: str
    data_note: str
    show_paper_values: bool
    draws: int = 1
    extended: bool = False


class MatrixSpec(Spec):
    """Every system in every scenario whose language it reads. seeds: one value per entry."""

    title: str
    scenarios: tuple[str, ...]
    rows: tuple[Row, ...]
    seeds: tuple[int, ...]
    profile: str
    data_note: str


def plan_table(draft: Draft) -> Iterator[Job]:
    """Tables 1 to 11, and 4 to 10 extended by the systems that the paper has no row for.

    Raises: UserError when a printed row names a system that the configuration lacks.
    """
    _check_systems(draft)
    specs = {table: _table_spec(draft, table, rows) for table, rows in sorted(draft.reported.items())}
    for table, spec in specs.items():
        yield Job({"table": str(table)}, spec, inputs=(spec.paper, *_files(spec.rows)))
    for table, scenario in SCENARIO_OF.items():
        printed = {row["system"] for row in draft.reported[table]}
        read = datasets_of(draft.config, scenario)
        others = [name for name in draft.config.systems if not reason_unread(draft.config, name, read)]
        added = [_row(draft, draft.cells[scenario, name]) for name in others if name not in printed]
        spec = specs[table].model_copy(update={"rows": (*specs[table].rows, *added), "extended": True})
        yield Job({"table": f"{table}_extended"}, spec, inputs=(spec.paper, *_files(spec.rows)))


def plan_matrix(draft: Draft) -> Iterator[Job]:
    """One job: every cell whose language the system reads."""
    config, scenarios = draft.config, tuple(SCENARIO_OF.values())
    rows = tuple(
        _row(draft, draft.cells[scenario, name])
        for name in config.systems
        for scenario in scenarios
        if not reason_unread(config, name, datasets_of(config, scenario))
    )
    title = draft.title("Every system in every scenario whose language it reads.")
    rows = tuple(row.model_copy(update={"runs": ()}) for row in rows)
    yield Job({}, MatrixSpec.from_fields_of(config, title=title, scenarios=scenarios, rows=rows), inputs=_files(rows))


def _check_systems(draft: Draft) -> None:
    for table in (OVERVIEW, *REPORTED):
        for row in draft.reported[table]:
            if row["system"] not in draft.config.systems:
                raise UserError(
                    f"configuration: systems.{row['system']}: missing, but table {table} of the paper has it; "
                    "add it with `class: null`"
                )


def _table_spec(draft: Draft, table: int, reported: Rows) -> TableSpec:
    title = TITLES[table] if table in TITLES else _title(draft, SCENARIO_OF[table])
    paper, rows = suite_file(f"paper/reported/table{table:02}.csv"), tuple(_rows(draft, table, reported))
    config = draft.config
    draws = config.testsets[config.scenarios[SCENARIO_OF[table]].test].draws if table in SCENARIO_OF else 1
    return TableSpec.from_fields_of(config, table=table, title=title, paper=paper, rows=rows, draws=draws)


def _title(draft: Draft, scenario: str) -> str:
    """What a scenario trains and tests on, in words."""
    config, pair = draft.config, draft.config.scenarios[scenario]
    trained = " and ".join(config.datasets[name].label for name in config.trainsets[pair.train])
    testset = config.testsets[pair.test]
    tested = config.datasets[testset.dataset].label
    if testset.identities is not None:
        tested = f"{testset.identities} identities of {tested}"
    elif testset.images is not None:
        tested = f"{testset.images} images of {tested}"
    elif len(testset.splits) > 1:
        tested = f"all identities of {tested}"
    return f"{scenario}: trained on {trained}, tested on {tested}"


def _rows(draft: Draft, table: int, reported: Rows) -> Sequence[Row]:
    if table == COVERAGE:
        found, parts = _dataset_row(draft, COVERAGE_DATASET, "coverage", "coverage"), [r["body_part"] for r in reported]
        changes = [{"label": part, "part": part, "paper_row": number} for number, part in enumerate(parts)]
        return [found.model_copy(update=change) for change in changes]
    if table == DATASETS:
        rows = [_dataset_row(draft, row["dataset"], "manifest", "statistics") for row in reported]
        return [row.model_copy(update={"paper_row": number}) for number, row in enumerate(rows)]
    # The key of a cell, (scenario, system), stands in the printed row; Table 1 names a dataset, and no scenario.
    scenarios = [SCENARIO_OF_OVERVIEW[r["dataset"]] if table == OVERVIEW else r["scenario"] for r in reported]
    keys = zip(scenarios, (row["system"] for row in reported), strict=True)
    return [_row(draft, draft.cells[key], number) for number, key in enumerate(keys)]


def _row(draft: Draft, cell: Cell, paper_row: int | None = None) -> Row:
    """A row filled by a cell, which has the files that stages `metrics` and `fit` write for each of its seeds."""
    entry = draft.config.systems[cell.system]
    return Row.from_fields_of(vars(cell), label=entry.label, paper_row=paper_row, competes=entry.trains)


def _dataset_row(draft: Draft, label: str, stage: str, output: str) -> Row:
    """A row filled by a file of the dataset with this label, or the reason why there is none."""
    name = next((name for name, entry in draft.config.datasets.items() if entry.label == label), None)
    note = reason_missing(draft.config, [name]) if name else f"no dataset is labelled {label}"
    if name is None or note:
        return Row(label=label, note=note)
    files = (draft.paths.path(stage, output, dataset=name),)
    return Row(label=label, metrics=files, partial=partial_files(draft.config, draft.paths, [name]))


def _files(rows: Sequence[Row]) -> tuple[str, ...]:
    return unique(path for row in rows for path in (*row.metrics, *row.runs, *row.partial.values()))


STAGES: tuple[Stage, ...] = (
    Stage(
        name="table", key="{table}", outputs={"csv": "table{table}.csv", "tex": "table{table}.tex"},
        function="glalign.reporting.tables.make_table", plan=plan_table,
        about="Write one of the paper's tables as CSV and LaTeX.", default=True,
    ),
    Stage(
        name="matrix", key="matrix", outputs={"csv": "matrix.csv", "tex": "matrix.tex"},
        function="glalign.reporting.matrix.make_matrix", plan=plan_matrix,
        about="Write every system in every scenario that it reads.", default=True,
    ),
    Stage(
        name="seeds", key="seeds", outputs={"csv": "seeds.csv"}, function="glalign.reporting.matrix.make_seeds",
        plan=plan_matrix, about="Write mean and deviation over the seeds of every cell.", default=True,
    ),
)  # fmt: skip
