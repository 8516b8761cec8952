"""Configuration -> every job and table, without torch and without touching the disk; the Snakemake rules only ask it.

A training is keyed by what it depends on, {system}/{trainset}/seed{n}, never by scenario: scenarios share it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from glalign.config.loading import Config
from glalign.contract.formats import dataset_release
from glalign.planning.cells import (
    SCENARIO_OF,
    UNTRAINED,
    Cell,
    drawn,
    is_trained,
    make_cell,
    reason_missing,
    reason_unread,
)
from glalign.planning.job import Job
from glalign.planning.layout import KEYS, OUTPUTS, Layout, ids_of
from glalign.planning.leakage import check_leakage
from glalign.planning.ledger_jobs import (
    Published,
    alpha_jobs,
    compute_job,
    matrix_jobs,
    size_jobs,
    trained,
    tuning_jobs,
)
from glalign.planning.pretrained_files import model_files, vocabulary_stage, weight_files
from glalign.planning.report_jobs import coverage_job, document_job, report_jobs
from glalign.planning.significance_jobs import significance_job
from glalign.planning.table_rows import table_specs
from glalign.storage.code_digest import modules_of
from glalign.storage.weight_status import WEIGHT_SUFFIXES
from glalign.support.class_source import options_of
from glalign.support.errors import UserError

LEDGERS = ("systems", "alpha", "matrix", "seeds", "significance", "compute", "phrase_counts", "mismatch")
"""Stages whose files are made by default, beside the tables."""


@dataclass(frozen=True)
class Plan:
    """All jobs by stage and key, and the files of every table."""

    layout: Layout
    jobs: Mapping[str, Mapping[str, Job]]

    def job(self, stage: str, **ids: object) -> Job:
        """The job of a stage with these ids. Raises UserError when the plan has none."""
        key = KEYS[stage].format(**ids)
        if key not in self.jobs[stage]:
            known = ", ".join(self.jobs[stage]) or "none"
            raise UserError(f"{stage} {key}: no job of this configuration; it has {known}")
        return self.jobs[stage][key]

    def targets(self) -> list[str]:
        """The files of every table and ledger."""
        tables = [
            self.layout.path("table", name, table=table) for table in self.jobs["table"] for name in ("csv", "tex")
        ]
        of = {stage: OUTPUTS[stage] for stage in LEDGERS}
        ledgers = [self.layout.path(stage, name) for stage, names in of.items() for name in names if self.jobs[stage]]
        return [*tables, *ledgers]


def make_plan(
    config: Config,
    reported: Mapping[int, Sequence[Mapping[str, str]]],
    originals: Config | None = None,
    published: Published | None = None,
) -> Plan:
    """Plan of a configuration; `reported` has the rows of the paper's tables 1 to 11.

    originals: the configuration with every system at its original size (default: as configured). published: rows of
    paper/parameters.csv by system.

    Raises UserError when a scenario trains on people that it tests on.
    """
    check_leakage(config)
    layout = Layout(config["results"])
    cells = {
        (scenario, system): make_cell(config, layout, scenario, system)
        for scenario in SCENARIO_OF.values()
        for system in config["systems"]
    }
    jobs: dict[str, dict[str, Job]] = {stage: {} for stage in KEYS}
    for dataset in config["datasets"]:
        if not reason_missing(config, [dataset]):
            for job in _dataset_jobs(config, layout, dataset):
                jobs[job.stage][dataset] = job
    for name, recipe in config["vocabularies"].items():
        stage = vocabulary_stage(recipe["family"])
        jobs[stage][name] = Job(stage, (), {"name": name, **recipe}, modules_of(stage))
    for name, recipe in config["pretraining"].items():
        made, given = model_files(config, layout, recipe.get("model", {}))
        spec = {"name": name, **recipe, **{key: config[key] for key in ("weights", "threads", "device")}}
        jobs["pretrain"][name] = Job("pretrain", made, spec, modules_of("pretrain"), given)
    for cell in cells.values():
        if cell.status == "run":
            for stage, key, job in _cell_jobs(config, layout, cell):
                jobs[stage].setdefault(key, job)
    for table, spec in table_specs(config, layout, cells, reported).items():
        files = (path for row in spec["rows"] for path in (*row["metrics"], *row["runs"], *row["partial"].values()))
        inputs = tuple(dict.fromkeys((spec["paper"], *files)))
        jobs["table"][table] = Job("table", inputs, spec, modules_of("table"))
    for stage, key, job in _ledgers(config, originals or config, layout, published or {}, jobs):
        jobs[stage][key] = job
    for stage, key, job in matrix_jobs(config, tuple(SCENARIO_OF.values()), cells):
        jobs[stage][key] = job
    jobs["significance"]["mcnemar"] = significance_job(config, layout, cells)
    for stage, key, job in report_jobs(config, layout, jobs["coverage"]):
        jobs[stage][key] = job
    jobs["document"]["tables"] = document_job(config, layout, jobs)
    return Plan(layout, jobs)


def _ledgers(
    config: Config, originals: Config, layout: Layout, published: Published, jobs: Mapping[str, Mapping[str, Job]]
) -> Iterator[tuple[str, str, Job]]:
    """Sizes, time and memory, search for learning rates."""
    yield from size_jobs(config, originals, layout, published)
    keys = {stage: [ids_of(stage, key) for key in jobs[stage]] for stage in ("fit", "predict")}
    yield "compute", "compute", compute_job(layout, keys)
    alpha = config["alpha"]
    if config["systems"][alpha["system"]]["class"] and not reason_missing(
        config, config["trainsets"][alpha["trainset"]]
    ):
        fit = _fit(config, layout, system=alpha["system"], trainset=alpha["trainset"], seed=config["seeds"][0])
        yield from alpha_jobs(config, layout, fit)
    fits = {
        (name, trainset): _fit(config, layout, system=name, trainset=trainset, seed=config["tuning"]["seed"])
        for trainset in config["tuning"]["trainsets"]
        for name, entry in trained(config).items()
        if entry["budget"]["steps"] != 0
        and name not in config["significance"]["ablations"]  # they have the rate of what they are ablations of
        and not reason_missing(config, config["trainsets"][trainset])
        and not reason_unread(config, name, config["trainsets"][trainset])
    }
    if fits:
        yield from tuning_jobs(config, layout, fits)


@dataclass(frozen=True)
class DatasetFiles:
    """Where the files of a dataset are; truth and labels exist for synthetic data only."""

    root: str
    annotations: tuple[str, ...]
    images: str
    truth: str | None
    labels: str | None
    made: tuple[str, ...]  # what a job makes, hence an input of whatever reads images


def _files(config: Config, layout: Layout, dataset: str) -> DatasetFiles:
    entry = config["datasets"][dataset]
    if entry["root"] is not None:
        release = dataset_release(entry, dataset)
        return DatasetFiles(entry["root"], tuple(release.annotations.values()), release.images, None, None, ())
    at = {name: layout.path("synthesize", name, dataset=dataset) for name in OUTPUTS["synthesize"]}
    return DatasetFiles(at["folder"], (at["annotations"],), at["images"], at["truth"], at["labels"], (at["images"],))


def _dataset_jobs(config: Config, layout: Layout, dataset: str) -> Iterator[Job]:
    """From nothing, or a release, to manifest, part label maps and phrases."""
    entry, files = config["datasets"][dataset], _files(config, layout, dataset)
    manifest = layout.path("manifest", "manifest", dataset=dataset)
    if entry["root"] is None and entry["synthetic"] is None:
        source = entry["translated"]
        read = _files(config, layout, source)
        spec = {"source": read.root, "from": config["datasets"][source]["language"], "to": entry["language"]}
        inputs = (*read.annotations, read.truth, *read.made, read.labels)
        yield Job("translate", inputs, {**spec, "seed": config["seed"]}, modules_of("translate"))
    elif entry["root"] is None:
        people = {"people": entry["people"], "language": entry["language"]}
        spec = {**entry["synthetic"], "seed": config["seed"], **people}
        yield Job("synthesize", (), spec, modules_of("synthesize"))
    spec = {key: entry[key] for key in ("splits", "holdout", "language")}
    # What is generated is written as CUHK-PEDES is.
    real = {key: entry[key] for key in ("format", "annotations", "images", "allow_partial")}
    spec |= real if entry["root"] is not None else {"format": "cuhk_pedes"}
    spec |= {"dataset": dataset, "root": files.root, "seed": config["seed"]}
    yield Job("manifest", (*files.annotations, *files.made), spec, modules_of("manifest"))

    phrases = _phrases(config, layout, dataset, manifest)
    yield phrases
    yield coverage_job(phrases, files.truth)
    if entry["root"] is None and entry["synthetic"] is None:
        return  # the label maps are those of the pictures' own dataset
    parsing = config["parsing"]
    spec = {"manifest": manifest, "images": files.images, "method": parsing["method"], "labels": files.labels}
    spec |= {"weights": config["weights"], "name": parsing["weights"]}
    spec |= {"threads": config["threads"], "device": config["device"]}
    names = [parsing["weights"]] if parsing["method"] == "segformer" else []
    made, given = weight_files(config, layout, names)
    labels = (files.labels,) if files.labels else ()
    yield Job("parse", (manifest, *files.made, *labels, *made), spec, modules_of("parse"), given)


def _phrases(config: Config, layout: Layout, dataset: str, manifest: str) -> Job:
    """Noun phrases of the captions of a dataset."""
    language, rules = config["datasets"][dataset]["language"], dict(config["phrases"])
    if language != "vi":
        del rules["segmenter"]
    spec = {"manifest": manifest, "language": language, **rules}
    return Job("phrases", (manifest,), spec, modules_of("phrases"))


def _annotated(
    config: Config, layout: Layout, dataset: str, needs: frozenset[str]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What a system reads of a dataset, as part of its specification, and the inputs behind it."""
    files, pictures = _files(config, layout, dataset), drawn(config, dataset) or dataset
    read = {
        "manifest": layout.path("manifest", "manifest", dataset=dataset),
        "parts": layout.path("parse", "parts", dataset=pictures) if "parts" in needs else None,
        "phrases": layout.path("phrases", "phrases", dataset=dataset) if "phrases" in needs else None,
    }
    inputs = (*files.made, *(path for path in read.values() if path))
    return {"id": dataset, "people": config["datasets"][dataset]["people"], "images": files.images, **read}, inputs


