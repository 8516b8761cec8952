"""A cell of a results table is one system in one scenario: run, or not run with the reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from glalign.config.loading import Config
from glalign.planning.stage import Paths

UNTRAINED = "untrained"
"""In place of a trainset where nothing is trained (the oracle, random scores)."""


@dataclass(frozen=True)
class Cell:
    """One system in one scenario.

    note: why it is not run, else empty. metrics, runs: files, one per seed, of those that run. partial: label ->
    statistics of the datasets behind it that may lack images.
    """

    scenario: str
    system: str
    status: Literal["run", "not run"]
    note: str
    metrics: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    partial: Mapping[str, str] = field(default_factory=dict)


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
    metrics = tuple(paths.path("metrics", "metrics", **one) for one in ids)
    runs = tuple(paths.path("fit", "run", **one) for one in ids) if entry.trains else ()
    return Cell(scenario, system, "run", "", metrics, runs, partial_files(config, paths, datasets))


def partial_files(config: Config, paths: Paths, datasets: Iterable[str]) -> dict[str, str]:
    """Label -> statistics of the manifest, of those datasets whose releases may lack images (`allow_partial`)."""
    entries = {name: config.datasets[name] for name in datasets}
    return {
        entry.label: paths.path("manifest", "statistics", dataset=name)
        for name, entry in entries.items()
        if entry.root is not None and entry.allow_partial
    }
