"""The search for learning rates and lengths on validation identities."""

from collections.abc import Iterable, Iterator

from glalign.contract.specs.base import Noted, Spec
from glalign.planning.draft import Draft, partial_files, reason_missing, reason_unread, unique
from glalign.planning.stage import Job, Stage
from glalign.planning.system_stages import RUN, changed, fit_job, fit_spec, is_planned, run_outputs, trained_systems


class SearchRow(Noted):
    """A system or an ablation on a trainset. runs: records of its trainings, by rate as configured or by length."""

    label: str
    trainset: str
    runs: tuple[str, ...]


class CurveRow(Spec):
    """A training of the tables. run: its record."""

    label: str
    trainset: str
    run: str


class TuningSpec(Spec):
    """The document of the learning rates and lengths tried and of the validation curves. target: path that makes it.

    steps: the lengths that the configuration names. lengths: the trainings up to each system's own, the shortest first.
    """

    rates: tuple[float, ...]
    rows: tuple[SearchRow, ...]
    curves: tuple[CurveRow, ...]
    target: str
    steps: tuple[int, ...] = ()
    lengths: tuple[SearchRow, ...] = ()

    def runs(self) -> tuple[str, ...]:
        """The records that the document reads."""
        searches = (path for row in (*self.rows, *self.lengths) for path in row.runs)
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


def varied(fit: Job, name: str, value: str, **changes: object) -> Job:
    """A training of the search. name, value: the id that tells it from the configured one, `rate` or `steps`."""
    return changed(fit, {"system": fit.ids["system"], "trainset": fit.ids["trainset"], name: value}, **changes)


def lengths_of(draft: Draft, fit: Job) -> list[int]:
    """The lengths tried of a training, its own the last; empty where none is tried, or where its own is in epochs."""
    own, tried = fit_spec(fit).budget.steps, draft.config.tuning.steps
    if not tried or not own:
        return []
    return [*(steps for steps in sorted(tried) if steps < own), own]


def with_steps(draft: Draft, fit: Job, steps: int) -> tuple[str, Job]:
    """(stage, training) of this length: the tables' own one, or one of the search."""
    budget = fit_spec(fit).budget
    if budget.steps == steps and is_planned(draft, fit):
        return "fit", fit
    return "tune_steps", varied(fit, "steps", str(steps), budget=budget.model_copy(update={"steps": steps}))


def with_rate(draft: Draft, fit: Job, rate: float) -> tuple[str, Job]:
    """(stage, training) with this rate at the shortest length: the tables' own one, or one of the search."""
    spec, lengths = fit_spec(fit), lengths_of(draft, fit)
    if rate == spec.optim.lr and lengths:
        return with_steps(draft, fit, lengths[0])
    if rate == spec.optim.lr and is_planned(draft, fit):
        return "fit", fit
    budget = spec.budget.model_copy(update={"steps": lengths[0]}) if lengths else spec.budget
    return "tune", varied(fit, "rate", f"{rate:g}", optim=spec.optim.model_copy(update={"lr": rate}), budget=budget)


def plan_tune(draft: Draft) -> Iterator[Job]:
    """Every system of the tuning trainsets with every rate that no other training has."""
    trials = (with_rate(draft, fit, rate) for fit in searched(draft) for rate in draft.config.tuning.rates)
    return (job for stage, job in trials if stage == "tune")


def plan_tune_steps(draft: Draft) -> Iterator[Job]:
    """Every system and ablation on every training set at every length up to its own that no table trains."""
    trials = (with_steps(draft, fit, steps) for fit in lengthened(draft) for steps in lengths_of(draft, fit))
    return (job for stage, job in trials if stage == "tune_steps")


def plan_tuning(draft: Draft) -> Iterator[Job]:
    """The document of the search for learning rates and lengths."""
    rates = draft.config.tuning.rates
    rows = [_search_row(draft, fit, [with_rate(draft, fit, rate) for rate in rates]) for fit in searched(draft)]
    if rows:
        lengths = []
        for fit in lengthened(draft):
            if tried := lengths_of(draft, fit):
                lengths.append(_search_row(draft, fit, [with_steps(draft, fit, steps) for steps in tried]))
        spec = TuningSpec(
            rates=rates, rows=tuple(rows), lengths=tuple(lengths), curves=tuple(curve_rows(draft)),
            steps=tuple(sorted(draft.config.tuning.steps or ())), target=draft.paths.path("tuning", "document"),
        )  # fmt: skip
        partial = (path for row in (*rows, *lengths) for path in row.partial.values())
        yield Job({}, spec, inputs=unique((*spec.runs(), *partial)))


def _search_row(draft: Draft, fit: Job, trials: Iterable[tuple[str, Job]]) -> SearchRow:
    system, trainset = fit.ids["system"], fit.ids["trainset"]
    return SearchRow(
        label=draft.config.systems[system].label,
        trainset=trainset,
        runs=tuple(draft.paths.path(stage, "run", **job.ids) for stage, job in trials),
        partial=partial_files(draft.config, draft.paths, draft.config.trainsets[trainset]),
    )


def curve_rows(draft: Draft) -> Iterator[CurveRow]:
    """The courses of the tables' trainings."""
    for job in of_tables(draft):
        label = draft.config.systems[job.ids["system"]].label
        yield CurveRow(label=label, trainset=job.ids["trainset"], run=draft.paths.path("fit", "run", **job.ids))


STAGES: tuple[Stage, ...] = (
    Stage(
        name="tune", key="{system}/{trainset}/rate{rate}", outputs=run_outputs("tuning/{system}/{trainset}/rate{rate}"),
        function="glalign.engine.fit.fit", plan=plan_tune, about="Train with one of the learning rates tried.",
        trains=True, uses_torch=True, minutes=1440, memory=48000,
    ),
    Stage(
        name="tune_steps", key="{system}/{trainset}/steps{steps}",
        outputs=run_outputs("tuning/{system}/{trainset}/steps{steps}"), function="glalign.engine.fit.fit",
        plan=plan_tune_steps, about="Train for one of the lengths tried.", trains=True, uses_torch=True,
        minutes=1440, memory=48000,
    ),
    Stage(
        name="tuning", key="tuning", outputs={"document": "tuning.md"}, function="glalign.reporting.tuning.make_tuning",
        plan=plan_tuning, about="Write the document of the learning rates and lengths tried.",
    ),
)  # fmt: skip
