"""Compare everything below a results folder with the records of the jobs that made it, and with today's plan."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from glalign.planning.foreign_files import foreign_files
from glalign.planning.job_files import spec_digest
from glalign.planning.job_record import FileState, OutputDigests, read_record
from glalign.planning.plan import STAGES, Plan
from glalign.planning.stage import Job
from glalign.storage.code_digest import code_digest
from glalign.storage.parallel_decode import cores, map_in_threads
from glalign.storage.sealed_zip import is_intact
from glalign.storage.whole_files import sha256
from glalign.support.errors import UserError, printable

NAMED = 20
"""Lines of a group that are printed unless all are asked for."""


@dataclass
class Findings:
    """Differences by group, as lines to print. files, jobs: numbers of files compared and of jobs with a record."""

    changed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    unrecorded: list[str] = field(default_factory=list)
    files: int = 0
    jobs: int = 0

    @property
    def good(self) -> bool:
        """Whether every recorded file is present, unchanged, and made from the present versions of its inputs."""
        return not (self.changed or self.missing or self.unreadable or self.mixed)


TITLES = {
    "changed": "changed after it was made; restore it, or delete it and run the workflow",
    "missing": "made, but no longer present; name it as a target of snakemake to make it again",
    "unreadable": "cannot be read",
    "mixed": "made from other versions of its inputs than the present ones; run the workflow, or restore the inputs",
    "stale": "made with another configuration or code than today's; the workflow makes it again",
    "foreign": "no job of this configuration makes it (--config names another one)",
    "unrecorded": "without a record: made before records were kept, or copied without `digests`",
}
"""Group of findings -> what its lines have in common."""


def verify(plan: Plan, root: Path) -> Findings:
    """Compare the files below the results folder `root`. Raises: UserError if there is no such folder."""
    if not root.is_dir():
        raise UserError(f"{root}: no such folder; name a results folder")
    found, records = Findings(), {}
    for stage, key, job in ((stage, key, job) for stage, jobs in plan.jobs.items() for key, job in jobs.items()):
        path = root / _below(plan, plan.paths.record(stage).format(**job.ids))
        outputs = plan.outputs(stage, job).values()
        if path.is_file():
            try:
                records[stage, key] = read_record(path)
            except UserError as error:
                found.unreadable.append(str(error))
        else:
            found.unrecorded += [str(file) for file in (root / _below(plan, one) for one in outputs) if file.exists()]
    found.jobs = len(records)
    _compare_files(plan, root, records, found)
    by_job = {f"{stage} {key}": record for (stage, key), record in records.items()}
    for (stage, key), record in records.items():
        found.stale += _stale(stage, key, plan.jobs[stage][key], record)
        found.mixed += _mixed(f"{stage} {key}", record, by_job)
    _check_checkpoints(plan, root, found)
    _find_foreign(plan, root, records, found)
    return found


def _below(plan: Plan, path: str) -> PurePosixPath:
    """A path of the plan, relative to its results folder."""
    return PurePosixPath(path).relative_to(plan.paths.results)


def _compare_files(plan: Plan, root: Path, records: Mapping[tuple[str, str], OutputDigests], found: Findings) -> None:
    expected: list[tuple[Path, FileState, str]] = []
    for (stage, key), record in records.items():
        paths = plan.outputs(stage, plan.jobs[stage][key])
        for name, output in record.outputs.items():
            if name not in paths:
                continue  # an output that earlier versions of the stage had
            path = root / _below(plan, paths[name])
            if path.exists():
                expected += [(path / file, state, f"{stage} {key}") for file, state in output.files.items()]
            else:
                found.missing.append(f"{path} ({stage} {key})")
    found.files = len(expected)
    digests = map_in_threads(_digest, [path for path, *_ in expected], cores())
    for (path, state, job), now in zip(expected, digests, strict=True):
        if isinstance(now, FileNotFoundError):
            found.missing.append(f"{path} ({job})")
        elif isinstance(now, OSError):
            found.unreadable.append(f"{path} ({job}): {now.strerror}")
        elif now != state.sha256:
            found.changed.append(f"{path} ({job})")


def _digest(path: Path) -> str | OSError:
    try:
        return sha256(path)
    except OSError as error:
        return error


def _stale(stage: str, key: str, job: Job, record: OutputDigests) -> Iterator[str]:
    """Yield a line if the job's specification or code differs from the plan's."""
    differ = ["specification"] if record.spec != spec_digest(job.spec) else []
    differ += ["code"] if record.code != code_digest(STAGES[stage].modules(job.class_path)) else []
    if differ:
        yield f"{stage} {key}: other {' and '.join(differ)}"


def _mixed(job: str, record: OutputDigests, others: Mapping[str, OutputDigests]) -> Iterator[str]:
    """Yield a line for each other job that has made the inputs of this one again."""
    for maker, digests in record.inputs.items():
        outputs = others[maker].outputs if maker in others else {}
        if names := [name for name, digest in digests.items() if name in outputs and outputs[name].sha256 != digest]:
            yield f"{job}: made of another {' and '.join(names)} of {maker}"


def _check_checkpoints(plan: Plan, root: Path, found: Findings) -> None:
    """Interrupted trainings leave a checkpoint, which has its own digest."""
    for stage in (name for name, declared in STAGES.items() if declared.trains):
        for job in plan.jobs[stage].values():
            path = root / _below(plan, plan.paths.path(stage, "folder", **job.ids)) / "checkpoint.pt"
            try:
                changed = path.is_file() and not is_intact(path)
            except OSError as error:
                found.unreadable.append(f"{path}: {error.strerror}")
                continue
            if changed:
                found.changed.append(f"{path}: delete it; the training starts from the beginning")


def _find_foreign(plan: Plan, root: Path, records: Mapping[tuple[str, str], OutputDigests], found: Findings) -> None:
    inside = {}
    for (stage, key), record in records.items():
        for name, path in plan.outputs(stage, plan.jobs[stage][key]).items():
            if STAGES[stage].outputs[name].endswith("/") and name in record.outputs:
                inside[str(_below(plan, path))] = record.outputs[name].files.keys()
    outputs = {str(_below(plan, path)) for path in plan.makers}
    found.foreign += [f"{root}/{path}" for path in foreign_files(root, outputs, inside)]


def describe(found: Findings, root: Path, named: int = NAMED) -> Iterator[str]:
    """Printable lines about each group that has any, `named` of each at most, and one with the counts."""
    counts = {name: len(getattr(found, name)) for name in TITLES}
    for name, title in TITLES.items():
        if counts[name]:
            yield f"{name}: {title}"
            yield from _first(getattr(found, name), named)
    said = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    yield f"{root}: {found.files:,} files of {found.jobs:,} jobs compared: {said}"


def _first(lines: Iterable[str], named: int) -> Iterator[str]:
    lines = list(lines)
    yield from (f"  {printable(line)}" for line in lines[:named])
    if len(lines) > named:
        yield f"  and {len(lines) - named:,} more; --all names them"
