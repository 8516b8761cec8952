"""Stages that score a test set: ranks of every query, and the metrics that are counted from them."""

from collections.abc import Iterator

from glalign.config.settings import System
from glalign.contract.specs.scoring import MetricsSpec, PredictSpec, TestSpec, TrainedOn, TrainedSpec
from glalign.planning.cells import ids_of_cell
from glalign.planning.data_stages import dataset_files
from glalign.planning.draft import Draft, unique
from glalign.planning.pretrained_files import model_files
from glalign.planning.stage import Job, Stage
from glalign.planning.training_stages import RUN, dataset_spec, dress_of
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
    test = TestSpec.of(dataset, testset=ids["testset"], settings=query, draw_seed=config.seed, truth=truth)
    given: tuple[str, ...] = ()
    files, trained = [*inputs, *([truth] if truth else [])], None
    if entry.trains:
        trained = _trained(draft, ids, entry)
        made, given = model_files(config, draft.paths, options_of(entry.model, outline), values=False)
        files += draft.paths.outputs("fit", ids).values()
        files += [*(source.manifest for source in trained.trained_on), *made]
    values = {"seed": int(ids["seed"]), "root_seed": config.seed, "test": test, "trained": trained}
    return Job(ids, PredictSpec.of(config.evaluation, entry, ids, values), unique(files), given, entry.class_path)


def _trained(draft: Draft, ids: dict[str, str], entry: System) -> TrainedSpec:
    config, paths = draft.config, draft.paths
    sources = tuple(
        TrainedOn(
            id=name, people=config.datasets[name].people, manifest=paths.path("manifest", "manifest", dataset=name)
        )
        for name in config.trainsets[ids["trainset"]]
    )
    run, dress = paths.path("fit", "folder", **ids), dress_of(config, ids["system"])
    return TrainedSpec.of(config, entry, run=run, dress=dress, trained_on=sources)


STAGES: tuple[Stage, ...] = (
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
