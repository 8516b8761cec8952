"""A cell of a results table is one system in one scenario: run, or not run with the reason."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from glalign.config.loading import Config
from glalign.planning.layout import Layout

SCENARIO_OF: Mapping[int, str] = {4: "SE1", 5: "SE2", 6: "SE3", 7: "SE4", 8: "SV1", 9: "SV2", 10: "SV3"}
"""The paper's results tables and their scenarios."""

UNTRAINED = "untrained"
"""In place of a trainset where nothing is trained (the oracle, random scores)."""


@dataclass(frozen=True)
class Cell:
    """One system in one scenario.

    status: "run" or "not run". note: why it is not run, else empty. metrics, runs: files, one per seed, of those that
    run. partial: (label, statistics) of the datasets behind it that may lack images.
    """

    scenario: str
    system: str
    status: str
    note: str
    metrics: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    partial: tuple[tuple[str, str], ...] = ()


def is_trained(system: Mapping[str, Any]) -> bool:
    """Whether a system trains; one with a class and no `budget` only scores."""
    return system["class"] is None or "budget" in system


def reason_missing(config: Config, datasets: Iterable[str]) -> str:
    """Why these datasets cannot be had; empty if they can."""
    entries = {name: config["datasets"][name] for name in datasets}
    absent = [name for name, entry in entries.items() if entry["root"] is None and not drawn(config, name)]
    return "; ".join(f"no data: datasets.{name} has neither root nor synthetic nor translated" for name in absent)


def drawn(config: Config, dataset: str) -> str | None:
    """The synthetic dataset whose pictures a dataset without a root shows: itself, or the source of its translation."""
    entry = config["datasets"][dataset]
    source = dataset if entry["synthetic"] else entry["translated"]
    if entry["root"] is not None or source is None or not config["datasets"][source]["synthetic"]:
        return None
    return source if config["datasets"][source]["root"] is None else None


def reason_unread(config: Config, system: str, datasets: Iterable[str]) -> str:
    """Why a system cannot read the captions of these datasets; empty if it can."""
    languages = sorted({config["datasets"][name]["language"] for name in datasets})
    if len(languages) > 1:
        return f"one language at a time: its datasets are in {' and '.join(languages)}"
    reads = config["systems"][system]["languages"]
    foreign = sorted(set(languages) - set(reads))
    return f"it reads captions in {', '.join(reads)}, not in {', '.join(foreign)}" if foreign else ""


def datasets_of(config: Config, scenario: str) -> list[str]:
    """The datasets that a scenario trains and tests on."""
    pair = config["scenarios"][scenario]
    return [*config["trainsets"][pair["train"]], config["testsets"][pair["test"]]["dataset"]]


def make_cell(config: Config, layout: Layout, scenario: str, system: str) -> Cell:
    """The cell of a system in a scenario."""
    entry, pair = config["systems"][system], config["scenarios"][scenario]
    trained, tested = is_trained(entry), config["testsets"][pair["test"]]["dataset"]
    seeds = config["seeds"] if trained else config["seeds"][:1]
    trainset = pair["train"] if trained else UNTRAINED
    ids = [{"system": system, "trainset": trainset, "seed": seed, "testset": pair["test"]} for seed in seeds]

    datasets = dict.fromkeys([*(config["trainsets"][pair["train"]] if trained else ()), tested])
    reasons = [reason_missing(config, datasets), reason_unread(config, system, datasets)]
    if entry["class"] is None:
        reasons.insert(0, "this system is not part of the suite yet")
    elif "truth" in config.facts[system].needs and config["datasets"][tested]["root"] is not None:
        reasons.append(f"true attributes are known of synthetic data only, and datasets.{tested} is real")
    note = "; ".join(reason for reason in reasons if reason)
    if note:
        return Cell(scenario, system, "not run", note)
    metrics = tuple(layout.path("metrics", "metrics", **i) for i in ids)
    runs = tuple(layout.path("fit", "run", **i) for i in ids) if trained else ()
    partial = tuple(partial_files(config, layout, datasets).items())
    return Cell(scenario, system, "run", "", metrics, runs, partial)


def partial_files(config: Config, layout: Layout, datasets: Iterable[str]) -> dict[str, str]:
    """Label -> statistics of the manifest, of those datasets whose releases may lack images (`allow_partial`)."""
    entries = {name: config["datasets"][name] for name in datasets}
    return {
        entry["label"]: layout.path("manifest", "statistics", dataset=name)
        for name, entry in entries.items()
        if entry["root"] is not None and entry["allow_partial"]
    }


def cells_of(reported: Sequence[Mapping[str, str]]) -> list[tuple[str, str]]:
    """(scenario, system) of each printed row of a results table."""
    return [(row["scenario"], row["system"]) for row in reported]
