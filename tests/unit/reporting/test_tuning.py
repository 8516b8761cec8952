"""The learning rates: chosen by validation, shown in a document, and those of the configuration."""

import re
from pathlib import Path

import pytest
from helpers.plans import planned
from helpers.tables import run_file

from glalign.config.loading import overlaid
from glalign.config.settings import System
from glalign.planning.search_stages import CurveRow, SearchRow, TuningSpec
from glalign.reporting.tuning import best_rate, make_tuning
from glalign.support.errors import UserError

ROOT = Path(__file__).parents[3]
NO_LENGTHS = {"tuning": {"steps": None}}


def test_the_best_rate_is_chosen_and_shown(tmp_path: Path) -> None:
    found = ((0.001, 20.0), (0.01, 20.0), (0.1, 3.125))
    runs = tuple(run_file(tmp_path / f"{rate}.json", val_rank1=value) for rate, value in found)
    longer = (run_file(tmp_path / "2.json", val_rank1=30.0, steps=90), run_file(tmp_path / "3.json", steps=90))
    rows = (
        SearchRow(label="A", trainset="t", runs=runs, rates=tuple(rate for rate, _ in found)),
        SearchRow(label="A", trainset="t", runs=longer, rates=(0.01, 0.1)),
    )
    make_tuning(TuningSpec(by_rate=rows, curves=(), target="t"), tmp_path / "t.md")
    text = (tmp_path / "t.md").read_text(encoding="utf-8")
    assert re.search(r"\| A +\| t +\| 60 +\| \*\*20.00\*\* +\| 20.00 +\| 3.13 +\| 0.001 +\|", text)
    assert re.search(r"\| A +\| t +\| 90 +\| +\| 30.00 +\| \*\*55.50\*\* +\| 0.1 +\|", text)
    assert "1 of 1 chosen rates are an end of the grid" in text
    assert best_rate([0.1, 0.01], [5.0, 6.0]) == 0.01


def test_curves_show_the_course_and_what_the_last_quarter_added(tmp_path: Path) -> None:
    still = [[15, 10.0], [30, 20.0], [45, 38.0], [60, 40.0]]
    flat = [[15, 10.0], [30, 20.0], [45, 20.0], [60, 18.0]]
    runs = [run_file(tmp_path / f"{n}.json", validations=values) for n, values in enumerate((still, flat))]
    curves = tuple(CurveRow(label=f"S{n}", trainset="t", run=run) for n, run in enumerate(runs))
    row = SearchRow(label="A", trainset="t", runs=tuple(runs), rates=(0.1, 0.2))
    make_tuning(TuningSpec(by_rate=(row,), curves=curves, target="t"), tmp_path / "t.md")
    text = (tmp_path / "t.md").read_text(encoding="utf-8")
    assert re.search(r"\| S0 .*\| ▃▅██ +\| 10.00 \| 20.00 \| 38.00 \| 40.00 \| \*\*2.00\*\* +\|", text)
    assert re.search(r"\| S1 .*\| ▃▅▅▄ +\| 10.00 \| 20.00 \| 20.00 \| 20.00 \| 0.00 +\|", text)
    assert re.search(r"tallest bar is\s40\.00", text)
    assert "Flat by the rule: 1 of 2" in text
    assert re.search(r"2 trainings of the tables and 0 others", text)


def test_lengths_show_the_best_value_and_what_the_last_quarter_added(tmp_path: Path) -> None:
    found = ([[30, 10.0], [45, 20.0], [60, 30.0]], [[30, 20.0], [60, 35.0], [90, 36.0], [120, 36.5]])
    runs = [run_file(tmp_path / f"{n}.json", validations=values, steps=values[-1][0]) for n, values in enumerate(found)]
    row = SearchRow(label="A", trainset="t", runs=(runs[0],), rates=(0.1,))
    tried = {"A": tuple(runs), "B": (runs[0],)}
    lengths = tuple(SearchRow(label=label, trainset="t", runs=own) for label, own in tried.items())
    curves = tuple(CurveRow(label=row.label, trainset="t", run=row.runs[-1]) for row in lengths)
    spec = TuningSpec(by_rate=(row,), target="t", curves=curves, steps=(60, 120), by_length=lengths)
    make_tuning(spec, tmp_path / "t.md")
    text = (tmp_path / "t.md").read_text(encoding="utf-8")
    assert re.search(r"\| A +\| t +\| 30.00 \(\*\*10.00\*\*\) \| 36.50 \(0.50\) +\| 120 +\|", text)
    assert re.search(r"\| B +\| t +\| 30.00 \(\*\*10.00\*\*\) \| +\| 60 +\|", text)
    prose = " ".join(text.split())
    assert "for 60 steps or for its own length if that is shorter or in epochs. The rate" in prose
    assert "The lengths are 60 and 120 steps" in prose