def _cell_jobs(config: Config, layout: Layout, cell: Cell) -> Iterator[tuple[str, str, Job]]:
    """Training, prediction and metrics of a cell, once per seed: (stage, key, job)."""
    scenario = config["scenarios"][cell.scenario]
    trained = is_trained(config["systems"][cell.system])
    for seed in config["seeds"] if trained else config["seeds"][:1]:
        ids = {"system": cell.system, "trainset": scenario["train"] if trained else UNTRAINED, "seed": seed}
        if trained:
            yield "fit", KEYS["fit"].format(**ids), _fit(config, layout, **ids)
        ids["testset"] = scenario["test"]
        yield "predict", KEYS["predict"].format(**ids), _predict(config, layout, **ids)
        ranks = layout.path("predict", "ranks", **ids)
        spec = {"ranks": ranks, "bootstrap": config["evaluation"]["bootstrap"], "root_seed": config["seed"]}
        inputs = (ranks, layout.path("predict", "summary", **ids))
        yield "metrics", KEYS["metrics"].format(**ids), Job("metrics", inputs, spec, modules_of("metrics"))


def _fit(config: Config, layout: Layout, *, system: str, trainset: str, seed: int) -> Job:
    entry, facts = config.entry(system, config.language_of(trainset)), config.facts[system]
    datasets, inputs = [], []
    for dataset in config["trainsets"][trainset]:
        read, files = _annotated(config, layout, dataset, facts.needs)
        datasets.append(read)
        inputs += files
    made, given = model_files(config, layout, options_of(entry, facts))
    spec = {"system": system, "trainset": trainset, "seed": seed, "root_seed": config["seed"], "datasets": datasets}
    spec |= {key: entry[key] for key in ("class", "model", "data", "optim", "budget", "selection", "memory")}
    spec |= {key: config[key] for key in ("weights", "threads", "device", "processes", "runtime")}
    spec["dress"] = config["parsing"]["dress"] if "parts" in facts.needs else None
    spec["files"] = [path for path in (*made, *given) if path.endswith(WEIGHT_SUFFIXES)]
    return Job("fit", (*inputs, *made), spec, modules_of("fit", entry["class"]), given)


