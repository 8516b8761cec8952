"""compute.csv: a row per job that has run and one for Snakemake, whose wall times add up to that of the run."""

import logging
import time
from pathlib import Path

import pytest
from helpers.plans import planned
from helpers.tables import read_csv, run_file, written

from glalign.planning.job_times import RUN
from glalign.planning.plan import Plan
from glalign.reporting.compute import report_times, times_behind, uncovered, write_compute
from glalign.reporting.row_keys import key_of
from glalign.support.clock import KINDS

ZERO = dict.fromkeys(KINDS, 0.0)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """The plan of the demo, without any output."""
    return planned({"results": str(tmp_path)})


def ran(plan: Plan, stage: str, key: str, run: float, started: float, **seconds: float) -> None:
    """Write the times of a job."""
    path = Path(plan.paths.times(stage).format(**plan.jobs[stage][key].ids))
    path.parent.mkdir(parents=True, exist_ok=True)
    wall = sum(seconds.values())
    record = {"run": run, "started": started, "wall": wall, "cpu": 0.5 * wall, "peak_mib": 300.4}
    written(path, record | {"seconds": ZERO | seconds})


def test_rows_of_a_run_on_one_core_add_up_to_its_wall_time(plan: Plan, tmp_path: Path) -> None:
    now = time.time()
    ran(plan, "phrases", "cuhk_en", now - 100, now - 90, imports=2, other=18)
    ran(plan, "fit", "irra/cuhk_en/seed0", now - 100, now - 60, imports=5, forward=20, backward=25)
    ran(plan, "synthesize", "vn3k", now - 5000, now - 4990, other=7)
    (tmp_path / "runs/irra/cuhk_en/seed0").mkdir(parents=True)
    run_file(tmp_path / "runs/irra/cuhk_en/seed0/run.json", parameters=7, steps=3, pairs=12)
    lines = write_compute(plan, now - 100)
    rows = {(row["stage"], row["job"]): row for row in read_csv(tmp_path / "compute.csv")}
    assert set(rows) == {
        ("phrases", "cuhk_en"), ("fit", "irra/cuhk_en/seed0"), ("synthesize", "vn3k"), ("snakemake", "")
    }  # fmt: skip
    fit = rows["fit", "irra/cuhk_en/seed0"]
    assert key_of(fit) == ("stage", "job")
    assert {name: fit[name] for name in ("wall_s", "cpu_s", "peak_mib", "forward_s", "parameters", "pairs")} == {
        "wall_s": "50.00", "cpu_s": "25.00", "peak_mib": "300", "forward_s": "20.00", "parameters": "7", "pairs": "12"
    }  # fmt: skip
    assert rows["phrases", "cuhk_en"]["parameters"] == ""
    of_run = [row for row in rows.values() if row["run"] == fit["run"]]
    assert len(of_run) == 3
    assert sum(float(row["wall_s"]) for row in of_run) == pytest.approx(100, abs=1)
    for row in rows.values():
        assert sum(float(row[f"{kind}_s"]) for kind in KINDS) == pytest.approx(float(row["wall_s"]), abs=0.05)
    # The largest first; what is of no kind has the name of its stage, and jobs of other runs are left out.
    assert [line.split()[-1] for line in lines[1:]] == ["snakemake", "backward", "forward", "phrases", "imports"]
    assert lines[0].endswith("2 jobs")


def test_a_run_without_jobs_has_nothing_to_say(plan: Plan) -> None:
    ran(plan, "synthesize", "vn3k", 1000.0, 1010.0, other=7)
    assert write_compute(plan, 5000.0) == []


def test_only_the_jobs_asked_for_are_told(plan: Plan) -> None:
    ran(plan, "synthesize", "vn3k", 1000.0, 1010.0, other=7)
    ran(plan, "synthesize", "cuhk_en", 1000.0, 1010.0, other=3)
    lines = times_behind(plan, {("synthesize", "cuhk_en"), ("fit", "irra/cuhk_en/seed0")})
    assert lines == ["3.0 s, 1.5 s of CPU, 1 job", "     3.0 s 100.0%  synthesize"]
    assert times_behind(plan, set()) == []


@pytest.mark.parametrize(
    ("spans", "left"), [([], 10), ([(-5, 2), (9, 20)], 7), ([(1, 9), (2, 3)], 2), ([(0, 10)], 0), ([(2, 4), (4, 6)], 6)]
)
def test_time_that_no_job_covers(spans: list, left: float) -> None:
    assert uncovered(0, 10, spans) == left


def test_a_damaged_record_is_a_warning(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(RUN, f"{time.time() - 100}")
    ran(plan, "phrases", "cuhk_en", 5, 6, other=18)
    report_times(plan, logging.getLogger())
    assert (tmp_path / "compute.csv").is_file() and not caplog.records
    (tmp_path / "times/phrases/cuhk_en.json").write_text('{"torn', encoding="utf-8")
    report_times(plan, logging.getLogger())
    assert "warning: compute.csv is not written: " in caplog.text and "cuhk_en.json" in caplog.text
