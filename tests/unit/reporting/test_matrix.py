"""The matrix of systems and scenarios, and the spread over seeds, against small frames."""

from pathlib import Path

from helpers.tables import matrix_row, metrics_file, read_csv

from glalign.planning.table_stages import MatrixSpec, Row
from glalign.reporting.matrix import make_matrix, make_seeds


def metrics(path: Path, hits: int, **changes: object) -> str:
    return metrics_file(path, (hits, 40, 40), n=40, **changes)


def spec_of(*rows: Row) -> MatrixSpec:
    about = {"title": "T", "profile": "demo", "data_note": "synthetic people"}
    return MatrixSpec(**about, rows=rows, scenarios=("SE1", "SE2"), seeds=(3, 7))


def test_every_cell_has_a_status_and_only_trained_systems_win(tmp_path: Path) -> None:
    spec = spec_of(
        matrix_row("a", "SE1", [metrics(tmp_path / "a1", 10)]),
        matrix_row("a", "SE2", [metrics(tmp_path / "a2", 12)]),
        matrix_row("b", "SE1", [metrics(tmp_path / "b0", 11), metrics(tmp_path / "b1", 16)]),
        matrix_row("b", "SE2", []),
        matrix_row("oracle", "SE1", [metrics(tmp_path / "o1", 39)], competes=False),
    )
    make_matrix(spec, tmp_path / "matrix.csv", tmp_path / "matrix.tex")
    cells = {(line["system"], line["scenario"]): line for line in read_csv(tmp_path / "matrix.csv")}
    assert cells["b", "SE1"]["rank1"] == "33.75"  # 27 of 80
    assert cells["b", "SE1"]["seeds"] == "2"
    assert (cells["b", "SE2"]["status"], cells["b", "SE2"]["rank1"], cells["b", "SE2"]["note"]) == (
        "not run",
        "",
        "no data",
    )
    assert cells["a", "SE1"]["note"] == "synthetic people"
    tex = (tmp_path / "matrix.tex").read_text(encoding="utf-8")
    assert r"A & 25.00 & \textbf{30.00} \\" in tex
    assert r"B & \textbf{33.75} & -- \\" in tex
    assert r"ORACLE & 97.50 & -- \\" in tex


def test_seeds_have_a_mean_and_a_deviation_and_one_seed_has_none(tmp_path: Path) -> None:
    draws = {"draws": {"rank1": [20.0, 30.0]}}
    spec = spec_of(
        matrix_row("a", "SE1", [metrics(tmp_path / "a0", 10), metrics(tmp_path / "a1", 12)]),
        matrix_row("b", "SV2", [metrics(tmp_path / "b0", 10, **draws)]),
        matrix_row("c", "SE1", []),
    )
    make_seeds(spec, tmp_path / "seeds.csv")
    first, second = read_csv(tmp_path / "seeds.csv")
    assert (first["seeds"], first["rank1_mean"], first["rank1_sd"]) == ("3 7", "27.50", "3.54")
    assert (second["seeds"], second["rank1_sd"], second["rank1_sd_of_draws"]) == ("3", "", "7.07")
