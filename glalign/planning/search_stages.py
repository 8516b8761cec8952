"""The search for learning rates and lengths on validation identities."""

from collections.abc import Iterable, Iterator

from glalign.contract.specs.base import Noted, Spec
from glalign.planning.draft import Draft, partial_files, reason_missing, reason_unread, unique
from glalign.planning.stage import Job, Stage
from glalign.planning.system_stages import RUN, changed, fit_job, fit_spec, is_planned, run_outputs, trained_systems


class SearchRow(Noted):
    """A system or an ablation on a trainset. runs: records of its trainings, one of each length or of each rate."""

    label: str
    trainset: str
    runs: tuple[str, ...]
    rates: tuple[float, ...] = ()


class CurveRow(Spec):
    """A training of the tables. run: its record."""

    label: str
    trainset: str
    run: str


class TuningSpec(Spec):
    """The document of the learning rates and lengths tried and of the validation curves. target: path that makes it.

    by_rate: each system at the shortest length. by_length: each training up to its own length, the shortest first.
    steps: the lengths that the configuration names.
    """

    by_rate: tuple[SearchRow, ...]
    curves: tuple[CurveRow, ...]
    target: str
    steps: tuple[int, ...] = ()
    by_length: tuple[SearchRow, ...] = ()

    def runs(self) -> tuple[str, ...]:
        """The records that the document reads."""
        searches = (path for row in (*self.by_rate, *self.by_length) for path in row.runs)
        return unique((*searches, *(curve.run for curve in self.curves)))


def trained_on(draft: Draft, trainset: str) -> Iterator[str]:
    """The systems that train on a trainset, ablations included."""
    config, datasets = draft.config, draft.config.trainsets[trainset]
    for name, entry in trained_systems(config).items():
        untrained = entry.budget is None or entry.budget.steps == 0
        if not (untrained or reason_missing(config, datasets) or reason_unread(config, name, datasets)):
            yield name


def searched(draft: Draft, ablations: bool = False) -> Iterator[Job]:
    """The training of each search, as configured. An ablation has rate and length of its system."""
    config = draft.config
    for trainset in config.tuning.trainsets:
        for name in trained_on(draft, trainset):
            if ablations or name not in config.mcnemar.ablations:
                yield fit_job(draft, name, trainset, config.tuning.seed)


def of_tables(draft: Draft) -> Iterator[Job]:
    """The tables' trainings with the seed of the search, on every training set, ablations included."""
    for job in draft.jobs["fit"].values():
        if fit_spec(job).budget.steps != 0 and fit_spec(job).seed == draft.config.tuning.seed:
            yield job


def lengthened(draft: Draft) -> Iterable[Job]:
    """The trainings whose length is searched: on the tuning trainsets, ablations too, and the tables', each once."""
    return {RUN.format(**job.ids): job for job in (*searched(draft, ablations=True), *of_tables(draft))}.values()


def lengths_of(draft: Draft, fit: Job) -> list[int]:
    """The lengths up to a training's own; empty where none is tried, or where its own is in epochs."""
    own, tried = fit_spec(fit).budget.steps, draft.config.tuning.steps
    if not tried or not own:
        return []
    return [*(steps for steps in sorted(tried) if steps < own), own]


def trial(draft: Draft, fit: Job, rate: float, steps: int | None) -> tuple[str, Job]:
    """(stage, training) with this rate and length: the tables' own, or one of the search. steps: None for epochs."""
    spec = fit_spec(fit)
    if (rate, steps) == (spec.optim.lr, spec.budget.steps) and is_planned(draft, fit):
        return "fit", fit
    length = f"steps{steps}" if steps else f"epochs{spec.budget.epochs:g}"
    ids = {"system": fit.ids["system"], "trainset": fit.ids["trainset"], "rate": repr(rate), "length": length}
    optim, budget = spec.optim.model_copy(update={"lr": rate}), spec.budget.model_copy(update={"steps": steps})
    return "tune", changed(fit, ids, optim=optim, budget=budget)


def rate_trials(draft: Draft, fit: Job) -> list[tuple[str, Job]]:
    """The trainings with every rate of the grid at the shortest length, or at the own one if that is shorter."""
    lengths = lengths_of(draft, fit)
    shortest = lengths[0] if lengths else fit_spec(fit).budget.steps
    return [trial(draft, fit, rate, shortest) for rate in draft.config.tuning.rates]


def length_trials(draft: Draft, fit: Job) -> list[tuple[str, Job]]:
    """The trainings with the configured rate at each length, the shortest first."""
    return [trial(draft, fit, fit_spec(fit).optim.lr, steps) for steps in lengths_of(draft, fit)]


def plan_tune(draft: Draft) -> Iterator[Job]:
    """The trainings of the search that no table has."""
    rates = (job for fit in searched(draft) for job in rate_trials(draft, fit))
    lengths = (job for fit in lengthened(draft) for job in length_trials(draft, fit))
    return (job for stage, job in (*rates, *lengths) if stage == "tune")


def plan_tuning(draft: Draft) -> Iterator[Job]:
    """The document of the search for learning rates and lengths."""
    rates = draft.config.tuning.rates
    by_rate = [search_row(draft, fit, rate_trials(draft, fit), rates) for fit in searched(draft)]
    if by_rate:
        tried = ((fit, length_trials(draft, fit)) for fit in lengthened(draft))
        by_length = [search_row(draft, fit, trials) for fit, trials in tried if trials]
        spec = TuningSpec(
            by_rate=tuple(by_rate), by_length=tuple(by_length), curves=tuple(curve_rows(draft)),
            steps=tuple(sorted(draft.config.tuning.steps or ())), target=draft.paths.path("tuning", "document"),
        )  # fmt: skip
        partial = (path for row in (*by_rate, *by_length) for path in row.partial.values())
        yield Job({}, spec, inputs=unique((*spec.runs(), *partial)))


def search_row(draft: Draft, fit: Job, trials: Iterable[tuple[str, Job]], rates: tuple[float, ...] = ()) -> SearchRow:
    """The records of some trainings of a system on a trainset. rates: theirs, if it is rates that were tried."""
    system, trainset = fit.ids["system"], fit.ids["trainset"]
    return SearchRow(
        label=draft.config.systems[system].label,
        trainset=trainset,
        runs=tuple(draft.paths.path(stage, "run", **job.ids) for stage, job in trials),
        rates=rates,
        partial=partial_files(draft.config, draft.paths, draft.config.trainsets[trainset]),
    )


def curve_rows(draft: Draft) -> Iterator[CurveRow]:
    """The courses of the tables' trainings."""
    for job in of_tables(draft):
        label = draft.config.systems[job.ids["system"]].label
        yield CurveRow(label=label, trainset=job.ids["trainset"], run=draft.paths.path("fit", "run", **job.ids))


STAGES: tuple[Stage, ...] = (
    Stage(
        name="tune", key="{system}/{trainset}/rate{rate}/{length}",
        outputs=run_outputs("tuning/{system}/{trainset}/rate{rate}/{length}"), function="glalign.engine.fit.fit",
        plan=plan_tune, about="Train with one of the learning rates tried, for one of the lengths tried.", trains=True,
        uses_torch=True, minutes=1440, memory=48000,
    ),
    Stage(
        name="tuning", key="tuning", outputs={"document": "tuning.md"}, function="glalign.reporting.tuning.make_tuning",
        plan=plan_tuning, about="Write the document of the learning rates and lengths tried.",
    ),
)  # fmt: skip
