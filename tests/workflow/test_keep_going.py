"""A run with `--keep-going` in which one of nine systems fails, with jobs that compute nothing."""

import subprocess
from pathlib import Path

import pytest
from helpers.tables import read_csv
from helpers.workflows import checkout, snakemake

STAND_IN = '''
"""Stands in for the command line: writes what is expected of a job; a training of IRRA fails while a file is there."""
import json, pathlib, sys

_, stage, path, *options = sys.argv[1:]
job = json.loads(pathlib.Path(path).read_text())
log = pathlib.Path(options[options.index("--log") + 1])
log.write_text("working\\n")
if stage == "fit" and "Irra" in job["class_path"] and pathlib.Path("broken").exists():
    sys.exit("out of memory")
METRICS = {"n_queries": 800, "n_gallery": 400, "n_persons": 400, "chance": 0.25}
METRICS["hits"] = {"1": 300, "5": 500, "10": 600}
for k, count in METRICS["hits"].items():
    METRICS |= {f"rank{k}": count / 8, f"rank{k}_best": count / 8}
METRICS |= dict.fromkeys(("map", "map_best", "minp", "minp_best"), 12.5)
METRICS |= {name: {"1": [10, 20], "5": [20, 30], "10": [30, 40]} for name in ("bootstrap", "wilson")}
for name, output in job["outputs"].items():
    output = pathlib.Path(output)
    if name in ("imgs", "images", "labels", "parts"):
        output.mkdir(parents=True, exist_ok=True)
    else:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(METRICS))
'''
TABLE, LOG = "results/table4.csv", "results/logs/fit/irra/cuhk_en/seed0.log"


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Make table 4 on two cores."""
    return snakemake(folder, *arguments, "--", "results/table4.tex", cores=2)


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = checkout(tmp_path_factory.mktemp("keep") / "suite")
    (folder / "glalign" / "__main__.py").write_text(STAND_IN, encoding="utf-8")
    (folder / "broken").touch()
    return folder


@pytest.mark.slow
def test_what_is_there_is_shown_and_the_table_is_made_when_the_job_is_mended(suite: Path) -> None:
    left = suite / "results/unfinished/table4.csv"

    done = run(suite)
    assert done.returncode == 1
    assert not left.exists(), "without --keep-going nothing is shown"

    done = run(suite, "--keep-going")
    assert done.returncode == 1
    assert f"{TABLE}: not made; results/unfinished/table4.csv has 8 of 9 rows" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (suite / TABLE).exists()
    rows = {row["method"]: row for row in read_csv(left)}
    assert [row["status"] for row in rows.values()].count("reproduced") == 8
    assert (rows["IRRA"]["status"], rows["IRRA"]["note"]) == ("failed", f"see {LOG}")
    assert (suite / LOG).exists()

    (suite / "broken").unlink()
    times = suite / "results/times/fit/irra/cuhk_en/seed0.json"
    times.parent.mkdir(parents=True)
    times.write_text('{"torn', encoding="utf-8")
    done = run(suite, "--keep-going")
    assert done.returncode == 0, done.stderr
    assert "warning: compute.csv is not written: results/times/fit/irra/cuhk_en/seed0.json" in done.stderr
    assert (suite / TABLE).exists()
    assert not left.exists()
    assert "rule fit" in done.stderr and done.stderr.count("rule fit:") == 1
