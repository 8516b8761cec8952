"""The stages of a system: its training, the ranks of every query of a test set, and their metrics.

A training is keyed by what it depends on, {system}/{trainset}/seed{n}, never by scenario: scenarios share it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from glalign.config.loading import Config
from glalign.config.settings import System
from glalign.contract.specs.scoring import MetricsSpec, PredictSpec, TestSpec, TrainedOn, TrainedSpec
from glalign.contract.specs.training import DatasetSpec, FitSpec
from glalign.planning.data_stages import dataset_files, pictures_of
from glalign.planning.draft import Draft, ids_of_cell, unique
from glalign.planning.job_memory import computing_memory
from glalign.planning.people import too_few_to_draw
from glalign.planning.pretrained_files import model_files
from glalign.planning.stage import Job, Stage
from glalign.storage.weight_status import WEIGHT_SUFFIXES
from glalign.support.class_source import options_of


def dataset_spec(draft: Draft, dataset: str, needs: frozenset[str]) -> tuple[DatasetSpec, tuple[str, ...]]:
    """Return the specification of a dataset for a system with the given `needs`, and the paths of the files in it."""
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
    entry = config.entry(system, config.language_of(trainset))
    outline = config.classes[system]  # options and needs, read from the source of the class without torch
    read = [dataset_spec(draft, dataset, outline.needs) for dataset in config.trainsets[trainset]]
    made, given = model_files(config, draft.paths, options_of(entry.model, outline))  # by jobs; by no job
    ids = {"system": system, "trainset": trainset, "seed": str(seed)}
    values = {"datasets": tuple(spec for spec, _ in read), "dress": dress_of(config, system), "root_seed": config.seed}
    files = tuple(path for path in (*made, *given) if path.endswith(WEIGHT_SUFFIXES))
    # Its weights, device, threads, processes and runtime are of `config`; class, model, data, optim, ... of `entry`.
    spec = FitSpec.from_fields_of(config, entry, values, ids, seed=seed, files=files)
    inputs, memory = (*(path for _, paths in read for path in paths), *made), computing_memory(entry.data, given)
    return Job(ids, spec, inputs=inputs, weights=given, class_path=entry.class_path, memory=memory)


def plan_fit(draft: Draft) -> Iterator[Job]:
    """The training of every cell that runs; scenarios that share one yield the same job."""
    for (scenario, system), cell in draft.cells.items():
        if cell.status == "run" and draft.config.systems[system].trains:
            for ids in ids_of_cell(draft.config, scenario, system):
                yield fit_job(draft, system, ids["trainset"], int(ids["seed"]))


def trained_systems(config: Config) -> dict[str, System]:
    """The systems that have a class and a budget."""
    return {name: entry for name, entry in config.systems.items() if entry.class_path and entry.budget}


def run_outputs(folder: str) -> dict[str, str]:
    """Outputs of a training whose run lies in a folder below the results: its weights and its record."""
    return {"model": f"{folder}/model.safetensors", "run": f"{folder}/run.json"}


RUN = "{system}/{trainset}/seed{seed}"


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


def plan_predict(draft: Draft) -> Iterator[Job]:
    """The test set of every cell that runs, once per seed."""
    for (scenario, system), cell in draft.cells.items():
        if cell.status == "run":
            for ids in ids_of_cell(draft.config, scenario, system):
                yield predict_job(draft, ids)


def plan_metrics(draft: Draft) -> Iterator[Job]:
    """The metrics of every ranks file."""
    for job in draft.jobs["predict"].values():
        yield metrics_job(draft, job.ids)


def metrics_job(draft: Draft, ids: Mapping[str, str]) -> Job:
    """The metrics of the ranks with these ids."""
    ranks, summary = draft.paths.outputs("predict", ids).values()
    spec = MetricsSpec(ranks=ranks, bootstrap=draft.config.evaluation.bootstrap, root_seed=draft.config.seed)
    return Job(ids, spec, inputs=(ranks, summary))


def predict_job(draft: Draft, ids: dict[str, str]) -> Job:
    """The ranks of a system on a test set."""
    config, system = draft.config, ids["system"]
    testset, outline = config.testsets[ids["testset"]], config.classes[system]
    entry = config.entry(system, config.datasets[testset.dataset].language)
    dataset, inputs = dataset_spec(draft, testset.dataset, outline.needs)
    truth = dataset_files(draft, testset.dataset).truth if "truth" in outline.needs else None
    test = TestSpec.from_fields_of(
        dataset, testset=ids["testset"], settings=testset, draw_seed=config.seed, truth=truth
    )
    given: tuple[str, ...] = ()
    files, trained = [*inputs, *([truth] if truth else [])], None
    if entry.trains:
        trained = _trained(draft, ids, entry)
        made, given = model_files(config, draft.paths, options_of(entry.model, outline), trained=True)
        files += draft.paths.outputs("fit", ids).values()
        files += [*(source.manifest for source in trained.trained_on), *made]
    values = {"seed": int(ids["seed"]), "root_seed": config.seed, "test": test, "trained": trained}
    spec = PredictSpec.from_fields_of(config.evaluation, entry, ids, values)
    refused = too_few_to_draw(config, ids["testset"])
    # The weights of the training are about as large as the pre-trained ones in whose place it reads them.
    memory = computing_memory(entry.data, model_files(config, draft.paths, options_of(entry.model, outline))[1])
    return Job(
        ids, spec, inputs=unique(files), weights=given, class_path=entry.class_path, refused=refused, memory=memory
    )


def _trained(draft: Draft, ids: dict[str, str], entry: System) -> TrainedSpec:
    config, paths = draft.config, draft.paths
    sources = tuple(
        TrainedOn(
            id=name, people=config.datasets[name].people, manifest=paths.path("manifest", "manifest", dataset=name)
        )
        for name in config.trainsets[ids["trainset"]]
    )
    run = paths.path("fit", "folder", **ids)  # the folder of the stage's first output, model.safetensors
    dress = dress_of(config, ids["system"])
    return TrainedSpec.from_fields_of(config, entry, run=run, dress=dress, trained_on=sources)


STAGES: tuple[Stage, ...] = (
    Stage(
        name="fit", key=RUN, outputs=run_outputs(f"runs/{RUN}"), function="glalign.engine.fit.fit", plan=plan_fit,
        about="Train one system on one training set.", trains=True, uses_torch=True, minutes=1440, memory=48000,
    ),
    Stage(
        name="predict", key=f"{RUN}/{{testset}}",
        outputs={"ranks": f"ranks/{RUN}/{{testset}}.jsonl", "summary": f"ranks/{RUN}/{{testset}}.json"},
        function="glalign.engine.predict.predict", plan=plan_predict,
        about="Rank a test set's gallery for each of its queries.", uses_torch=True, minutes=480, memory=32000,
    ),
    Stage(
        name="metrics", key=f"{RUN}/{{testset}}", outputs={"metrics": f"metrics/{RUN}/{{testset}}.json"},
        function="glalign.evaluation.metrics.make_metrics", plan=plan_metrics,
        about="Rank-k, mAP, mINP and intervals of a ranks file.", memory=2000,
    ),
)  # fmt: skip
