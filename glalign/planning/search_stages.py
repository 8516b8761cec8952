"""Searches on validation identities: the weight of the global branch (D29), and learning rates."""

from collections.abc import Iterator
from dataclasses import replace

from glalign.contract.specs.base import Noted, Spec
from glalign.contract.specs.scoring import AlphaRun, AlphaSpec
from glalign.contract.specs.training import FitSpec
from glalign.planning.draft import Draft, partial_files, reason_missing, reason_unread, unique
from glalign.planning.stage import Job, Stage
from glalign.planning.system_stages import RUN, fit_job, run_outputs, trained_systems


class AlphaTableSpec(Noted):
    """The table of validation Rank-1 per weight of the global branch."""

    scores: str
    title: str
    profile: str


class TuningRow(Noted):
    """A system on a trainset. runs: records of its trainings, one per rate."""

    system: str
    label: str
    trainset: str
    runs: tuple[str, ...]


class CurveRow(Spec):
    """A training of the tables. run: its record."""

    label: str
    trainset: str
    run: str


class TuningSpec(Spec):
    """The document of the learning rates tried and of the validation curves. target: path that makes it."""

    rates: tuple[float, ...]
    rows: tuple[TuningRow, ...]
    curves: tuple[CurveRow, ...]
    target: str


def alpha_base(draft: Draft) -> Job | None:
    """The training whose weight of the global branch is varied (D29); None where its data are missing."""
    config, alpha = draft.config, draft.config.alpha
    if config.systems[alpha.system].class_path is None or reason_missing(config, config.trainsets[alpha.trainset]):
        return None
    return fit_job(draft, alpha.system, alpha.trainset, config.seeds[0])


def fit_spec(job: Job) -> FitSpec:
    """The specification of a training."""
    assert isinstance(job.spec, FitSpec)
    return job.spec


def is_planned(draft: Draft, fit: Job) -> bool:
    """Whether the tables need this training."""
    return RUN.format(**fit.ids) in draft.jobs["fit"]


def changed(job: Job, ids: dict[str, str], **values: object) -> Job:
    """A training that differs from another in some values."""
    spec = job.spec.model_copy(update=values)
    return replace(job, ids=ids, spec=spec)


def plan_alpha_fit(draft: Draft) -> Iterator[Job]:
    """Trainings that differ in alpha alone, apart from the one that the tables have already."""
    if base := alpha_base(draft):
        for value in draft.config.alpha.values:
            model = {**fit_spec(base).model, "alpha": value}
            if model != fit_spec(base).model or not is_planned(draft, base):
                yield changed(base, {"alpha": f"{value:g}"}, model=model)


def plan_alpha_scores(draft: Draft) -> Iterator[Job]:
    """Validation scores of the trainings that differ in alpha alone (D29)."""
    if base := alpha_base(draft):
        made = {fit_spec(job).model["alpha"]: ("alpha_fit", job) for job in draft.jobs["alpha_fit"].values()}
        trained = [made.get(value, ("fit", base)) for value in draft.config.alpha.values]
        folders = [draft.paths.path(stage, "folder", **job.ids) for stage, job in trained]
        pairs = zip(draft.config.alpha.values, folders, strict=True)
        runs = tuple(AlphaRun(alpha=alpha, folder=folder) for alpha, folder in pairs)
        files = [path for stage, job in trained for path in draft.paths.outputs(stage, job.ids).values()]
        yield replace(base, ids={}, spec=AlphaSpec(fit=fit_spec(base), runs=runs), inputs=(*base.inputs, *files))


def plan_alpha(draft: Draft) -> Iterator[Job]:
    """The table of validation Rank-1 per alpha."""
    config, alpha = draft.config, draft.config.alpha
    if draft.jobs["alpha_scores"]:
        label = config.systems[alpha.system].label
        text = f"{label}: weight of the global branch, trained on {alpha.trainset}, on its validation identities."
        scores = draft.paths.path("alpha_scores", "scores")
        partial = partial_files(config, draft.paths, config.trainsets[alpha.trainset])
        spec = AlphaTableSpec(scores=scores, title=draft.title(text), profile=config.profile, partial=partial)
        yield Job({}, spec, inputs=(scores, *partial.values()))


