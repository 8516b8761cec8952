"""The weight of the global branch, varied on validation identities (D29)."""

from collections.abc import Iterator
from dataclasses import replace

from glalign.contract.specs.base import Noted
from glalign.contract.specs.scoring import AlphaRun, AlphaSpec
from glalign.planning.draft import Draft, partial_files, reason_missing
from glalign.planning.stage import Job, Stage
from glalign.planning.system_stages import changed, fit_job, fit_spec, is_planned, run_outputs


class AlphaTableSpec(Noted):
    """The table of validation Rank-1 per weight of the global branch."""

    scores: str
    title: str
    profile: str


def alpha_base(draft: Draft) -> Job | None:
    """The training whose weight of the global branch is varied (D29); None where its data are missing."""
    config, alpha = draft.config, draft.config.alpha
    if config.systems[alpha.system].class_path is None or reason_missing(config, config.trainsets[alpha.trainset]):
        return None
    return fit_job(draft, alpha.system, alpha.trainset, config.seeds[0])


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
)  # fmt: skip
