"""config/costs.csv: what every system of the demo and of the paper profile costs, counted on random weights.

python benchmarks/costs.py    (some five minutes on one core, 8 GB)
"""

import csv
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch
from glalign.planning.ledger_jobs import VOCABULARIES, trained

from glalign.config.data_section import DataOptions
from glalign.config.loading import Config, overlaid
from glalign.contract.retriever import Retriever
from glalign.contract.training_info import TrainingInfo
from glalign.cost.cost_table import Cost, built_as
from glalign.cost.size import PAIRS, costs, counted, dictionary, stand_in, train_once
from glalign.planning.printed_tables import read_published
from glalign.storage.weight_files import Weights
from glalign.support.class_source import class_outline, options_of
from glalign.support.dotted_names import class_named
from glalign.support.torch_settings import prepare

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Write the file, one row for each network that is built."""
    prepare(1, "cpu")
    rows: dict[str, dict[str, Any]] = {}
    for overlays in ([], ["config/paper.yaml"]):
        for name, entry in entries(overlaid(*(ROOT / overlay for overlay in overlays), root=ROOT)):
            if (key := built_as(entry)) not in rows:
                rows[key] = {"system": name, **asdict(cost(name, entry)), "built_as": key}
                print(rows[key], file=sys.stderr)
    with (ROOT / "config/costs.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(
            file, ["system", *(field.name for field in fields(Cost)), "built_as"], lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(rows.values())


def entries(config: Config) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every trained system in every language that it reads, with the vocabularies of the twins."""
    families = {name: (recipe["family"], recipe["size"]) for name, recipe in config["vocabularies"].items()}
    for name, entry in trained(config).items():
        for language in entry["languages"]:
            yield name, {**config.entry(name, language), "vocabularies": {**VOCABULARIES, **families}}


def cost(name: str, entry: Mapping[str, Any]) -> Cost:
    """Build a system, train it one step on a batch of two, let it encode and score."""
    torch.manual_seed(0)
    known = read_published(ROOT / "paper/parameters.csv").get(name, {})
    options = DataOptions.from_config(entry["data"], f"systems.{name}.data")
    info = TrainingInfo(int(known.get("identities") or 0), 1000, dictionary(int(known.get("words") or 0)))
    named = options_of(entry, class_outline(entry["class"]))
    with tempfile.TemporaryDirectory() as folder:
        for vocabulary in {value for key, value in named.items() if key.endswith("vocabulary") and value}:
            stand_in(Path(folder), vocabulary, *entry["vocabularies"][vocabulary])
        weights = Weights(Path(folder), load=False)
        model: Retriever = class_named(entry["class"]).build(entry["model"], options.image_size, info, weights)
    learning, step = counted(lambda: train_once(model, {**entry, "system": name}, options))
    found = costs(model, options.image_size)["multiply_adds"]
    return Cost(
        parameters=sum(p.numel() for p in model.parameters()),
        trained=learning,
        buffers=sum(b.numel() for b in model.buffers()),
        pair=step // PAIRS,
        **found,
    )


if __name__ == "__main__":
    main()