def test_a_rate_that_the_tables_have_is_not_trained_again() -> None:
    plan = planned()
    document = plan.job("tuning").spec
    assert isinstance(document, TuningSpec)
    runs = {run for row in document.by_rate for run in row.runs}
    assert "results/runs/tbps_clip/cuhk_vi/seed0/run.json" in runs
    rate = plan.config.entry("tbps_clip", "vi").optim.lr
    assert f"results/tuning/tbps_clip/cuhk_vi/rate{rate:g}/steps720/run.json" not in runs
    assert len(runs) == len(plan.config.tuning.rates) * len(document.by_rate)
    assert runs <= {*plan.files("fit"), *plan.files("tune")}
    # Tables of another seed leave the whole grid to the search.
    assert len(planned(NO_LENGTHS | {"seeds": [1]}).jobs["tune"]) == len(runs)


def searches_of(document: TuningSpec, label: str) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """The records of a system's rates and lengths on cuhk_en."""
    rates, lengths = (
        [row.runs for row in rows if (row.label, row.trainset) == (label, "cuhk_en")]
        for rows in (document.by_rate, document.by_length)
    )
    return rates, lengths


@pytest.mark.parametrize("own", [30, 25, 10, 5, 60])
@pytest.mark.parametrize("seed", [0, 1])
def test_rates_are_tried_at_the_shortest_length_and_the_own_one_at_each(own: int, seed: int) -> None:
    change = {"tuning": {"steps": [30, 10, 20, 40]}, "systems": {"irra": {"budget": {"steps": own}}}, "seeds": [seed]}
    plan = planned(change)
    document = plan.job("tuning").spec
    assert isinstance(document, TuningSpec)
    rate, grid, folder = plan.config.systems["irra"].optim.lr, plan.config.tuning.rates, "results/tuning/irra/cuhk_en"
    assert rate == 0.0003
    of_tables = {(rate, own): "results/runs/irra/cuhk_en/seed0/run.json"} if seed == 0 else {}

    def record(one: float, steps: int) -> str:
        return of_tables.get((one, steps), f"{folder}/rate{one:g}/steps{steps}/run.json")

    steps = [*(length for length in (10, 20, 30, 40) if length < own), own]
    rates = [tuple(record(one, steps[0]) for one in grid)]
    assert searches_of(document, "IRRA") == (rates, [tuple(record(rate, length) for length in steps)])
    for key, job in plan.jobs["tune"].items():
        system, _, its_rate, its_length = key.split("/")
        if system == "irra":
            assert (f"rate{job.spec.optim.lr:g}", f"steps{job.spec.budget.steps}") == (its_rate, its_length)
    # Every training of the search is read, and every record is made.
    records = {path for path in plan.files("tune") if path.endswith("run.json")}
    assert records == {*document.runs()} - {*plan.files("fit")}
    assert {*document.runs()} <= {*plan.jobs["tuning"]["tuning"].inputs}


def test_lengths_are_tried_on_every_training_set_of_the_tables_and_of_the_search() -> None:
    """Ablations too; tables of another seed leave the tuning trainsets, all of whose trainings are the search's."""
    for seed in (0, 1):
        plan = planned({"seeds": [seed]})
        document = plan.job("tuning").spec
        assert isinstance(document, TuningSpec)
        found = {(row.label, row.trainset): row.runs for row in document.by_length}
        trainsets = {trainset for _, trainset in found}
        assert trainsets == ({"cuhk_en", "cuhk_vi", "v2e", "cuhk_en+v2e"} if seed == 0 else {"cuhk_en", "cuhk_vi"})
        assert ("GLAlign, local only", "cuhk_vi") in found
        assert {row.run for row in document.curves} <= {runs[-1] for runs in found.values()}
        assert ("gna_rnn/v2e/rate0.01/steps720" in plan.jobs["tune"]) == (seed == 0)


def test_trials_differ_from_the_configured_training_in_rate_and_length_alone() -> None:
    plan = planned({"systems": {"irra": {"optim": {"lr": 0.002}, "budget": {"steps": 1080}}}})
    tried = {key: job.spec for key, job in plan.jobs["tune"].items() if key.startswith("irra/cuhk_en/")}
    own = plan.jobs["fit"]["irra/cuhk_en/seed0"].spec
    assert {spec.optim.lr for spec in tried.values() if spec.budget.steps == 720} == {0.002, *plan.config.tuning.rates}
    for key, spec in tried.items():
        assert key == f"irra/cuhk_en/rate{spec.optim.lr!r}/steps{spec.budget.steps}"
        budget = own.budget.model_copy(update={"steps": spec.budget.steps})
        assert spec == own.model_copy(
            update={"optim": own.optim.model_copy(update={"lr": spec.optim.lr}), "budget": budget}
        )


