"""Other readings of the paper: the trainings, ranks and metrics under each, and the table of what each is worth.

A reading has a configuration of its own. Of the jobs that a cell needs under it, those with the specification of the
tables' are the tables'; the others are jobs of the stages below, in a folder of the reading.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from glalign.config.base import Resamples
from glalign.config.loading import Config
from glalign.config.readings import Reading
from glalign.contract.specs.base import Noted, Spec
from glalign.planning import data_stages, system_stages
from glalign.planning.data_stages import pictures_of
from glalign.planning.draft import Draft, datasets_of, ids_of_cell, make_cell, unique, with_record
from glalign.planning.leakage import check_leakage
from glalign.planning.stage import Job, Paths, Stage
from glalign.planning.system_stages import fit_job, metrics_job, predict_job
from glalign.support.errors import UserError

AS_CONFIGURED = "as configured: nothing differs from the tables' run"
"""The note of a reading that is the profile's default, or that changes nothing that its system reads."""


class SideRun(Spec):
    """A system under a reading: ranks, metrics and training records, one per seed; no records where nothing trains."""

    ranks: tuple[str, ...]
    metrics: tuple[str, ...]
    runs: tuple[str, ...]


class SensitivityRow(Noted):
    """A reading. sides: it and the configured one; None where a note says why. people: numbering of the persons."""

    reading: str
    about: str
    scenario: str
    label: str
    people: str
    sides: tuple[SideRun, SideRun] | None = None


class SensitivitySpec(Spec):
    """The table of readings. bootstrap: person-level resamples."""

    title: str
    rows: tuple[SensitivityRow, ...]
    bootstrap: Resamples
    root_seed: int
    profile: str
    data_note: str


@dataclass(frozen=True)
class Own:
    """What a reading has of its own. draft: with the paths under it. jobs: stage -> its jobs that differ.

    reason: why it cannot be compared, as configured or under itself; empty if it can. It then has no jobs.
    """

    draft: Draft
    jobs: Mapping[str, tuple[Job, ...]]
    reason: str = ""


def own_jobs(draft: Draft, name: str, reading: Reading) -> Own:
    """The jobs that a reading's cell needs and that differ from those of the tables.

    Raises: UserError where the reading tests people that it trains on.
    """
    config = draft.config.readings[name]
    place = f"configuration: sensitivity.readings.{name}"
    try:
        check_leakage(config)
    except UserError as error:
        raise UserError(f"{place}: {str(error).removeprefix('configuration: ')}") from None
    if tested_dataset(config, reading) != tested_dataset(draft.config, reading):
        raise UserError(f"{place}: it tests another dataset; readings are compared on the same people")
    under = replace(draft, config=config, jobs={})
    cells = (make_cell(one.config, one.paths, reading.scenario, reading.system) for one in (draft, under))
    if reason := next((cell.note for cell in cells if cell.note), ""):
        return Own(under, {}, reason)
    found: dict[str, tuple[Job, ...]] = {}
    for stage, plan in JOBS.items():
        jobs = tuple(plan(under, reading))
        if any(job.spec != draft.jobs[stage][BASE[stage].key_of(job.ids)].spec for job in jobs):
            found[stage] = tuple(replace(job, ids={"reading": name, **job.ids}) for job in jobs)
            moved = replace(BASE[stage], outputs=_moved(BASE[stage], name))
            under = replace(under, paths=Paths(under.paths.results, {**under.paths.stages, stage: moved}))
    refused = (job.refused for jobs in found.values() for job in jobs if job.refused)
    if reason := next(refused, "").removeprefix("configuration: "):
        return Own(under, {}, reason)
    return Own(under, found if "metrics" in found else {})


def tested_dataset(config: Config, reading: Reading) -> str:
    """The dataset that a reading's scenario tests on."""
    return config.testsets[config.scenarios[reading.scenario].test].dataset


def _moved(stage: Stage, reading: str) -> dict[str, str]:
    """The outputs of a stage in the folder of a reading."""
    return {name: f"readings/{reading}/{template}" for name, template in stage.outputs.items()}


def _parse_jobs(draft: Draft, reading: Reading) -> Iterator[Job]:
    shown = {pictures_of(draft, dataset) for dataset in datasets_of(draft.config, reading.scenario)}
    return (job for job in data_stages.plan_parse(draft) if job.ids["dataset"] in shown)


