"""Configuration -> every job and table, without torch and without touching the disk; the Snakemake rules only ask it.

A training is keyed by what it depends on, {system}/{trainset}/seed{n}, never by scenario: scenarios share it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from glalign.cells import SCENARIO_OF, UNTRAINED, Cell, cells_of, is_trained, make_cell, missing
from glalign.config import Config
from glalign.errors import UserError
from glalign.layout import KEYS, OUTPUTS, Layout
from glalign.leakage import check_leakage
from glalign.sources import modules_of
from glalign.table_specs import REPORTED, table_specs


@dataclass(frozen=True)
class Job:
    """One call of the command line.

    inputs: files made by other jobs or given with the release. spec: the slice of the configuration it uses, JSON-able.
    modules: entry modules of its code. weights: pre-trained files that no job makes.
    """

    stage: str
    inputs: tuple[str, ...]
    spec: Mapping[str, Any]
    modules: tuple[str, ...]
    weights: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """All jobs by stage and key, the cells of the paper's tables 4 to 11, and the files of every table."""

    layout: Layout
    jobs: Mapping[str, Mapping[str, Job]]
    cells: tuple[Cell, ...]

    def job(self, stage: str, **ids: object) -> Job:
        """The job of a stage with these ids. Raises UserError when the plan has none."""
        key = KEYS[stage].format(**ids)
        if key not in self.jobs[stage]:
            known = ", ".join(self.jobs[stage]) or "none"
            raise UserError(f"{stage} {key}: no job of this configuration; it has {known}")
        return self.jobs[stage][key]

    def trainings(self) -> tuple[str, ...]:
        """Keys of the trainings behind the cells of the paper's tables, runnable or not, each once."""
        return tuple(dict.fromkeys(training for cell in self.cells for training in cell.trainings))

    def targets(self) -> list[str]:
        """The files of every table."""
        return [self.layout.path("table", name, table=table) for table in self.jobs["table"] for name in ("csv", "tex")]


def make_plan(config: Config, reported: Mapping[int, Sequence[Mapping[str, str]]]) -> Plan:
    """Plan of a configuration; `reported` has the rows of the paper's tables 1 to 11.

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
        if not missing(config, [dataset]):
            for job in _dataset_jobs(config, layout, dataset):
                jobs[job.stage][dataset] = job
    for name, recipe in config["pretraining"].items():
        spec = {"name": name, **recipe, "threads": config["threads"], "device": config["device"]}
        jobs["pretrain"][name] = Job("pretrain", (), spec, modules_of("pretrain"))
    for cell in cells.values():
        if cell.status == "run":
            for stage, key, job in _cell_jobs(config, layout, cell):
                jobs[stage].setdefault(key, job)
    for table, spec in table_specs(config, layout, cells, reported).items():
        files = (path for row in spec["rows"] for path in (*row["metrics"], *row["runs"]))
        inputs = tuple(dict.fromkeys((spec["paper"], *files)))
        jobs["table"][table] = Job("table", inputs, spec, modules_of("table"))
    in_paper = dict.fromkeys(key for table in REPORTED for key in cells_of(reported[table]))
    return Plan(layout, jobs, tuple(cells[key] for key in in_paper))


@dataclass(frozen=True)
class Files:
    """Where the files of a dataset are; truth and labels exist for synthetic data only."""

    root: str
    annotations: str
    images: str
    truth: str | None
    labels: str | None
    made: tuple[str, ...]  # what a job makes, hence an input of whatever reads images


def _files(config: Config, layout: Layout, dataset: str) -> Files:
    root = config["datasets"][dataset]["root"]
    if root is not None:
        return Files(root, f"{root}/reid_raw.json", f"{root}/imgs", None, None, ())
    at = {name: layout.path("synthesize", name, dataset=dataset) for name in OUTPUTS["synthesize"]}
    return Files(at["folder"], at["annotations"], at["images"], at["truth"], at["labels"], (at["images"],))


def _dataset_jobs(config: Config, layout: Layout, dataset: str) -> Iterator[Job]:
    """From nothing, or a release, to manifest, part label maps and phrases."""
    entry, files = config["datasets"][dataset], _files(config, layout, dataset)
    manifest = layout.path("manifest", "manifest", dataset=dataset)
    if entry["root"] is None:
        people = {"people": entry["people"], "language": entry["language"]}
        spec = {**entry["synthetic"], "seed": config["seed"], **people}
        yield Job("synthesize", (), spec, modules_of("synthesize"))
    spec = {key: entry[key] for key in ("format", "splits", "holdout", "language")}
    spec |= {"dataset": dataset, "root": files.root, "seed": config["seed"]}
    yield Job("manifest", (files.annotations, *files.made), spec, modules_of("manifest"))

    parsing = config["parsing"]
    spec = {"manifest": manifest, "images": files.images, "method": parsing["method"], "labels": files.labels}
    spec |= {"weights": config["weights"], "name": parsing["weights"]}
    spec |= {"threads": config["threads"], "device": config["device"]}
    names = [parsing["weights"]] if parsing["method"] == "segformer" else []
    made, given = _weight_files(config, layout, names)
    labels = (files.labels,) if files.labels else ()
    yield Job("parse", (manifest, *files.made, *labels, *made), spec, modules_of("parse"), given)

    spec = {"manifest": manifest, "language": entry["language"], **config["phrases"]}
    yield Job("phrases", (manifest,), spec, modules_of("phrases"))


def _weight_files(config: Config, layout: Layout, names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Weight files (that the pre-training makes, that are given)."""
    made, given = [], []
    for name in names:
        path = str(PurePosixPath(config["weights"]) / f"{name}.safetensors")
        twin = [layout.path("pretrain", output, weights=name) for output in ("weights", "record")]
        if name in config["pretraining"] and path == str(PurePosixPath(twin[0])):
            made += twin
        elif name != "random":
            given.append(path)
    return tuple(made), tuple(given)


