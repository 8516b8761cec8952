"""The learning rates: chosen by validation, shown in a document, and those of the configuration."""

import re
from pathlib import Path

import pytest
from helpers.tables import run_file

from glalign.config.loading import overlaid
from glalign.planning.search_stages import TuningRow, TuningSpec
from glalign.reporting.tuning import best_rate, make_tuning
from glalign.support.errors import UserError

ROOT = Path(__file__).parents[3]


def test_the_best_rate_is_chosen_and_shown(tmp_path: Path) -> None:
    found = ((0.001, 20.0), (0.01, 20.0), (0.1, 3.125))
    runs = tuple(run_file(tmp_path / f"{rate}.json", val_rank1=value) for rate, value in found)
    row = TuningRow(system="a", label="A", trainset="t", runs=runs)
    spec = TuningSpec(rates=tuple(rate for rate, _ in found), rows=(row,), target="t")
    make_tuning(spec, tmp_path / "t.md")
    assert re.search(
        r"\| A +\| t +\| \*\*20.00\*\* +\| 20.00 +\| 3.13 +\| 0.001 +\|",
        (tmp_path / "t.md").read_text(encoding="utf-8"),
    )
    assert best_rate([0.1, 0.01], [5.0, 6.0]) == 0.01


def test_a_training_without_validation_identities_gives_no_rate(tmp_path: Path) -> None:
    row = TuningRow(system="a", label="A", trainset="t", runs=(run_file(tmp_path / "r.json", val_rank1=None),))
    with pytest.raises(UserError, match="t has no validation identities to choose a rate by"):
        make_tuning(TuningSpec(rates=(0.1,), rows=(row,), target="t"), tmp_path / "t.md")


def test_the_configuration_has_the_rates_that_were_chosen() -> None:
    config = overlaid()
    systems = {name: entry for name, entry in config.systems.items() if entry.class_path and entry.budget}
    names = {entry.label: name for name, entry in systems.items()}
    lines = (ROOT / "docs" / "tuning.md").read_text(encoding="utf-8").splitlines()
    found = {}
    for line in lines:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) > 4 and cells[0] in names:
            found[names[cells[0]], cells[1]] = float(cells[-1])
    wanted = {
        (name, trainset): config.entry(name, config.language_of(trainset)).optim.lr
        for name, entry in systems.items()
        for trainset in config.tuning.trainsets
        if entry.budget.steps != 0
        and name not in config.mcnemar.ablations
        and config.language_of(trainset) in entry.languages
    }
    assert found == wanted