def _predict(config: Config, layout: Layout, *, system: str, trainset: str, seed: int, testset: str) -> Job:
    test, facts = config["testsets"][testset], config.facts[system]
    entry = config.entry(system, config["datasets"][test["dataset"]]["language"])
    read, inputs = _annotated(config, layout, test["dataset"], facts.needs)
    truth = _files(config, layout, test["dataset"]).truth if "truth" in facts.needs else None
    spec = {"system": system, "class": entry["class"], "trainset": trainset, "seed": seed, "root_seed": config["seed"]}
    spec["test"] = {**test, **read, "id": testset, "seed": config["seed"], "truth": truth}
    spec |= {"block": config["evaluation"]["block"], "top": config["evaluation"]["top"]}
    spec |= {"run": None, "trained_on": []}
    files, given = [*inputs, *([truth] if truth else [])], ()
    if is_trained(entry):
        ids = {"system": system, "trainset": trainset, "seed": seed}
        spec |= {"run": layout.path("fit", "folder", **ids), **{key: entry[key] for key in ("model", "data")}}
        spec |= {key: config[key] for key in ("weights", "threads", "device")}
        spec["dress"] = config["parsing"]["dress"] if "parts" in facts.needs else None
        for dataset in config["trainsets"][trainset]:
            manifest = layout.path("manifest", "manifest", dataset=dataset)
            people = config["datasets"][dataset]["people"]
            spec["trained_on"].append({"id": dataset, "people": people, "manifest": manifest})
        files += [layout.path("fit", name, **ids) for name in ("model", "run")]
        files += [trained["manifest"] for trained in spec["trained_on"]]
        made, given = model_files(config, layout, options_of(entry, facts), values=False)
        files += made
    return Job("predict", tuple(dict.fromkeys(files)), spec, modules_of("predict", entry["class"]), given)
