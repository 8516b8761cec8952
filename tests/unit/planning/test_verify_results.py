"""Every kind of artifact x every way to change it is noticed, by the job that reads it and by `glalign verify`."""

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers.changes import CHANGES
from helpers.plans import EVERY_STAGE, planned
from helpers.pretended_results import files_of_kind, pretend

from glalign.cli.main import main
from glalign.planning.foreign_files import foreign_files
from glalign.planning.job_files import spec_digest
from glalign.planning.job_record import check_inputs, made_inputs, write_record
from glalign.planning.plan import STAGES, Plan
from glalign.planning.verify import Findings, describe, verify
from glalign.storage.sealed_zip import seal
from glalign.support.errors import UserError

KINDS = [(stage, name) for stage, declared in STAGES.items() for name in declared.outputs]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, Path, dict[str, str]]:
    root = tmp_path_factory.mktemp("made") / "results"
    plan = planned({"results": str(root), **EVERY_STAGE})
    return plan, root, pretend(plan)


def lines(found: Findings, group: str) -> str:
    return "\n".join(getattr(found, group))


def test_one_job_of_every_stage_was_made_and_all_is_well(made: tuple[Plan, Path, dict[str, str]]) -> None:
    plan, root, jobs = made
    assert set(jobs) == set(STAGES)
    found = verify(plan, root)
    assert found.good
    assert (found.jobs, found.stale, found.foreign, found.unrecorded) == (len(STAGES), [], [], [])
    assert found.files >= len(KINDS)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("stage", "name"), KINDS)
def test_a_change_is_noticed(made: tuple[Plan, Path, dict[str, str]], stage: str, name: str, change: str) -> None:
    plan, root, jobs = made
    path = Path(plan.outputs(stage, plan.jobs[stage][jobs[stage]])[name])
    file = files_of_kind(path)[0]
    kept = file.read_bytes()
    readers = [job for some in plan.jobs.values() for job in some.values() if str(path) in job.inputs]
    CHANGES[change](file)
    try:
        found = verify(plan, root)
        assert not found.good
        assert str(file) in lines(found, "missing" if change == "delete" else "changed")
        for reader in readers[:1]:
            with pytest.raises(UserError, match="restore it, or delete") as caught:
                check_inputs(made_inputs(plan, reader))
            assert str(caught.value).startswith(f"{file}: ")
            assert f"job `{stage} {jobs[stage]}`" in str(caught.value)
            assert "\n" not in str(caught.value)
    finally:
        file.write_bytes(kept)
    assert verify(plan, root).good, "a file that was restored has another time and the same digest"
    for reader in readers[:1]:
        check_inputs(made_inputs(plan, reader))


def test_an_added_file_and_what_no_job_makes_are_named(made: tuple[Plan, Path, dict[str, str]]) -> None:
    plan, root, jobs = made
    images = Path(plan.outputs("synthesize", plan.jobs["synthesize"][jobs["synthesize"]])["images"])
    added = [images / "a" / "3.png", root / "runs" / "of_others" / "run.json", root / "table99.csv"]
    fine = [images / ".snakemake_timestamp", root / "quick" / "jobs" / "x.json", root / "logs" / "a.log"]
    for file in (*added, *fine):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x", encoding="utf-8")
    found = verify(plan, root)
    for path in (added[0], root / "quick", added[1].parent, root / "logs", added[2]):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert found.good
    assert found.foreign == [str(added[0]), f"{root}/runs/of_others/", str(added[2])]


