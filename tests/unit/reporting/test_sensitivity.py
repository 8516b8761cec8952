"""The table of readings on ranks whose gaps are known."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.tables import MADE_BY, metrics_file, read_csv, run_file
from statsmodels.stats.multitest import multipletests

from glalign.evaluation.effects import FEWEST
from glalign.evaluation.ranking import RankRow
from glalign.evaluation.ranks_file import write_ranks
from glalign.planning.reading_stages import AS_CONFIGURED, SensitivityRow, SensitivitySpec, SideRun
from glalign.reporting.row_keys import key_of
from glalign.reporting.sensitivity import COLUMNS, make_sensitivity

PEOPLE = 200


def side(tmp_path: Path, name: str, hits: Sequence[np.ndarray], people: int = PEOPLE, **metrics: Any) -> SideRun:
    """A run with two queries per person. hits: of each seed."""
    ranks = []
    for seed, own in enumerate(hits):
        rows = [RankRow(f"{p}.jpg#0", p // 2, (1 if hit else 3,), (1 if hit else 3,)) for p, hit in enumerate(own)]
        ranks.append(str(tmp_path / f"{name}{seed}.jsonl"))
        write_ranks(Path(ranks[-1]), rows[: 2 * people], 2 * PEOPLE, MADE_BY)
    counted = metrics_file(tmp_path / f"{name}.metrics.json", (1, 2, 3), **metrics)
    run = run_file(tmp_path / f"{name}.run.json", val_rank1=50.0 + len(name))
    return SideRun(ranks=tuple(ranks), metrics=(counted,), runs=(run,))


def made(tmp_path: Path, rows: Sequence[SensitivityRow]) -> dict[str, dict[str, str]]:
    values: dict[str, Any] = {"title": "T", "bootstrap": 500, "root_seed": 1, "profile": "demo", "data_note": "drawn"}
    make_sensitivity(SensitivitySpec(rows=tuple(rows), **values), tmp_path / "s.csv", tmp_path / "s.tex")
    return {row["reading"]: row for row in read_csv(tmp_path / "s.csv")}


def row(name: str, sides: tuple[SideRun, SideRun] | None, note: str = "") -> SensitivityRow:
    values = {"about": f"about {name}", "scenario": "SE1", "label": "GLAlign", "people": "p"}
    return SensitivityRow(reading=name, sides=sides, note=note, **values)


@pytest.fixture
def hits() -> np.ndarray:
    return np.random.default_rng(3).random(2 * PEOPLE) < 0.5


def test_gaps_are_those_of_the_ranks_and_holm_is_over_all_rows(tmp_path: Path, hits: np.ndarray) -> None:
    rng = np.random.default_rng(4)
    configured = side(tmp_path, "as", [hits])
    others = {
        "worse": hits & (rng.random(2 * PEOPLE) < 0.7),
        "alike": hits ^ (rng.random(2 * PEOPLE) < 0.05),
        "better": hits | (rng.random(2 * PEOPLE) < 0.3),
    }
    found = made(tmp_path, [row(name, (side(tmp_path, name, [own]), configured)) for name, own in others.items()])
    assert tuple(found["worse"]) == COLUMNS
    assert key_of(found["worse"]) == ("reading",)
    for name, own in others.items():
        cells = found[name]
        assert float(cells["rank1"]) == pytest.approx(100 * own.mean(), abs=0.005)
        assert float(cells["configured"]) == pytest.approx(100 * hits.mean(), abs=0.005)
        gap = 100 * (own.mean() - hits.mean())
        assert float(cells["gap"]) == pytest.approx(gap, abs=0.006)
        assert float(cells["low"]) <= gap <= float(cells["high"])
        # Two paired answers of a person: the error of a mean over persons of their summed differences.
        per_person = (own.astype(float) - hits).reshape(PEOPLE, 2).mean(axis=1)
        half = (float(cells["high"]) - float(cells["low"])) / 2
        assert half == pytest.approx(1.97 * 100 * per_person.std(ddof=1) / PEOPLE**0.5, rel=0.15)
    assert float(found["worse"]["high"]) < 0 < float(found["better"]["low"])
    assert float(found["alike"]["p"]) > 0.05
    p_values = [float(cells["p"]) for cells in found.values()]
    assert [float(cells["p_holm"]) for cells in found.values()] == pytest.approx(
        multipletests(p_values, method="holm")[1], rel=1e-4
    )
    assert (found["worse"]["val_rank1"], found["worse"]["configured_val_rank1"]) == ("55.00", "52.00")


def test_a_reading_that_changes_no_rank_is_not_tested(tmp_path: Path, hits: np.ndarray) -> None:
    configured, other = side(tmp_path, "as", [hits]), side(tmp_path, "other", [~hits])
    same = row("same", (side(tmp_path, "same", [hits]), configured))
    found = made(tmp_path, [same, row("other", (other, configured))])
    assert found["same"]["note"] == "every query has the same rank as configured"
    assert found["same"]["rank1"] == found["same"]["configured"]
    assert not any(found["same"][name] for name in ("gap", "low", "high", "p", "p_holm", "n"))
    assert found["other"]["p"] == found["other"]["p_holm"], "Holm counts one test"


def test_seeds_widen_the_interval(tmp_path: Path, hits: np.ndarray) -> None:
    rng = np.random.default_rng(5)
    seeds = [hits | (rng.random(2 * PEOPLE) < share) for share in (0.1, 0.3, 0.5)]
    configured = side(tmp_path, "as", [hits] * 3)
    found = made(
        tmp_path,
        [
            row("one", (side(tmp_path, "one", seeds[1:2]), side(tmp_path, "as1", [hits]))),
            row("three", (side(tmp_path, "three", seeds), configured)),
        ],
    )
    assert (found["one"]["seeds"], found["three"]["seeds"]) == ("1", "3")
    width = {name: float(cells["high"]) - float(cells["low"]) for name, cells in found.items()}
    assert width["three"] > 2 * width["one"]


def test_rows_without_a_comparison_say_why(tmp_path: Path, hits: np.ndarray) -> None:
    few = FEWEST - 1
    sides = (side(tmp_path, "few", [hits], few), side(tmp_path, "as", [hits]))
    found = made(tmp_path, [row("same", None, AS_CONFIGURED), row("few", sides)])
    assert found["same"]["note"] == AS_CONFIGURED
    assert not any(found["same"][name] for name in ("rank1", "gap", "p", "p_holm", "val_rank1"))
    assert found["few"]["note"] == f"fewer than {FEWEST} people"
    assert found["few"]["rank1"]
    assert not found["few"]["gap"]
    tex = (tmp_path / "s.tex").read_text(encoding="utf-8")
    assert "about few" in tex
    assert f"same: {AS_CONFIGURED}. few: fewer than {FEWEST} people." in tex.replace("{}", "")


def test_the_spread_over_draws_is_shown(tmp_path: Path, hits: np.ndarray) -> None:
    sides = (side(tmp_path, "drawn", [hits], draws={"rank1": [50.0, 52.0, 57.0]}), side(tmp_path, "as", [hits]))
    assert made(tmp_path, [row("drawn", sides)])["drawn"]["draws_sd"] == "3.61"
