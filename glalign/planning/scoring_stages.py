"""A test set scored once: ranks, the archive boundary, and the metrics that are counted from them."""

from collections.abc import Iterator

from glalign.contract.specs.scoring import MetricsSpec, PredictSpec, TestSpec, TrainedOn, TrainedSpec
from glalign.planning.cells import ids_of_cell
from glalign.planning.data_stages import dataset_files
from glalign.planning.draft import Draft, unique
from glalign.planning.pretrained_files import model_files
from glalign.planning.stage import Job, Stage
from glalign.planning.training_stages import RUN, dataset_spec, model_values
from glalign.support.class_source import options_of


def plan_predict(draft: Draft) -> Iterator[Job]:
    """The test set of every cell that runs, once per seed."""
    for (scenario, system), cell in draft.cells.items():
        if cell.status == "run":
            for ids in ids_of_cell(draft.config, scenario, system):
                yield _predict_job(draft, ids)


def plan_metrics(draft: Draft) -> Iterator[Job]:
    """The metrics of every ranks file."""
    for job in draft.jobs["predict"].values():
        ranks, summary = draft.paths.outputs("predict", job.ids).values()
        spec = MetricsSpec(ranks=ranks, bootstrap=draft.config.evaluation.bootstrap, root_seed=draft.config.seed)
        yield Job(job.ids, spec, (ranks, summary))


def _predict_job(draft: Draft, ids: dict[str, str]) -> Job:
    config, system = draft.config, ids["system"]
    query, outline = config.testsets[ids["testset"]], config.classes[system]
    entry = config.entry(system, config.datasets[query.dataset].language)
    dataset, inputs = dataset_spec(draft, query.dataset, outline.needs)
    truth = dataset_files(draft, query.dataset).truth if "truth" in outline.needs else None
    test = TestSpec(**dataset.model_dump(), testset=ids["testset"], query=query, draw_seed=config.seed, truth=truth)
    files, given, trained = [*inputs, *([truth] if truth else [])], (), None
    if entry.trains:
        trained, made, given = _trained(draft, ids)
        files += [draft.paths.path("fit", name, **ids) for name in ("model", "run")]
        files += [*(source.manifest for source in trained.trained_on), *made]
    spec = PredictSpec(
        system=system,
        class_path=str(entry.class_path),
        trainset=ids["trainset"],
        seed=int(ids["seed"]),
        root_seed=config.seed,
        test=test,
        block=config.evaluation.block,
        top=config.evaluation.top,
        trained=trained,
    )
    return Job(ids, spec, unique(files), given, entry.class_path)


def _trained(draft: Draft, ids: dict[str, str]) -> tuple[TrainedSpec, tuple[str, ...], tuple[str, ...]]:
    """A trained system, and the vocabularies that it reads: (made by a job, given)."""
    config, system = draft.config, ids["system"]
    language = config.datasets[config.testsets[ids["testset"]].dataset].language
    entry = config.entry(system, language)
    sources = tuple(
        TrainedOn(
            id=name,
            people=config.datasets[name].people,
            manifest=draft.paths.path("manifest", "manifest", dataset=name),
        )
        for name in config.trainsets[ids["trainset"]]
    )
    run = draft.paths.path("fit", "folder", **ids)
    spec = TrainedSpec(**model_values(draft, system, entry), run=run, trained_on=sources)
    options = options_of(entry.model, config.classes[system])
    return (spec, *model_files(config, draft.paths, options, values=False))


STAGES = (
    Stage(
        "predict", f"{RUN}/{{testset}}",
        {"ranks": f"ranks/{RUN}/{{testset}}.jsonl", "summary": f"ranks/{RUN}/{{testset}}.json"},
        "engine.predict.predict", plan_predict,
        "Rank a test set's gallery for each of its queries.", uses_torch=True, minutes=480, memory=32000,
    ),
    Stage(
        "metrics", f"{RUN}/{{testset}}", {"metrics": f"metrics/{RUN}/{{testset}}.json"},
        "evaluation.metrics.make_metrics", plan_metrics,
        "Rank-k, mAP, mINP and intervals of a ranks file.",
    ),
)  # fmt: skip