def tuned_systems(draft: Draft) -> Iterator[tuple[str, str]]:
    """(system, trainset) of each search for a learning rate. An ablation has the rate of its system."""
    config = draft.config
    for trainset in config.tuning.trainsets:
        datasets = config.trainsets[trainset]
        for name, entry in trained_systems(config).items():
            untrained = entry.budget is None or entry.budget.steps == 0
            ablation = name in config.mcnemar.ablations
            if not (untrained or ablation or reason_missing(config, datasets) or reason_unread(config, name, datasets)):
                yield name, trainset


def own_training(draft: Draft, fit: Job, rate: float) -> bool:
    """Whether a training with this rate is the one that the tables have already."""
    return fit_spec(fit).optim.lr == rate and is_planned(draft, fit)


def plan_tune(draft: Draft) -> Iterator[Job]:
    """Every system of the tuning trainsets with every rate that the tables' trainings do not have."""
    for name, trainset in tuned_systems(draft):
        fit = fit_job(draft, name, trainset, draft.config.tuning.seed)
        for rate in draft.config.tuning.rates:
            if not own_training(draft, fit, rate):
                optim = fit_spec(fit).optim.model_copy(update={"lr": rate})
                yield changed(fit, {"system": name, "trainset": trainset, "rate": f"{rate:g}"}, optim=optim)


def plan_tuning(draft: Draft) -> Iterator[Job]:
    """The document of the search for learning rates."""
    config, rows = draft.config, []
    for name, trainset in tuned_systems(draft):
        fit = fit_job(draft, name, trainset, config.tuning.seed)
        runs = tuple(
            draft.paths.path("fit", "run", **fit.ids)
            if own_training(draft, fit, rate)
            else draft.paths.path("tune", "run", system=name, trainset=trainset, rate=f"{rate:g}")
            for rate in config.tuning.rates
        )
        partial = partial_files(config, draft.paths, config.trainsets[trainset])
        rows.append(
            TuningRow.from_fields_of(config.systems[name], system=name, trainset=trainset, runs=runs, partial=partial)
        )
    if rows:
        curves, target = tuple(plan_curves(draft)), draft.paths.path("tuning", "document")
        spec = TuningSpec(rates=config.tuning.rates, rows=tuple(rows), curves=curves, target=target)
        read = (path for row in rows for path in (*row.runs, *row.partial.values()))
        yield Job({}, spec, inputs=unique((*read, *(curve.run for curve in curves))))


def plan_curves(draft: Draft) -> Iterator[CurveRow]:
    """The tables' trainings on the training sets of the search, ablations included, with its seed."""
    tuning = draft.config.tuning
    for job in draft.jobs["fit"].values():
        spec = fit_spec(job)
        if spec.budget.steps != 0 and spec.seed == tuning.seed and spec.trainset in tuning.trainsets:
            label = draft.config.systems[spec.system].label
            run = draft.paths.path("fit", "run", **job.ids)
            yield CurveRow(label=label, trainset=spec.trainset, run=run)


STAGES: tuple[Stage, ...] = (
    Stage(
        name="alpha_fit", key="alpha{alpha}", outputs=run_outputs("alpha/alpha{alpha}"),
        function="glalign.engine.fit.fit", plan=plan_alpha_fit, about="Train with another weight of the global branch.",
        trains=True, uses_torch=True, minutes=1440, memory=48000,
    ),
    Stage(
        name="alpha_scores", key="alpha_scores", outputs={"scores": "alpha/scores.json"},
        function="glalign.engine.alpha.score_alphas", plan=plan_alpha_scores,
        about="Score trainings with other weights of the global branch on validation identities.", uses_torch=True,
        minutes=480, memory=32000,
    ),
    Stage(
        name="alpha", key="alpha", outputs={"csv": "alpha.csv", "tex": "alpha.tex"},
        function="glalign.reporting.alpha.make_alpha", plan=plan_alpha,
        about="Write validation Rank-1 per weight of the global branch.", default=True,
    ),
    Stage(
        name="tune", key="{system}/{trainset}/rate{rate}", outputs=run_outputs("tuning/{system}/{trainset}/rate{rate}"),
        function="glalign.engine.fit.fit", plan=plan_tune, about="Train with another learning rate.", trains=True,
        uses_torch=True, minutes=1440, memory=48000,
    ),
    Stage(
        name="tuning", key="tuning", outputs={"document": "tuning.md"}, function="glalign.reporting.tuning.make_tuning",
        plan=plan_tuning, about="Write the document of the learning rates tried.",
    ),
)  # fmt: skip