def test_rates_that_differ_in_the_last_digit_are_two_trainings() -> None:
    plan = planned(NO_LENGTHS | {"tuning": {"steps": None, "rates": [0.001, 0.0010000001]}})
    rates = {job.spec.optim.lr for key, job in plan.jobs["tune"].items() if key.startswith("irra/cuhk_en/")}
    assert rates == {0.001, 0.0010000001}


def test_a_length_in_epochs_and_a_search_without_lengths_are_tried_as_they_are() -> None:
    epochs = {"systems": {"irra": {"budget": {"steps": None, "epochs": 3}}}}
    for change in (epochs, epochs | NO_LENGTHS):
        plan = planned(change)
        document = plan.job("tuning").spec
        assert isinstance(document, TuningSpec)
        (rates,), lengths = searches_of(document, "IRRA")
        assert lengths == []
        assert "results/runs/irra/cuhk_en/seed0/run.json" in rates
        assert "results/tuning/irra/cuhk_en/rate0.001/epochs3/run.json" in rates
        assert plan.jobs["tune"]["irra/cuhk_en/rate0.001/epochs3"].spec.budget.epochs == 3
    assert document.by_length == ()


def test_a_training_without_validation_identities_gives_no_rate(tmp_path: Path) -> None:
    row = SearchRow(label="A", trainset="t", runs=(run_file(tmp_path / "r.json", val_rank1=None),), rates=(0.1,))
    with pytest.raises(UserError, match="t has no validation identities to choose a rate by"):
        make_tuning(TuningSpec(by_rate=(row,), curves=(), target="t"), tmp_path / "t.md")


def cells_of(section: str) -> list[list[str]]:
    """The rows of the tables in a section of docs/tuning.md."""
    _, found, text = (ROOT / "docs" / "tuning.md").read_text(encoding="utf-8").partition(f"## {section}\n")
    assert found
    lines = [line for line in text.partition("\n## ")[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if not line.startswith("|--")]


def searched(ablations: bool) -> dict[tuple[str, str], System]:
    """(label, trainset) -> the system as configured for it, of every system that the demo searches."""
    config = overlaid()
    known = {name: entry for name, entry in config.systems.items() if entry.class_path and entry.budget}
    return {
        (entry.label, trainset): config.entry(name, config.language_of(trainset))
        for name, entry in known.items()
        for trainset in config.tuning.trainsets
        if config.language_of(trainset) in entry.languages and (ablations or name not in config.mcnemar.ablations)
        if entry.budget.steps != 0
    }


def test_the_configuration_has_the_rates_that_were_chosen() -> None:
    config, ((_, _, _, *rates, _), *rows) = overlaid(), cells_of("Rates")
    grid, entries = [float(rate) for rate in rates], searched(ablations=False)
    assert grid == list(config.tuning.rates)
    found = {}
    for label, trainset, steps, *values, best in rows:
        numbers = [float(value.strip("*")) for value in values]
        assert best_rate(grid, numbers) == float(best)
        assert [value for value in values if "*" in value] == [f"**{numbers[grid.index(float(best))]:.2f}**"]
        found[label, trainset] = (int(steps), float(best))
    assert found == {key: (config.tuning.steps[0], entry.optim.lr) for key, entry in entries.items()}


def test_the_configuration_has_the_lengths_that_the_rule_chooses() -> None:
    config, ((_, _, *steps, _), *rows) = overlaid(), cells_of("Lengths")
    assert tuple(map(int, steps)) == config.tuning.steps
    curves: dict[tuple[str, str], list[list[bool]]] = {}
    found = {(label, trainset): (values, int(chosen)) for label, trainset, *values, chosen in rows}
    fits = [job for job in planned().jobs["fit"].values() if job.spec.budget.steps]
    tables = {(config.systems[job.ids["system"]].label, job.ids["trainset"]): job.spec.budget.steps for job in fits}
    wanted = tables | {key: entry.budget.steps for key, entry in searched(ablations=True).items()}
    assert {key: chosen for key, (_, chosen) in found.items()} == wanted
    ablations = {config.systems[name].label for name in config.mcnemar.ablations}
    family = config.systems[config.mcnemar.system].label
    for (label, trainset), (values, chosen) in found.items():
        tried = [value for value in values if value]
        assert values[: len(tried)] == tried
        assert int(steps[len(tried) - 1]) == chosen, (label, trainset)
        key = family if label in ablations else label, config.language_of(trainset)
        curves.setdefault(key, []).append(["(**" in value for value in tried])
    for key, rising in curves.items():
        assert len({len(lengths) for lengths in rising}) == 1, key
        flat = [not any(at_length) for at_length in zip(*rising, strict=True)]
        assert not any(flat[:-1]), key
        assert flat[-1] or len(flat) == len(steps), key