def _annotated(
    config: Config, layout: Layout, dataset: str, needs: frozenset[str]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What a system reads of a dataset, as part of its specification, and the inputs behind it."""
    files = _files(config, layout, dataset)
    read = {
        "manifest": layout.path("manifest", "manifest", dataset=dataset),
        "parts": layout.path("parse", "parts", dataset=dataset) if "parts" in needs else None,
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
    entry, facts = config["systems"][system], config.facts[system]
    datasets, inputs = [], []
    for dataset in config["trainsets"][trainset]:
        read, files = _annotated(config, layout, dataset, facts.needs)
        datasets.append(read)
        inputs += files
    options = {name: entry["model"].get(name, option.default) for name, option in facts.options.items()}
    names = [v for name, v in options.items() if name.endswith("weights") and isinstance(v, str)]
    made, given = _weight_files(config, layout, names)
    spec = {"system": system, "trainset": trainset, "seed": seed, "root_seed": config["seed"], "datasets": datasets}
    spec |= {key: entry[key] for key in ("class", "model", "data", "optim", "budget", "selection")}
    spec |= {key: config[key] for key in ("weights", "threads", "device")}
    spec["dress"] = config["parsing"]["dress"] if "parts" in facts.needs else None
    return Job("fit", (*inputs, *made), spec, modules_of("fit", entry["class"]), given)


def _predict(config: Config, layout: Layout, *, system: str, trainset: str, seed: int, testset: str) -> Job:
    entry, facts, test = config["systems"][system], config.facts[system], config["testsets"][testset]
    read, inputs = _annotated(config, layout, test["dataset"], facts.needs)
    truth = _files(config, layout, test["dataset"]).truth if "truth" in facts.needs else None
    spec = {"system": system, "class": entry["class"], "trainset": trainset, "seed": seed, "root_seed": config["seed"]}
    spec["test"] = {**test, **read, "id": testset, "seed": config["seed"], "truth": truth}
    spec |= {"block": config["evaluation"]["block"], "top": config["evaluation"]["top"]}
    spec |= {"run": None, "trained_on": []}
    files = [*inputs, *([truth] if truth else [])]
    if is_trained(entry):
        ids = {"system": system, "trainset": trainset, "seed": seed}
        spec |= {"run": layout.path("fit", "folder", **ids), **{key: entry[key] for key in ("model", "data")}}
        spec |= {key: config[key] for key in ("threads", "device")}
        spec["dress"] = config["parsing"]["dress"] if "parts" in facts.needs else None
        for dataset in config["trainsets"][trainset]:
            manifest = layout.path("manifest", "manifest", dataset=dataset)
            people = config["datasets"][dataset]["people"]
            spec["trained_on"].append({"id": dataset, "people": people, "manifest": manifest})
        files += [layout.path("fit", name, **ids) for name in ("model", "run")]
        files += [trained["manifest"] for trained in spec["trained_on"]]
    return Job("predict", tuple(dict.fromkeys(files)), spec, modules_of("predict", entry["class"]))
