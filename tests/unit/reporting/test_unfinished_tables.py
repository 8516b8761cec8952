"""Tables of a run in which jobs failed: eight rows and one `failed`, beside and not instead of the whole table."""

from pathlib import Path

import pytest
from helpers.plans import planned
from helpers.tables import metrics_file, read_csv

from glalign.planning.plan import Plan
from glalign.reporting.terminal import find_table, render_terminal
from glalign.reporting.unfinished_tables import ENDED, remove_unfinished, write_unfinished

TABLE = "results/table4.csv"
LOG = "results/logs/fit/irra/cuhk_en/seed0.log"


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """The plan of the demo in a folder with the metrics of every row of Table 4."""
    monkeypatch.chdir(tmp_path)
    plan = planned()
    for row in plan.jobs["table"]["4"].spec.rows:
        for path in row.metrics:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            metrics_file(Path(path), (300, 500, 600))
    return plan


def left(plan: Plan, *systems: str) -> set[str]:
    """The files of Table 4 that are not made where the trainings of some systems are not."""
    paths = {path for path, (_, key) in plan.makers.items() if key.split("/")[0] in systems and "/cuhk_en/" in key}
    return paths | {TABLE, TABLE.replace(".csv", ".tex")}


def failures(plan: Plan, *systems: str) -> set[str]:
    return {
        path
        for name in systems
        for path in plan.paths.outputs("fit", plan.jobs["fit"][f"{name}/cuhk_en/seed0"].ids).values()
    }


def test_eight_rows_and_one_that_failed_with_its_log(plan: Plan) -> None:
    (line,) = write_unfinished(plan, left(plan, "irra"), failures(plan, "irra"))
    assert line == (
        f"{TABLE}: not made; results/unfinished/table4.csv has 8 of 9 rows, and names the logs of the others"
    )
    assert not Path(TABLE).exists()
    rows = {row["method"]: row for row in read_csv(Path("results/unfinished/table4.csv"))}
    assert (len(rows), [row["status"] for row in rows.values()].count("reproduced")) == (9, 8)
    irra = rows["IRRA"]
    assert (irra["status"], irra["rank1"], irra["rank1_paper"], irra["note"]) == ("failed", "", "73.38", f"see {LOG}")


def test_it_is_printed_like_any_other(plan: Plan) -> None:
    write_unfinished(plan, left(plan, "irra"), failures(plan, "irra"))
    shown = render_terminal(find_table("unfinished/table4", Path("results"))).splitlines()
    assert [line.split()[-1] for line in shown if line.startswith(("IRRA", "PLOT"))] == ["failed", "reproduced"]


def test_numbers_of_an_earlier_run_are_not_shown(plan: Plan) -> None:
    """The metrics of IRRA are there: its training of this run failed."""
    Path(TABLE).write_text("old", encoding="utf-8")
    (line,) = write_unfinished(plan, left(plan, "irra"), failures(plan, "irra"))
    assert "not made, and what is there is of an earlier run" in line
    assert Path(TABLE).read_text(encoding="utf-8") == "old"
    assert {row["rank1"] for row in read_csv(Path("results/unfinished/table4.csv"))} == {"37.50", ""}


def test_what_was_never_reached_has_not_failed(plan: Plan) -> None:
    write_unfinished(plan, left(plan, "irra", "plot"), failures(plan, "plot"))
    found = {row["method"]: (row["status"], row["note"]) for row in read_csv(Path("results/unfinished/table4.csv"))}
    assert found["IRRA"] == ("not run", ENDED)
    assert found["PLOT"] == ("failed", f"see {LOG.replace('irra', 'plot')}")


def test_the_matrix_has_the_rows_that_are_there(plan: Plan) -> None:
    cells = {path for row in plan.jobs["matrix"]["matrix"].spec.rows for path in row.metrics}
    undone = {path for path in cells if not Path(path).exists()} | {"results/matrix.csv"}
    (line,) = write_unfinished(plan, undone, failures(plan, "irra"))
    rows = read_csv(Path("results/unfinished/matrix.csv"))
    assert line.startswith("results/matrix.csv: not made; ")
    found = {(row["system"], row["scenario"]): row["status"] for row in rows}
    assert found["plot", "SE1"] == "reproduced"
    assert found["irra", "SE3"] == "failed"  # its training is that of SE1
    assert found["irra", "SE2"] == "not run"


@pytest.mark.parametrize("undone", [(), (TABLE,)])
def test_a_table_that_is_whole_or_failed_itself_has_none(plan: Plan, undone: tuple[str, ...]) -> None:
    assert write_unfinished(plan, undone, undone) == []
    assert not Path("results/unfinished").exists()


def test_a_table_without_any_row_has_none(plan: Plan) -> None:
    every = {row.system for row in plan.jobs["table"]["4"].spec.rows}
    assert write_unfinished(plan, left(plan, *every), failures(plan, "irra")) == []


def test_it_goes_when_the_table_is_made_again(plan: Plan) -> None:
    write_unfinished(plan, left(plan, "irra"), failures(plan, "irra"))
    remove_unfinished(plan, {"results/table5.csv"})
    assert Path("results/unfinished/table4.csv").exists()
    remove_unfinished(plan, {TABLE})
    assert not Path("results/unfinished/table4.csv").exists()
