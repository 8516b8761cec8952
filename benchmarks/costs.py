"""config/costs.csv: costs of every system of config.yaml and config/paper.yaml, under every reading of
config/sensitivity.yaml, too, counted on random weights.

python benchmarks/costs.py    (some ten minutes on one core, 8 GB)
"""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from glalign.config.loading import Config, overlaid
from glalign.contract.specs.training import BuildSpec
from glalign.cost.cost_table import Cost, built_as
from glalign.cost.size import PAIRS, build_with_stand_ins, count_multiply_adds, count_scoring, train_once
from glalign.planning.cost_stages import build_spec
from glalign.planning.printed_tables import read_published
from glalign.planning.system_stages import trained_systems
from glalign.support.torch_settings import prepare

ROOT = Path(__file__).parents[1]
PAPER = ROOT / "config/paper.yaml"


def main() -> None:
    """Write the file, one row for each network that is built."""
    prepare(1, "cpu")
    rows: dict[str, dict[str, Any]] = {}
    for config in configurations():
        for spec in build_specs(config):
            if (key := built_as(spec)) not in rows:
                rows[key] = {"system": spec.system, **cost(spec)._asdict(), "built_as": key}
                print(rows[key], file=sys.stderr)
    with (ROOT / "config/costs.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["system", *Cost._fields, "built_as"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows.values())


def configurations() -> Iterator[Config]:
    """The demo and the paper profile, and both under every reading."""
    for overlays in ([], [PAPER]):
        config = overlaid(*overlays, ROOT / "config/sensitivity.yaml")
        yield config
        yield from config.readings.values()


def build_specs(config: Config) -> Iterator[BuildSpec]:
    """Every trained system in every language that it reads, with the vocabularies of the twins."""
    published = read_published(ROOT / "paper/parameters.csv")
    for name, entry in trained_systems(config).items():
        for language in entry.languages:
            yield build_spec(name, config.entry(name, language), published.get(name, {}), config.vocabularies)


def cost(spec: BuildSpec) -> Cost:
    """Build a system, train it one step on a batch of two, let it encode and score."""
    model = build_with_stand_ins(spec)
    trained, step = count_multiply_adds(lambda: train_once(model, spec.data, spec.optim))
    return Cost(
        parameters=sum(p.numel() for p in model.parameters()),
        trained=trained,
        buffers=sum(b.numel() for b in model.buffers()),
        pair=step // PAIRS,
        **count_scoring(model, spec.data.image_size)[0].to_json(),
    )


if __name__ == "__main__":
    main()
