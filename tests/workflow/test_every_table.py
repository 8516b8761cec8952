"""The default target on a handful of people: every table, ledger and test, and the document of them all."""

import csv
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from helpers.workflows import snakemake

from glalign.planning.plan import STAGES
from glalign.reporting.document import can_typeset

pytestmark = pytest.mark.slow

STATUSES = {"paper", "reproduced", "not run"}


@pytest.fixture
def results(finished: Path) -> Path:
    """The folder of everything generated after `snakemake` without a target."""
    return finished / "results"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("number", range(1, 12))
def test_every_row_of_every_table_has_a_status(results: Path, number: int) -> None:
    rows = rows_of(results / f"table{number}.csv")
    assert rows
    assert {row["status"] for row in rows} <= STATUSES
    assert r"\begin{tab" in (results / f"table{number}.tex").read_text(encoding="utf-8")
    if number >= 4:
        ran = [row for row in rows if row["status"] == "reproduced"]
        assert ran
        assert all(row["rank1"] for row in ran)
        assert all(row["note"] for row in rows if row["status"] == "not run")


def test_beyond_the_paper(results: Path) -> None:
    assert {row["alpha"] for row in rows_of(results / "alpha.csv")} == {"0.0", "1.0"}
    assert {row["seeds"] for row in rows_of(results / "seeds.csv") if row["system"] == "glalign"} == {"0"}
    scenarios = {row["scenario"] for row in rows_of(results / "matrix.csv") if row["system"] == "m_irra"}
    assert scenarios == {"SE1", "SE2", "SE3", "SE4", "SV1", "SV2", "SV3"}
    assert {row["dataset"] for row in rows_of(results / "translation.csv")} == {"cuhk_vi", "v2e"}
    compute = rows_of(results / "compute.csv")
    assert all(float(row["wall_s"]) > 0 for row in compute)
    assert {row["stage"] for row in compute} >= {"synthesize", "fit", "predict", "table", "mcnemar", "snakemake"}
    assert len({row["run"] for row in compute}) == 1
    needs = [(row, STAGES[row["stage"]].memory) for row in compute if row["peak_mib"]]
    assert [row["job"] for row, megabytes in needs if float(row["peak_mib"]) * 1.05 > megabytes] == []


def test_mcnemars_counts_are_those_of_two_ranks_files(results: Path) -> None:
    def hits(path: str) -> dict[str, bool]:
        lines = (results / path).read_text(encoding="utf-8").splitlines()
        return {row["query"]: row["hits"][0] == 1 for row in map(json.loads, lines)}

    english = hits("ranks/glalign/cuhk_en/seed0/cuhk_en.jsonl")
    vietnamese = hits("ranks/glalign/cuhk_vi/seed0/cuhk_vi.jsonl")
    (row,) = (
        row
        for row in rows_of(results / "mcnemar.csv")
        if row["pair"] == "GLAlign: SE1 against SV1" and row["queries"] == "all"
    )
    assert english.keys() == vietnamese.keys()
    assert int(row["n"]) == len(english)
    assert int(row["b"]) == sum(hit and not vietnamese[query] for query, hit in english.items())
    assert int(row["c"]) == sum(not hit and vietnamese[query] for query, hit in english.items())


def test_every_claim_has_a_verdict(results: Path) -> None:
    rows = rows_of(results / "claims.csv")
    assert list(dict.fromkeys(row["claim"] for row in rows)) == [f"C{number}" for number in range(1, 17)]
    verdicts = {f"{one} on synthetic people" for one in ("supported", "contradicted", "open")}
    assert {row["verdict"] for row in rows} <= verdicts
    for row in rows:
        assert bool(row["effect"]) == bool(row["p"])
        assert row["effect"] or row["note"]


def test_every_nuisance_has_its_levels(results: Path) -> None:
    rows = rows_of(results / "nuisance.csv")
    known = {(row["scenario"], row["nuisance"]) for row in rows}
    assert {("SV1", "translation"), ("SV1", "light"), ("SE1", "blur")} <= known
    assert ("SE1", "translation") not in known
    assert {"glalign", "glalign_global", "oracle"} <= {row["system"] for row in rows}


def test_the_page_and_snakemakes_report_have_every_table(results: Path, tmp_path: Path) -> None:
    page = (results / "index.html").read_text(encoding="utf-8")
    shown = set(re.findall(r'data-table="(\w+)"', page))
    assert shown == {path.stem for path in results.glob("*.csv")}
    assert "not made yet" not in page
    assert len(page.encode()) < 8e6
    file = tmp_path / "report.html"
    done = snakemake(results.parent, "--configfile", "small.yaml", "--report", str(file))
    assert done.returncode == 0, done.stderr
    report = file.read_text(encoding="utf-8")
    assert shown - {"compute"} <= set(re.findall(r'"table": "(\w+)"', report))


@pytest.mark.skipif(not can_typeset(), reason="no TeX here")
def test_the_document_has_every_table_and_every_vietnamese_letter(results: Path) -> None:
    assert (results / "tables.pdf").stat().st_size > 10_000
    engine = (results / "logs" / "document" / "tables.engine.log").read_text(encoding="utf-8", errors="replace")
    assert "Missing character" not in engine
    if shutil.which("pdftotext"):
        text = subprocess.run(
            ["pdftotext", "-layout", str(results / "tables.pdf"), "-"], capture_output=True, text=True, check=True
        ).stdout
        assert len(set(re.findall(r"Table (\d+):", text))) >= 11