def _phrases_jobs(draft: Draft, reading: Reading) -> Iterator[Job]:
    read = datasets_of(draft.config, reading.scenario)
    return (job for job in data_stages.plan_phrases(draft) if job.ids["dataset"] in read)


def _fit_jobs(draft: Draft, reading: Reading) -> Iterator[Job]:
    if draft.config.systems[reading.system].trains:
        for ids in ids_of_cell(draft.config, reading.scenario, reading.system):
            yield fit_job(draft, ids["system"], ids["trainset"], int(ids["seed"]))


def _predict_jobs(draft: Draft, reading: Reading) -> Iterator[Job]:
    return (predict_job(draft, ids) for ids in ids_of_cell(draft.config, reading.scenario, reading.system))


def _metrics_jobs(draft: Draft, reading: Reading) -> Iterator[Job]:
    return (metrics_job(draft, ids) for ids in ids_of_cell(draft.config, reading.scenario, reading.system))


JOBS: Mapping[str, Callable[[Draft, Reading], Iterator[Job]]] = {
    "parse": _parse_jobs,
    "phrases": _phrases_jobs,
    "fit": _fit_jobs,
    "predict": _predict_jobs,
    "metrics": _metrics_jobs,
}
"""The stages that a reading may change, in their order, and their jobs for its cell."""

BASE = {stage.name: stage for stage in (*data_stages.STAGES, *system_stages.STAGES) if stage.name in JOBS}


def plan_own(stage: str, draft: Draft) -> Iterator[Job]:
    """The jobs of a stage that differ under a reading."""
    for name, reading in draft.config.sensitivity.readings.items():
        yield from own_jobs(draft, name, reading).jobs.get(stage, ())


def plan_sensitivity(draft: Draft) -> Iterator[Job]:
    """The table of all readings that are configured."""
    config = draft.config
    rows = tuple(_row(draft, name, reading) for name, reading in config.sensitivity.readings.items())
    if rows:
        title = draft.title("What other readings of the paper are worth.")
        spec = SensitivitySpec.from_fields_of(config, config.evaluation, title=title, rows=rows, root_seed=config.seed)
        yield Job({}, spec, inputs=unique(path for row in rows for path in _files(row)))


def _row(draft: Draft, name: str, reading: Reading) -> SensitivityRow:
    config, cell = draft.config, draft.cells[reading.scenario, reading.system]
    tested, own = tested_dataset(config, reading), own_jobs(draft, name, reading)
    values = {"label": config.systems[reading.system].label, "people": config.datasets[tested].people}
    row = SensitivityRow.from_fields_of(
        reading, values, reading=name, note=f"not run: {own.reason}" if own.reason else ""
    )
    if own.reason:
        return row
    if not own.jobs:
        return row.model_copy(update={"note": AS_CONFIGURED})
    sides = (_side(own.draft, reading), _side(draft, reading))
    return row.model_copy(update={"sides": sides, "partial": cell.partial, "shared": cell.shared})


def _side(draft: Draft, reading: Reading) -> SideRun:
    ids, paths = ids_of_cell(draft.config, reading.scenario, reading.system), draft.paths
    trains = draft.config.systems[reading.system].trains
    return SideRun(
        ranks=tuple(paths.path("predict", "ranks", **one) for one in ids),
        metrics=tuple(paths.path("metrics", "metrics", **one) for one in ids),
        runs=tuple(paths.path("fit", "run", **one) for one in ids) if trains else (),
    )


def _files(row: SensitivityRow) -> Iterator[str]:
    yield from row.partial.values()
    for side in row.sides or ():
        for ranks in side.ranks:
            yield from with_record(ranks)
        yield from (*side.metrics, *side.runs)


STAGES: tuple[Stage, ...] = (
    *(
        replace(
            stage,
            name=f"reading_{name}",
            key=f"{{reading}}/{stage.key}",
            outputs=_moved(stage, "{reading}"),
            plan=partial(plan_own, name),
            about=f"As {name}, under another reading of the paper.",
        )
        for name, stage in BASE.items()
    ),
    Stage(
        name="sensitivity", key="sensitivity", outputs={"csv": "sensitivity.csv", "tex": "sensitivity.tex"},
        function="glalign.reporting.sensitivity.make_sensitivity", plan=plan_sensitivity,
        about="Write what other readings of the paper are worth.", default=True, memory=2000,
    ),
)  # fmt: skip
