"""A plan in the making: the configuration, the cells of the results tables, the jobs so far."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from glalign.config.loading import Config
from glalign.planning.printed_tables import SCENARIO_OF
from glalign.planning.shared_images import shared_images
from glalign.planning.stage import Job, Paths

UNTRAINED = "untrained"
"""In place of a trainset where nothing is trained (the oracle, random scores)."""


@dataclass(frozen=True)
class Cell:
    """One system in one scenario.

    note: reason for not running it, or empty. metrics, runs: paths of metrics and of run records, one per seed; empty
    if it is not run. partial: label -> path of the statistics, for each of its datasets with `allow_partial`. shared:
    sentences on training images of the same source as the test's.
    """

    scenario: str
    system: str
    status: Literal["run", "not run"]
    note: str
    metrics: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    partial: Mapping[str, str] = field(default_factory=dict)
    shared: tuple[str, ...] = ()


def synthetic_source(config: Config, dataset: str) -> str | None:
    """The synthetic dataset whose pictures a dataset without a root shows: itself, or the source of its translation."""
    entry = config.datasets[dataset]
    source = dataset if entry.synthetic else entry.translated
    if entry.root is not None or source is None or not config.datasets[source].synthetic:
        return None
    return source if config.datasets[source].root is None else None


def reason_missing(config: Config, datasets: Iterable[str]) -> str:
    """Why these datasets are not available; empty if they are."""
    absent = [name for name in datasets if config.datasets[name].root is None and not synthetic_source(config, name)]
    return "; ".join(f"no data: datasets.{name} has neither root nor synthetic nor translated" for name in absent)


def reason_unread(config: Config, system: str, datasets: Iterable[str]) -> str:
    """Why a system cannot read the captions of these datasets; empty if it can."""
    languages = sorted({config.datasets[name].language for name in datasets})
    if len(languages) > 1:
        return f"one language at a time: its datasets are in {' and '.join(languages)}"
    reads = config.systems[system].languages
    foreign = sorted(set(languages) - set(reads))
    return f"it reads captions in {', '.join(reads)}, not in {', '.join(foreign)}" if foreign else ""


def datasets_of(config: Config, scenario: str) -> list[str]:
    """The datasets that a scenario trains and tests on."""
    pair = config.scenarios[scenario]
    return [*config.trainsets[pair.train], config.testsets[pair.test].dataset]


def ids_of_cell(config: Config, scenario: str, system: str) -> list[dict[str, str]]:
    """The ids of a cell's predictions, one per seed; a system that does not train has one."""
    trains, pair = config.systems[system].trains, config.scenarios[scenario]
    trainset = pair.train if trains else UNTRAINED
    seeds = config.seeds if trains else config.seeds[:1]
    return [{"system": system, "trainset": trainset, "seed": str(seed), "testset": pair.test} for seed in seeds]


def make_cell(config: Config, paths: Paths, scenario: str, system: str) -> Cell:
    """The cell of a system in a scenario."""
    entry, pair = config.systems[system], config.scenarios[scenario]
    tested = config.testsets[pair.test].dataset
    datasets = list(dict.fromkeys([*(config.trainsets[pair.train] if entry.trains else ()), tested]))
    reasons = [reason_missing(config, datasets), reason_unread(config, system, datasets)]
    if entry.class_path is None:
        reasons.insert(0, "this system is not part of the suite yet")
    elif "truth" in config.classes[system].needs and config.datasets[tested].root is not None:
        reasons.append(f"true attributes are known of synthetic data only, and datasets.{tested} is real")
    if note := "; ".join(reason for reason in reasons if reason):
        return Cell(scenario, system, "not run", note)
    ids = ids_of_cell(config, scenario, system)
    metrics = tuple(paths.path(stage="metrics", output="metrics", **one) for one in ids)
    runs = tuple(paths.path(stage="fit", output="run", **one) for one in ids) if entry.trains else ()
    shared = shared_images(config, scenario) if entry.budget and entry.budget.steps != 0 else ()
    return Cell(scenario, system, "run", "", metrics, runs, partial_files(config, paths, datasets), shared)


def partial_files(config: Config, paths: Paths, datasets: Iterable[str]) -> dict[str, str]:
    """Label -> statistics of the manifest, of those datasets whose releases may lack images (`allow_partial`)."""
    entries = {name: config.datasets[name] for name in datasets}
    return {
        entry.label: paths.path("manifest", "statistics", dataset=name)
        for name, entry in entries.items()
        if entry.root is not None and entry.allow_partial
    }


def with_record(ranks: str) -> tuple[str, str]:
    """A file of ranks, and the record beside it."""
    return ranks, f"{ranks.removesuffix('.jsonl')}.json"


Rows = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Draft:
    """What a planner may use.

    Args:
        config: The configuration.
        paths: Where everything generated lives.
        reported: Rows of the paper's tables 1 to 11.
        published: Rows of paper/parameters.csv by system.
        originals: The configuration with every system at its original size.
        jobs: Stage -> key -> job, of the stages planned so far.
    """

    config: Config
    paths: Paths
    reported: Mapping[int, Rows]
    published: Mapping[str, Mapping[str, str]]
    originals: Config
    jobs: dict[str, dict[str, Job]] = field(default_factory=dict)

    @cached_property
    def cells(self) -> Mapping[tuple[str, str], Cell]:
        """(scenario, system) -> cell, in the order of the tables and of the configuration."""
        pairs = [(scenario, system) for scenario in SCENARIO_OF.values() for system in self.config.systems]
        return {pair: make_cell(self.config, self.paths, *pair) for pair in pairs}

    def outputs(self, stage: str, job: Job) -> dict[str, str]:
        """Name -> path of every output of a job."""
        return self.paths.outputs(stage, job.ids)

    def title(self, text: str) -> str:
        """A caption that says what the data of our runs are, where they are not the paper's."""
        return f"{text} Data of our runs: {self.config.data_note}." if self.config.data_note else text


def unique(paths: Iterable[str]) -> tuple[str, ...]:
    """The paths in order, each once."""
    return tuple(dict.fromkeys(paths))
