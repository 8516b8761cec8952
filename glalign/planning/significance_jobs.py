"""Which systems are tested against each other, in which scenarios."""

from collections.abc import Iterator, Mapping
from typing import Any

from glalign.config.loading import Config
from glalign.planning.cells import SCENARIO_OF, UNTRAINED, Cell, is_trained
from glalign.planning.job import Job
from glalign.planning.layout import Layout
from glalign.storage.code_digest import modules_of

Cells = Mapping[tuple[str, str], Cell]


def significance_job(config: Config, layout: Layout, cells: Cells) -> Job:
    """The table of McNemar tests: languages, ablations, the paper's system against every other that has run."""
    tests = [*_languages(config, layout, cells), *_against(config, layout, cells)]
    spec = {"tests": tests, "bootstrap": config["evaluation"]["bootstrap"], "root_seed": config["seed"]}
    note = f" Data of our runs: {config['data_note']}." if config["data_note"] else ""
    spec |= {"title": f"McNemar's tests of paired queries.{note}", "profile": config["profile"]}
    files = dict.fromkeys(path for test in tests for path in (test["first"], test["second"]))
    inputs = tuple(path for ranks in files for path in (ranks, ranks.removesuffix(".jsonl") + ".json"))
    inputs += tuple(dict.fromkeys(path for test in tests for path in test["partial"].values()))
    return Job("significance", inputs, spec, modules_of("significance"))


def _languages(config: Config, layout: Layout, cells: Cells) -> Iterator[dict[str, Any]]:
    """Every system that has run in both scenarios of a pair of languages."""
    for english, vietnamese in config["mcnemar"]["languages"].items():
        for system, entry in config["systems"].items():
            if is_trained(entry) and _ran(cells, english, system) and _ran(cells, vietnamese, system):
                yield {
                    "family": "languages",
                    "pair": f"{entry['label']}: {english} against {vietnamese}",
                    "scenarios": f"{english}, {vietnamese}",
                    "first": _ranks(config, layout, english, system),
                    "second": _ranks(config, layout, vietnamese, system),
                    "partial": dict(cells[english, system].partial + cells[vietnamese, system].partial),
                }


def _against(config: Config, layout: Layout, cells: Cells) -> Iterator[dict[str, Any]]:
    """The paper's system against its ablations and against every other trained system, per scenario."""
    own, ablations = config["mcnemar"]["system"], config["mcnemar"]["ablations"]
    others = [name for name, entry in config["systems"].items() if is_trained(entry) and name != own]
    for scenario in SCENARIO_OF.values():
        for other in others:
            if _ran(cells, scenario, own) and _ran(cells, scenario, other):
                labels = [config["systems"][name]["label"] for name in (own, other)]
                yield {
                    "family": "ablations" if other in ablations else "baselines",
                    "pair": " against ".join(labels),
                    "scenarios": scenario,
                    "first": _ranks(config, layout, scenario, own),
                    "second": _ranks(config, layout, scenario, other),
                    "partial": dict(cells[scenario, own].partial),
                }


def _ran(cells: Cells, scenario: str, system: str) -> bool:
    cell = cells.get((scenario, system))
    return cell is not None and cell.status == "run"


def _ranks(config: Config, layout: Layout, scenario: str, system: str) -> str:
    """Ranks of the first seed."""
    pair = config["scenarios"][scenario]
    trainset = pair["train"] if is_trained(config["systems"][system]) else UNTRAINED
    ids = {"system": system, "trainset": trainset, "seed": config["seeds"][0], "testset": pair["test"]}
    return layout.path("predict", "ranks", **ids)
