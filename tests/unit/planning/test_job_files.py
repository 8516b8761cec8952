"""A job's specification is a file: whole, the same for the same job, and refused by name when it does not fit."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.plans import planned

from glalign.contract.results import JobTimes
from glalign.contract.specs.training import FitSpec
from glalign.planning.job_files import JobFile, run_job, spec_text, write_job
from glalign.planning.job_times import RUN
from glalign.planning.plan import STAGES
from glalign.planning.stage import Job
from glalign.support.errors import UserError

LONGEST_ARGUMENT = 131_072
"""Bytes of one argument of a command, on Linux (MAX_ARG_STRLEN)."""
READERS = ("manifest", "parse", "fit", "predict", "alpha_scores")
"""Stages whose specification says where a release lies."""


def test_the_file_of_a_job_is_the_same_until_its_specification_changes(tmp_path: Path) -> None:
    plan = planned({"results": str(tmp_path)})
    job = plan.job("fit", system="irra", trainset="cuhk_en", seed=0)
    path = Path(write_job(plan, "fit", job))
    assert path == tmp_path / "jobs" / "fit" / "irra" / "cuhk_en" / "seed0.json"
    before = path.stat().st_mtime_ns
    assert write_job(plan, "fit", job) == str(path)
    assert path.stat().st_mtime_ns == before
    file = JobFile.model_validate_json(path.read_text(encoding="utf-8"))
    assert file.spec == job.spec.to_json()
    assert file.class_path == "baselines.irra.Irra"
    assert file.outputs == plan.outputs("fit", job)


def test_where_a_release_lies_is_in_the_file_and_not_in_what_triggers_a_rerun(tmp_path: Path) -> None:
    def jobs(**entry: object) -> list[tuple[str, str, Job]]:
        plan = planned({"results": str(tmp_path), "datasets": {"cuhk_en": entry}})
        return [(stage, write_job(plan, stage, job), job) for stage in READERS for job in plan.jobs[stage].values()]

    here, there = jobs(root="/data/here"), jobs(root="/data/there/", images="pictures")
    assert len(here) > len(READERS)
    assert [spec_text(job) for *_, job in here] == [spec_text(job) for *_, job in there]
    assert not any(path.startswith("/data/") for *_, job in here for path in job.inputs)
    texts = {path: Path(path).read_text(encoding="utf-8") for _, path, _ in there}
    assert not any("/data/here" in text for text in texts.values())
    assert "/data/there/pictures" in texts[f"{tmp_path}/jobs/fit/irra/cuhk_en/seed0.json"]
    other = jobs(root="/data/here", format="icfg_pedes", splits={"val": None}, holdout=1)
    assert spec_text(other[0][2]) != spec_text(here[0][2])


def test_a_specification_longer_than_an_argument_runs_and_its_times_are_written(tmp_path: Path) -> None:
    plan = planned({"results": str(tmp_path), "seeds": list(range(400))})
    job = plan.job("seeds")
    assert len(spec_text(job).encode()) > LONGEST_ARGUMENT
    rows = [row.model_copy(update={"metrics": (), "runs": ()}) for row in job.spec.rows]
    shorter = job.spec.model_copy(update={"rows": tuple(rows), "title": "many"})
    path = write_job(plan, "seeds", type(job)(job.ids, shorter))
    command = [sys.executable, "-m", "glalign", "run", "seeds", path]
    done = subprocess.run(command, env=os.environ | {RUN: "12.5"}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    times = JobTimes.model_validate_json((tmp_path / "times/seeds/seeds.json").read_text(encoding="utf-8"))
    assert times.run == 12.5
    assert times.wall == pytest.approx(sum(times.seconds.values()))
    assert 0 < times.seconds["other"] < times.wall
    assert times.seconds["imports"] > 0
    assert times.cpu > 0.1
    assert times.peak_mib > 10


def test_the_folder_of_a_job_is_that_of_the_first_declared_output(tmp_path: Path, monkeypatch) -> None:
    """Whatever the order of the outputs in the file, whose keys are sorted."""
    plan = planned({"results": str(tmp_path)})
    path = Path(write_job(plan, "fit", plan.job("fit", system="irra", trainset="cuhk_en", seed=0)))
    outputs = {"archive": str(tmp_path / "a" / "archive"), "model": str(tmp_path / "z" / "model")}
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"outputs": outputs}), encoding="utf-8")
    folders = []

    def keep(spec: FitSpec, folder: Path, code: str) -> None:
        folders.append(folder)

    monkeypatch.setattr("glalign.engine.fit.fit", keep)
    monkeypatch.setattr("glalign.planning.job_files.use_instructions", lambda portable: None)  # torch is loaded here
    declared = replace(STAGES["fit"], outputs={"model": "z/model", "archive": "a/archive"})
    monkeypatch.setattr("glalign.planning.job_files.STAGES", {"fit": declared})
    run_job("fit", path, code="0")
    assert folders == [tmp_path / "z"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stage": "predict"}, r"a job of stage 'predict', not of 'metrics'; `glalign run predict "),
        ({"spec": {"ranks": "r"}}, r"spec: key `bootstrap` is missing"),
        ({"spec": {"ranks": "r", "bootstrap": "many", "root_seed": 1}}, r"spec: key `bootstrap`: 'many' does not fit"),
        ({"spec": {"ranks": "r", "bootstrap": 1, "root_seed": 1, "sed": 1}}, r"spec: key `sed` is unknown"),
        ({"outputs": 3}, r"key `outputs`: 3 does not fit"),
        ({"outputs": {"metric": "m.json"}}, r"outputs: metric; stage metrics has metrics"),
    ],
)
def test_a_file_that_is_no_job_of_the_stage_is_refused(tmp_path: Path, change: dict, message: str) -> None:
    right = {"stage": "metrics", "outputs": {"metrics": str(tmp_path / "m.json")}, "class_path": None, "spec": {}}
    right["times"] = str(tmp_path / "times.json")
    path = tmp_path / "job.json"
    path.write_text(json.dumps(right | change), encoding="utf-8")
    with pytest.raises(UserError, match=message) as caught:
        run_job("metrics", path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("portable", [False, True, "any_vendor"])
def test_a_job_is_held_to_the_instructions_of_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, portable: bool | str
) -> None:
    """Whoever starts it: the choice stands in the job's file, and comes before the stage's module and its torch."""
    plan = planned({"results": str(tmp_path), "runtime": {"portable": portable}})
    path = Path(write_job(plan, "mcnemar", plan.job("mcnemar")))
    chosen = []

    def keep(value: bool | str) -> None:
        chosen.append(value)
        raise UserError("before the stage")

    monkeypatch.setattr("glalign.planning.job_files.use_instructions", keep)
    monkeypatch.setattr("importlib.import_module", lambda name: pytest.fail(f"{name} is imported first"))
    with pytest.raises(UserError, match="before the stage"):
        run_job("mcnemar", path)
    assert chosen == [portable]


def test_reading_a_job_loads_no_library_that_chooses_its_instructions() -> None:
    """Variables that are set after it has been loaded come too late."""
    code = "import sys, glalign.cli.main, glalign.planning.job_files; print({'numpy', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
