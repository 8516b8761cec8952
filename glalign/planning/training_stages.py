"""Trainings: of every cell, of the weights of the global branch, of the search for learning rates.

A training is keyed by what it depends on, {system}/{trainset}/seed{n}, never by scenario: scenarios share it.
"""

from collections.abc import Iterator

from glalign.config.loading import Config
from glalign.config.settings import System
from glalign.contract.specs.training import DatasetSpec, FitSpec
from glalign.planning.cells import ids_of_cell, reason_missing, reason_unread
from glalign.planning.data_stages import dataset_files, pictures_of
from glalign.planning.draft import Draft
from glalign.planning.pretrained_files import model_files
from glalign.planning.stage import Job, Stage
from glalign.storage.weight_status import WEIGHT_SUFFIXES
from glalign.support.class_source import options_of


def dataset_spec(draft: Draft, dataset: str, needs: frozenset[str]) -> tuple[DatasetSpec, tuple[str, ...]]:
    """What a system with these needs reads of a dataset, and the inputs behind it."""
    files, paths = dataset_files(draft, dataset), draft.paths
    parts = paths.path("parse", "parts", dataset=pictures_of(draft, dataset)) if "parts" in needs else None
    phrases = paths.path("phrases", "phrases", dataset=dataset) if "phrases" in needs else None
    manifest, people = paths.path("manifest", "manifest", dataset=dataset), draft.config.datasets[dataset].people
    spec = DatasetSpec(id=dataset, people=people, images=files.images, manifest=manifest, parts=parts, phrases=phrases)
    return spec, (*files.made, *(path for path in (manifest, parts, phrases) if path))


def dress_of(config: Config, system: str) -> str | None:
    """The regions that dress pixels count for, where the system reads label maps."""
    return config.parsing.dress if "parts" in config.classes[system].needs else None


def fit_job(draft: Draft, system: str, trainset: str, seed: int) -> Job:
    """The training of a system on a trainset with a seed."""
    config = draft.config
    entry, outline = config.entry(system, config.language_of(trainset)), config.classes[system]
    read = [dataset_spec(draft, dataset, outline.needs) for dataset in config.trainsets[trainset]]
    made, given = model_files(config, draft.paths, options_of(entry.model, outline))
    ids = {"system": system, "trainset": trainset, "seed": str(seed)}
    values = {"datasets": tuple(spec for spec, _ in read), "dress": dress_of(config, system), "root_seed": config.seed}
    files = tuple(path for path in (*made, *given) if path.endswith(WEIGHT_SUFFIXES))
    spec = FitSpec.of(config, entry, values, ids, seed=seed, files=files)
    return Job(ids, spec, (*(path for _, paths in read for path in paths), *made), given, entry.class_path)


def changed(job: Job, ids: dict[str, str], **values: object) -> Job:
    """A training that differs from another in some values."""
    spec = job.spec.model_copy(update=values)
    return Job(ids, spec, job.inputs, job.weights, job.class_path)


def plan_fit(draft: Draft) -> Iterator[Job]:
    """The training of every cell that runs, once for all scenarios that share it."""
    for (scenario, system), cell in draft.cells.items():
        if cell.status == "run" and draft.config.systems[system].trains:
            for ids in ids_of_cell(draft.config, scenario, system):
                yield fit_job(draft, system, ids["trainset"], int(ids["seed"]))


def alpha_base(draft: Draft) -> Job | None:
    """The training whose weight of the global branch is varied (D29); None where its data are missing."""
    config, alpha = draft.config, draft.config.alpha
    if config.systems[alpha.system].class_path is None or reason_missing(config, config.trainsets[alpha.trainset]):
        return None
    return fit_job(draft, alpha.system, alpha.trainset, config.seeds[0])


def plan_alpha_fit(draft: Draft) -> Iterator[Job]:
    """Trainings that differ in alpha alone."""
    if base := alpha_base(draft):
        for value in draft.config.alpha.values:
            model = {**fit_spec(base).model, "alpha": value}
            yield changed(base, {"alpha": f"{value:g}"}, model=model)


def fit_spec(job: Job) -> FitSpec:
    """The specification of a training."""
    assert isinstance(job.spec, FitSpec)
    return job.spec


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


def plan_tune(draft: Draft) -> Iterator[Job]:
    """Every system of the tuning trainsets with every rate."""
    for name, trainset in tuned_systems(draft):
        fit = fit_job(draft, name, trainset, draft.config.tuning.seed)
        for rate in draft.config.tuning.rates:
            optim = fit_spec(fit).optim.model_copy(update={"lr": rate})
            yield changed(fit, {"system": name, "trainset": trainset, "rate": f"{rate:g}"}, optim=optim)


def trained_systems(config: Config) -> dict[str, System]:
    """The systems that have a class and a budget."""
    return {name: entry for name, entry in config.systems.items() if entry.class_path and entry.budget}


def _outputs(folder: str) -> dict[str, str]:
    return {"model": f"{folder}/model.safetensors", "run": f"{folder}/run.json"}


RUN = "{system}/{trainset}/seed{seed}"
STAGES = (
    Stage(
        "fit", RUN, _outputs(f"runs/{RUN}"), "engine.fit.fit", plan_fit,
        "Train one system on one training set.", trains=True, uses_torch=True, minutes=1440, memory=48000,
    ),
    Stage(
        "alpha_fit", "alpha{alpha}", _outputs("alpha/alpha{alpha}"), "engine.fit.fit", plan_alpha_fit,
        "Train with another weight of the global branch.", trains=True, uses_torch=True, minutes=1440, memory=48000,
    ),
    Stage(
        "tune", "{system}/{trainset}/rate{rate}", _outputs("tuning/{system}/{trainset}/rate{rate}"), "engine.fit.fit",
        plan_tune, "Train with another learning rate.", trains=True, uses_torch=True, minutes=1440, memory=48000,
    ),
)  # fmt: skip
