"""The jobs that make a target, and the input files that are missing and that no job makes."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from glalign.contract.specs.base import Spec
from glalign.contract.specs.data import CoverageSpec, ManifestSpec, PhrasesSpec
from glalign.planning.plan import Plan
from glalign.planning.stage import Job
from glalign.support.errors import UserError, suggestion


def jobs_behind(plan: Plan, targets: Iterable[str] = ()) -> dict[tuple[str, str], Job]:
    """Return (stage, key) -> job for every job that the files `targets` depend on, in the plan's order.

    Without targets, those of the default target. A name that is no file of the plan is ignored.
    """
    known = plan.makers
    waiting, found = list(targets) or plan.targets(), set()
    while waiting:
        maker = known.get(waiting.pop())
        if maker is not None and maker not in found:
            found.add(maker)
            waiting += plan.jobs[maker[0]][maker[1]].inputs
    return {
        (stage, key): job for stage, jobs in plan.jobs.items() for key, job in jobs.items() if (stage, key) in found
    }


def known_targets(plan: Plan, targets: Iterable[str]) -> list[str]:
    """The targets as paths of the plan. Raises: UserError naming the first that no job makes."""
    known, paths = plan.makers, [str(PurePosixPath(target)) for target in targets]
    for path in paths:
        if path not in known:
            named = [target for target in plan.targets() if PurePosixPath(target).stem == PurePosixPath(path).stem]
            raise UserError(f"{path}: no job makes it; {suggestion(path, named or known)}")
    return paths


def find_absent(plan: Plan, targets: Iterable[str]) -> tuple[frozenset[str], list[str]]:
    """Return the files that the targets need and no job makes, and a line about each group of them with the remedy."""
    jobs = jobs_behind(plan, targets).values()
    paths = absent_files(plan, jobs)
    return paths, describe(jobs, paths)


def absent_files(plan: Plan, jobs: Iterable[Job]) -> frozenset[str]:
    """The files that these jobs read, that no job of the plan makes and that are not there."""
    given = {path for job in jobs for path in (*job.inputs, *job.weights, *_annotations(job))} - plan.makers.keys()
    return frozenset(path for path in given if not Path(path).exists())


def describe(jobs: Iterable[Job], paths: frozenset[str]) -> list[str]:
    """One line for each release and for each folder of weights that `paths` belong to, with the remedy."""
    lines: dict[str, None] = {}
    folders = defaultdict(set)
    for job in jobs:
        if files := sorted(paths.intersection(_annotations(job))):
            lines[_release(job, files)] = None
        if files := sorted(paths.intersection(job.inputs)):
            lines[f"{', '.join(files)}: not there; {_remedy(job.spec)}"] = None
        for path in map(PurePosixPath, paths.intersection(job.weights)):
            folders[str(path.parent)].add(path.name)
    for folder, names in sorted(folders.items()):
        remedy = "`glalign weights list` with the same --config says where from"
        lines[f"weights: {folder} lacks {', '.join(sorted(names))}; {remedy}"] = None
    return list(lines)


def _remedy(spec: Spec) -> str:
    """What to do about a file of a job that is not a release's."""
    if isinstance(spec, CoverageSpec) and spec.labels:
        return f"correct `labelled_phrases`, or make it with `glalign phrases sample {spec.manifest}` and label it"
    if isinstance(spec, PhrasesSpec) and spec.translated_from and spec.translated_from.file:
        return "correct `translated_phrases` (docs/phrases.md says what is in it), or set `phrases.source` to caption"
    return "restore it"


def _annotations(job: Job) -> tuple[str, ...]:
    """The annotation files of the release that a job reads."""
    return tuple(job.release.annotations.values()) if job.release else ()


def _release(job: Job, files: Sequence[str]) -> str:
    """A dataset whose annotation files are missing."""
    assert job.release and isinstance(job.spec, ManifestSpec)
    spec, root = job.spec, job.release.root
    names = ", ".join(file.removeprefix(f"{root}/") for file in files)
    what = f"{root} has no {names}" if Path(root).is_dir() else f"{root} is not there"
    return (
        f"datasets.{spec.dataset}.root: {what}; ask its owners for the release, then check it with "
        f"`glalign data verify {spec.format} {root}`, or set it to null"
    )
