"""The training of every cell.

A training is keyed by what it depends on, {system}/{trainset}/seed{n}, never by scenario: scenarios share it.
"""

from collections.abc import Iterator

from glalign.config.loading import Config
from glalign.config.settings import System
from glalign.contract.specs.training import DatasetSpec, FitSpec
from glalign.planning.cells import ids_of_cell
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


def plan_fit(draft: Draft) -> Iterator[Job]:
    """The training of every cell that runs, once for all scenarios that share it."""
    for (scenario, system), cell in draft.cells.items():
        if cell.status == "run" and draft.config.systems[system].trains:
            for ids in ids_of_cell(draft.config, scenario, system):
                yield fit_job(draft, system, ids["trainset"], int(ids["seed"]))


def trained_systems(config: Config) -> dict[str, System]:
    """The systems that have a class and a budget."""
    return {name: entry for name, entry in config.systems.items() if entry.class_path and entry.budget}


def run_outputs(folder: str) -> dict[str, str]:
    return {"model": f"{folder}/model.safetensors", "run": f"{folder}/run.json"}


RUN = "{system}/{trainset}/seed{seed}"
STAGES: tuple[Stage, ...] = (
    Stage(
        "fit", RUN, run_outputs(f"runs/{RUN}"), "engine.fit.fit", plan_fit,
        "Train one system on one training set.", trains=True, uses_torch=True, minutes=1440, memory=48000,
    ),
)  # fmt: skip