def test_a_planned_folder_may_be_a_link_to_another_disk(tmp_path: Path) -> None:
    disk, root = tmp_path / "disk", tmp_path / "results"
    for path in (disk / "irra" / "run.json", disk / "irra" / "note.txt", tmp_path / "else" / "x.json", root / "a.csv"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")
    (root / "runs").symlink_to(disk)
    (root / "other").symlink_to(tmp_path / "else")
    assert foreign_files(root, ["runs/irra/run.json", "a.csv"], {}) == ["other", "runs/irra/note.txt"]


@pytest.fixture
def copy(made: tuple[Plan, Path, dict[str, str]], tmp_path: Path) -> Iterator[tuple[Plan, Path, dict[str, str]]]:
    plan, root, jobs = made
    shutil.copytree(root, tmp_path / "elsewhere", copy_function=shutil.copyfile)  # without the times
    yield plan, tmp_path / "elsewhere", jobs


def test_a_copy_passes(copy: tuple[Plan, Path, dict[str, str]]) -> None:
    plan, root, _ = copy
    found = verify(plan, root)
    assert found.good
    assert found.files > 0


def test_records_that_are_gone_or_damaged_are_named(copy: tuple[Plan, Path, dict[str, str]]) -> None:
    plan, root, jobs = copy
    (root / "digests" / "metrics" / f"{jobs['metrics']}.json").unlink()
    (root / "digests" / "manifest" / f"{jobs['manifest']}.json").write_text('{"torn', encoding="utf-8")
    found = verify(plan, root)
    assert found.unrecorded == [f"{root}/metrics/{jobs['metrics']}.json"]
    assert "not valid JSON" in lines(found, "unreadable")
    assert not found.good


def test_what_does_not_belong_together_is_named(copy: tuple[Plan, Path, dict[str, str]]) -> None:
    """The ranks of another run with the record of that run."""
    plan, root, jobs = copy
    job = plan.jobs["predict"][jobs["predict"]]
    outputs = {name: root / Path(p).relative_to(plan.paths.results) for name, p in plan.outputs("predict", job).items()}
    outputs["ranks"].write_text("others", encoding="utf-8")
    write_record(f"{root}/digests/predict/{jobs['predict']}.json", spec_digest(job.spec), "old", {}, outputs)
    found = verify(plan, root)
    assert f"metrics {jobs['metrics']}: made of another ranks of predict {jobs['predict']}" in found.mixed
    assert found.stale == [f"predict {jobs['predict']}: other code"]
    assert not found.good


def test_what_another_configuration_made_is_stale(made: tuple[Plan, Path, dict[str, str]]) -> None:
    plan, root, jobs = made
    fits = dict(plan.jobs["fit"])
    job = fits[jobs["fit"]]
    fits[jobs["fit"]] = replace(job, spec=job.spec.model_copy(update={"root_seed": 99}))
    other = replace(plan, jobs={**plan.jobs, "fit": fits})
    found = verify(other, root)
    assert found.stale == [f"fit {jobs['fit']}: other specification"]
    assert found.good


def test_a_changed_checkpoint_is_named(copy: tuple[Plan, Path, dict[str, str]]) -> None:
    plan, root, jobs = copy
    path = root / "runs" / jobs["fit"] / "checkpoint.pt"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("data", bytes(100))
    seal(path)
    assert verify(plan, root).good
    whole = path.read_bytes()
    place = whole.index(bytes(100)) + 50
    path.write_bytes(whole[:place] + b"1" + whole[place + 1 :])
    assert str(path) in lines(verify(plan, root), "changed")


def test_a_specification_read_from_its_file_has_the_digest_of_the_plan() -> None:
    for jobs in planned().jobs.values():
        for job in jobs.values():
            read = type(job.spec).model_validate_json(json.dumps(job.spec.to_json()))
            assert spec_digest(read) == spec_digest(job.spec)


def test_a_name_that_a_terminal_would_obey_is_escaped(tmp_path: Path) -> None:
    assert "  a\\x1b[2J.csv" in describe(Findings(foreign=["a\x1b[2J.csv"]), tmp_path)


def test_many_lines_are_cut_and_counted() -> None:
    found = Findings(changed=[f"file{n}" for n in range(1_234)], files=2_000, jobs=3)
    said = list(describe(found, Path("results"), named=2))
    assert said[1:4] == ["  file0", "  file1", "  and 1,232 more; --all names them"]
    assert said[-1].startswith("results: 2,000 files of 3 jobs compared: 1,234 changed, 0 missing, ")


def test_the_command_says_what_it_found_and_loads_no_torch(tmp_path: Path) -> None:
    overlay = tmp_path / "here.yaml"
    overlay.write_text(json.dumps({"results": str(tmp_path / "results")}), encoding="utf-8")
    absent = CliRunner().invoke(main, ["verify", "--config", str(overlay)])
    assert absent.exit_code == 1
    assert "no such folder" in absent.stderr
    (tmp_path / "results").mkdir()
    code = "import sys; from glalign.cli.main import main\ntry: main()\nfinally: print('torch' in sys.modules)"
    command = [sys.executable, "-c", code, "verify", "--config", str(overlay)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no record of what a job made" in done.stderr
    assert done.stdout.splitlines()[-2:] == [
        f"{tmp_path}/results: 0 files of 0 jobs compared: 0 changed, 0 missing, 0 unreadable, 0 mixed, 0 stale, "
        "0 foreign, 0 unrecorded",
        "False",
    ]
