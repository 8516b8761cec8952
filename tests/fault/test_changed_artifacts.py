"""Every kind of artifact of a finished run x every way to change it: the reading job and `glalign verify` notice."""

from collections import Counter
from pathlib import Path

import pytest
from helpers.changes import CHANGES
from helpers.pretended_results import files_of_kind
from helpers.workflows import plan_in

from glalign.planning.job_files import run_job
from glalign.planning.plan import STAGES, Plan
from glalign.planning.verify import verify
from glalign.support.errors import UserError

pytestmark = pytest.mark.fault


def artifacts(plan: Plan) -> dict[str, Path]:
    """Output of a job -> one of its files, for the first output of every kind that the run has made."""
    found: dict[tuple[str, str], tuple[str, Path]] = {}
    for stage, jobs in plan.jobs.items():
        for job in jobs.values():
            for name, path in plan.outputs(stage, job).items():
                if Path(path).exists():
                    found.setdefault((stage, name), (path, files_of_kind(Path(path))[0]))
    return dict(found.values())


def readers(plan: Plan, output: str) -> dict[str, Path]:
    """Stage -> file of a job that reads this output."""
    found: dict[str, Path] = {}
    for stage, jobs in plan.jobs.items():
        for job in jobs.values():
            path = Path(plan.paths.job_file(stage).format(**job.ids))
            if output in job.inputs and path.is_file():
                found.setdefault(stage, path)
    return found


def test_every_kind_that_is_made_by_default_was_made(copy: Path) -> None:
    plan = plan_in(copy)
    made = {plan.makers[output][0] for output in artifacts(plan)}
    assert made >= {name for name, stage in STAGES.items() if stage.default and plan.jobs[name]}


@pytest.mark.parametrize("change", CHANGES)
def test_every_kind_changed(copy: Path, change: str, figures: Counter[str]) -> None:
    plan = plan_in(copy)
    root = Path(plan.config.results)
    files = artifacts(plan).values()
    for file in files:
        CHANGES[change](file)
    found = verify(plan, root)
    said = found.missing if change == "delete" else found.changed
    assert sorted(line.rpartition(" (")[0] for line in said) == sorted(map(str, files))
    figures["changes noticed by `glalign verify`"] += len(files)


@pytest.mark.parametrize("change", CHANGES)
def test_no_job_reads_what_was_changed(copy: Path, change: str, figures: Counter[str]) -> None:
    plan = plan_in(copy)
    refused = 0
    for output, file in artifacts(plan).items():
        before = file.read_bytes()
        CHANGES[change](file)
        for stage, job in readers(plan, output).items():
            with pytest.raises(UserError, match="restore it, or delete") as caught:
                run_job(stage, job)
            assert str(caught.value).startswith(f"{file}: ")
            assert "\n" not in str(caught.value)
            refused += 1
        file.write_bytes(before)
    assert refused >= len(STAGES)  # a stage reads outputs of several others
    figures["jobs that refused a changed input"] += refused
    assert verify(plan, Path(plan.config.results)).good
