"""A job leaves a record of what it made, and is not run on what was changed since."""

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers.plans import planned

from glalign.contract.specs.scoring import MetricsSpec, PredictSpec
from glalign.planning import job_files, job_record
from glalign.planning.job_files import run_job, write_job
from glalign.planning.job_record import read_record
from glalign.planning.plan import Plan
from glalign.support.errors import UserError

IDS = {"system": "random", "trainset": "untrained", "seed": 0, "testset": "cuhk_en"}


def rank(spec: PredictSpec, ranks: Path, summary: Path) -> None:
    """Stands in for a prediction."""
    for file in (ranks, summary):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(spec.system, encoding="utf-8")


def count(spec: MetricsSpec, metrics: Path) -> None:
    """Stands in for the metrics of a ranks file."""
    metrics.parent.mkdir(parents=True, exist_ok=True)
    metrics.write_text(Path(spec.ranks).read_text(encoding="utf-8"), encoding="utf-8")


def stand_in(monkeypatch: pytest.MonkeyPatch, **functions: object) -> None:
    module = SimpleNamespace(**{"predict": rank, "make_metrics": count, **functions})
    monkeypatch.setattr(job_files, "importlib", SimpleNamespace(import_module=lambda name: module))
    monkeypatch.setattr(job_files, "use_instructions", lambda portable: None)  # torch is loaded here


class Suite:
    """A prediction and its metrics."""

    def __init__(self, plan: Plan) -> None:
        jobs = {stage: plan.job(stage, **IDS) for stage in ("predict", "metrics")}
        self.files = {stage: Path(write_job(plan, stage, job)) for stage, job in jobs.items()}
        self.records = {stage: Path(plan.paths.record(stage).format(**job.ids)) for stage, job in jobs.items()}
        self.ranks = Path(plan.outputs("predict", jobs["predict"])["ranks"])
        self.metrics = Path(plan.outputs("metrics", jobs["metrics"])["metrics"])

    def run(self, *stages: str) -> None:
        for stage in stages:
            run_job(stage, self.files[stage], code="the code")


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    stand_in(monkeypatch)
    return Suite(planned({"results": str(tmp_path / "results")}))


def test_a_job_records_what_it_made_and_of_what(suite: Suite) -> None:
    suite.run("predict", "metrics")
    ranks, metrics = (read_record(suite.records[stage]) for stage in ("predict", "metrics"))
    assert set(ranks.outputs) == {"ranks", "summary"}
    assert ranks.code == "the code"
    found = metrics.inputs["predict random/untrained/seed0/cuhk_en"]
    assert found == {name: output.sha256 for name, output in ranks.outputs.items()}


def test_a_job_does_not_run_on_what_was_changed(suite: Suite) -> None:
    suite.run("predict", "metrics")
    kept = suite.metrics.read_bytes()
    suite.ranks.write_text("RANDOM", encoding="utf-8")
    message = r"ranks/.*: was changed after it was made by job `predict random/.*`; restore it, or delete "
    with pytest.raises(UserError, match=message):
        suite.run("metrics")
    suite.ranks.unlink()
    with pytest.raises(UserError, match=r"ranks/.*: cannot be read \(No such file .*\) although it was made by job"):
        suite.run("metrics")
    assert suite.metrics.read_bytes() == kept
    assert suite.records["metrics"].exists()
    suite.run("predict", "metrics")


def test_a_file_with_its_size_and_time_is_not_read(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.run("predict")
    with monkeypatch.context() as patch:
        patch.setattr(job_record, "sha256", lambda path: pytest.fail(f"{path} is read"))
        patch.setattr(job_files, "write_record", lambda *_: None)
        suite.run("metrics")
    os.utime(suite.ranks)
    suite.run("metrics")


def test_a_copy_with_other_times_passes(suite: Suite, tmp_path: Path) -> None:
    suite.run("predict")
    shutil.copytree(tmp_path / "results", tmp_path / "kept", copy_function=shutil.copyfile)
    shutil.rmtree(tmp_path / "results")
    shutil.copytree(tmp_path / "kept", tmp_path / "results", copy_function=shutil.copyfile)
    suite.run("metrics")


def test_results_of_before_records_were_kept_are_accepted(suite: Suite) -> None:
    suite.run("predict")
    suite.records["predict"].unlink()
    suite.run("metrics")
    assert read_record(suite.records["metrics"]).inputs == {}


def test_a_damaged_record_is_one_line(suite: Suite) -> None:
    suite.run("predict")
    suite.records["predict"].write_text('{"torn', encoding="utf-8")
    with pytest.raises(UserError, match=r"digests/predict/.*: not valid JSON .*; delete it"):
        suite.run("metrics")


def test_a_job_that_fails_leaves_no_record_of_an_earlier_run(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.run("predict")

    def fail(spec: PredictSpec, ranks: Path) -> None:
        ranks.write_text("half", encoding="utf-8")
        raise UserError("cut")

    stand_in(monkeypatch, predict=fail)
    with pytest.raises(UserError, match="cut"):
        suite.run("predict")
    assert not suite.records["predict"].exists()


def test_of_several_processes_the_first_one_keeps_the_record(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    suite.run("predict")
    assert not suite.records["predict"].exists()
