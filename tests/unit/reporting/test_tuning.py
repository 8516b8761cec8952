"""The learning rates: chosen by validation, shown in a document, and those of the configuration."""

import re
from pathlib import Path

import pytest
from helpers.plans import planned
from helpers.tables import run_file

from glalign.config.loading import overlaid
from glalign.planning.search_stages import CurveRow, TuningRow, TuningSpec
from glalign.reporting.tuning import best_rate, make_tuning
from glalign.support.errors import UserError

ROOT = Path(__file__).parents[3]


def test_the_best_rate_is_chosen_and_shown(tmp_path: Path) -> None:
    found = ((0.001, 20.0), (0.01, 20.0), (0.1, 3.125))
    runs = tuple(run_file(tmp_path / f"{rate}.json", val_rank1=value) for rate, value in found)
    row = TuningRow(system="a", label="A", trainset="t", runs=runs)
    spec = TuningSpec(rates=tuple(rate for rate, _ in found), rows=(row,), curves=(), target="t")
    make_tuning(spec, tmp_path / "t.md")
    assert re.search(
        r"\| A +\| t +\| \*\*20.00\*\* +\| 20.00 +\| 3.13 +\| 0.001 +\|",
        (tmp_path / "t.md").read_text(encoding="utf-8"),
    )
    assert best_rate([0.1, 0.01], [5.0, 6.0]) == 0.01


def test_curves_show_the_course_and_what_the_last_quarter_added(tmp_path: Path) -> None:
    still = [[15, 10.0], [30, 20.0], [45, 38.0], [60, 40.0]]
    flat = [[15, 10.0], [30, 20.0], [45, 20.0], [60, 18.0]]
    runs = [run_file(tmp_path / f"{n}.json", validations=values) for n, values in enumerate((still, flat))]
    curves = tuple(CurveRow(label=f"S{n}", trainset="t", run=run) for n, run in enumerate(runs))
    row = TuningRow(system="a", label="A", trainset="t", runs=tuple(runs))
    make_tuning(TuningSpec(rates=(0.1, 0.2), rows=(row,), curves=curves, target="t"), tmp_path / "t.md")
    text = (tmp_path / "t.md").read_text(encoding="utf-8")
    assert re.search(r"\| S0 .*\| ▃▅██ +\| 10.00 \| 20.00 \| 38.00 \| 40.00 \| \*\*2.00\*\* +\|", text)
    assert re.search(r"\| S1 .*\| ▃▅▅▄ +\| 10.00 \| 20.00 \| 20.00 \| 20.00 \| 0.00 +\|", text)
    assert re.search(r"tallest bar is\s40\.00", text)
    assert "Flat by the rule: 1 of 2" in text
    assert re.search(r"2 trainings of the tables and 0 with the other\srates", text)


def test_a_rate_that_the_tables_have_is_not_trained_again() -> None:
    plan = planned()
    document = plan.job("tuning").spec
    assert isinstance(document, TuningSpec)
    runs = {run for row in document.rows for run in row.runs}
    assert "results/runs/glalign/cuhk_vi/seed0/run.json" in runs
    rate = plan.config.entry("glalign", "vi").optim.lr
    assert f"results/tuning/glalign/cuhk_vi/rate{rate:g}/run.json" not in runs
    assert len(runs) == len(plan.config.tuning.rates) * len(document.rows)
    assert runs <= {*plan.files("fit"), *plan.files("tune")}
    # Tables of another seed leave the whole grid to the search.
    assert len(planned({"seeds": [1]}).jobs["tune"]) == len(runs)


def test_a_training_without_validation_identities_gives_no_rate(tmp_path: Path) -> None:
    row = TuningRow(system="a", label="A", trainset="t", runs=(run_file(tmp_path / "r.json", val_rank1=None),))
    with pytest.raises(UserError, match="t has no validation identities to choose a rate by"):
        make_tuning(TuningSpec(rates=(0.1,), rows=(row,), curves=(), target="t"), tmp_path / "t.md")


def test_the_configuration_has_the_rates_that_were_chosen() -> None:
    config = overlaid()
    systems = {name: entry for name, entry in config.systems.items() if entry.class_path and entry.budget}
    names = {entry.label: name for name, entry in systems.items()}
    rates, _ = (ROOT / "docs" / "tuning.md").read_text(encoding="utf-8").split("## Curves")
    found = {}
    for line in rates.splitlines():
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
