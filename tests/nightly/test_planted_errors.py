"""The goldens notice: a copy of the suite with one small error in it gives tables that `glalign compare` finds other.

A clean copy is run first, so that a planted one makes again only what its error reaches. Systems that need no training
show every error but the one in a loss, for which GLAlign trains. `make golden` compares with tolerance 3; where
`runtime.portable` gives the bytes of the goldens, 0 can be compared with, for which the clean copy stands here.
"""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers.workflows import checkout, snakemake

from glalign.config.loading import overlaid
from glalign.reporting.row_keys import key_of, name_of

pytestmark = pytest.mark.nightly

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests/golden"
UNTRAINED = ("clip_zero_shot", "random", "oracle")


def alone(*kept: str) -> dict[str, Any]:
    """The demo with these systems alone, as an overlay."""
    return {"systems": {name: {} if name in kept else {"class": None} for name in overlaid(root=ROOT).systems}}


TABLES = ("table2", "table3", "table4", "table4_extended", "phrases")
TARGETS = tuple(f"results/{name}.csv" for name in TABLES)

Plant = tuple[str, str, str]
"""File, the line's text, what stands there instead."""

LOSS: Plant = (
    "glalign/models/glalign.py",
    'terms["global"] = alpha * contrastive(',
    'terms["global"] = 1.03 * alpha * contrastive(',
)
CAPTIONS: Plant = (
    "glalign/data/reader.py",
    "    for name in ours:\n        if name not in found:\n",
    "    one, two = records[-1], records[-3]  # of two people\n"
    "    records[-1] = Record(one.image, one.person, one.split, (two.captions[0], *one.captions[1:]))\n"
    "    records[-3] = Record(two.image, two.person, two.split, (one.captions[0], *two.captions[1:]))\n"
    "    for name in ours:\n        if name not in found:\n",
)
TIES: Plant = (  # both bounds: a file whose worse bound is the better one is refused before any table
    "glalign/evaluation/ranking.py",
    "return at_least - own_at_least + before + 1, above - own_above + before + 1",
    "return above - own_above + before + 1, above - own_above + before + 1",
)
WORD: Plant = ("glalign/language/lexicon/paper.yaml", "SHOES: [giày, dép, tất]", "SHOES: [giày, tất]")


def made(folder: Path, *targets: str) -> Path:
    """The folder of results after tables have been made in a checkout, by default all."""
    done = snakemake(folder, *(targets or TARGETS), "--configfile", "small.yaml", cores=2)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "results"


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout without an error, its tables made, of systems that do not train."""
    folder = checkout(tmp_path_factory.mktemp("clean") / "suite", alone(*UNTRAINED))
    made(folder)
    return folder


@pytest.fixture(scope="module")
def trained(clean: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with GLAlign, which is trained."""
    folder = tmp_path_factory.mktemp("trained") / "suite"
    shutil.copytree(clean, folder, symlinks=True)
    (folder / "small.yaml").write_text(json.dumps(alone("glalign", *UNTRAINED)), encoding="utf-8")
    made(folder)
    return folder


def planted(clean: Path, error: Plant, folder: Path) -> Path:
    """A copy in which a line was replaced; it fails where the line is not there once."""
    copy, (name, line, wrong) = folder / "suite", error
    shutil.copytree(clean, copy, symlinks=True)
    text = (copy / name).read_text(encoding="utf-8")
    assert text.count(line) == 1
    (copy / name).write_text(text.replace(line, wrong), encoding="utf-8")
    return copy


def ran(path: Path) -> list[dict[str, str]]:
    """The rows of a table that a run filled."""
    with path.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row.get("status", "reproduced") == "reproduced"]


def noticed(results: Path, reference: Path, tolerance: float, folder: Path) -> set[str]:
    """The tables in which `glalign compare` finds a difference, of the rows that both sides have."""
    for side in ("ours", "reference"):
        (folder / side).mkdir()
    shutil.copy(GOLDEN / "tolerances.yaml", folder / "reference")
    for name in TABLES:
        ours, theirs = ran(results / f"{name}.csv"), ran(reference / f"{name}.csv")
        if not ours:  # the printed systems all train
            continue
        key = key_of(ours[0], theirs[0])
        both = {name_of(row, key) for row in ours} & {name_of(row, key) for row in theirs}
        for side, rows in (("ours", ours), ("reference", theirs)):
            with (folder / side / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
                writer.writeheader()
                writer.writerows(row for row in rows if name_of(row, key) in both)
    command = [sys.executable, "-m", "glalign", "compare", "ours", "reference", "--tolerance", str(tolerance)]
    environment = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    print(done.stdout)
    found = {line.partition(".csv: row")[0] for line in done.stdout.splitlines() if ".csv: row" in line}
    assert done.returncode == bool(found), done.stdout + done.stderr
    return found


def test_a_clean_copy_is_within_the_tolerance(trained: Path, tmp_path: Path) -> None:
    assert noticed(trained / "results", GOLDEN, 3, tmp_path) == set()


@pytest.mark.parametrize(
    ("error", "tables"),
    [
        pytest.param(TIES, {"table4_extended"}, id="ties count for the query"),
        pytest.param(WORD, {"table2"}, id="a word less"),
    ],
)
def test_the_goldens_notice(clean: Path, tmp_path: Path, error: Plant, tables: set[str]) -> None:
    assert noticed(made(planted(clean, error, tmp_path)), GOLDEN, 3, tmp_path) >= tables


def test_phrases_that_are_not_in_their_captions_are_refused(clean: Path, tmp_path: Path) -> None:
    """The generator's truth says where each phrase stands, so two captions that changed places end the run."""
    folder = planted(clean, CAPTIONS, tmp_path)
    done = snakemake(folder, "results/table2.csv", "--configfile", "small.yaml", cores=2)
    assert done.returncode != 0
    assert "its phrases are not where it says in the captions" in done.stdout + done.stderr


def test_the_same_bytes_notice_two_captions(clean: Path, tmp_path: Path) -> None:
    """Two of 886 queries: below the tolerance, in a table that needs no phrases."""
    results = made(planted(clean, CAPTIONS, tmp_path), "results/table4_extended.csv")
    assert "table4_extended" in noticed(results, clean / "results", 0, tmp_path)


def test_the_same_bytes_notice_three_per_cent_of_a_loss(trained: Path, tmp_path: Path) -> None:
    """It moves Rank-1 by less than a point: below the tolerance."""
    assert "table4" in noticed(made(planted(trained, LOSS, tmp_path)), trained / "results", 0, tmp_path)
