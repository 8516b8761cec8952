"""What Snakemake reruns, refuses and repairs, on a copy of the workflow whose commands only write empty files."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.pedes import make_pedes, write_entries
from helpers.workflows import COPIED, snakemake
from safetensors.numpy import save

from glalign.config.loading import overlaid
from glalign.planning.plan import Plan, make_plan
from glalign.planning.printed_tables import read_reported

ROOT = Path(__file__).parents[2]
STAND_IN = '''
"""Stands in for the command line: writes what the workflow expects of a job, and nothing else."""
import json, pathlib, sys

_, stage, path, *options = sys.argv[1:]
job = json.loads(pathlib.Path(path).read_text())
for name, output in job["outputs"].items():
    output = pathlib.Path(output)
    if name in ("imgs", "images", "labels", "parts"):
        output.mkdir(parents=True, exist_ok=True)
    else:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps([stage, job["spec"]]))
pathlib.Path(options[options.index("--log") + 1]).touch()
print("on the terminal:", stage, file=sys.stderr)
'''


def rerun(folder: Path, *arguments: str) -> set[str]:
    """Keys of the jobs that a dry run would run, as stage/key (one-off rules by name)."""
    done = snakemake(folder, "-n", *arguments, "--", "results/table4.tex", "results/table4_extended.tex")
    assert done.returncode == 0, done.stderr
    logs = re.findall(r"log: results/logs/(\S+)\.log", done.stdout + done.stderr)
    assert logs or "Nothing to be done" in done.stdout + done.stderr
    return set(logs)


def weight_file(content: str) -> bytes:
    """A whole safetensors file that differs with `content`."""
    return save({content: np.zeros(1, dtype=np.float32)})


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the workflow in which table 4 has been made."""
    folder = tmp_path_factory.mktemp("suite") / "with space"
    folder.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    (folder / "glalign" / "__main__.py").write_text(STAND_IN, encoding="utf-8")
    weights = folder / "glalign" / "pretrained"
    for file in weights.glob("*.safetensors"):
        file.write_bytes(weight_file(file.stem))
        file.with_suffix(".json").unlink()  # the record of the true one
    (weights / "tiny_parser.json").write_text("{}", encoding="utf-8")  # without a record a parser is absent
    done = snakemake(folder, "--verbose", "--", "results/table4.tex", "results/table4_extended.tex")
    assert done.returncode == 0, done.stderr
    assert "on the terminal: fit" in done.stderr
    (folder / "snakemake.log").write_text(done.stderr, encoding="utf-8")
    return folder


@pytest.fixture
def suite(finished: Path) -> Path:
    """The same; what a test edits is put back."""
    kept = {file: file.read_bytes() for file in finished.rglob("*") if file.suffix in (".py", ".yaml", ".safetensors")}
    yield finished
    for file, content in kept.items():
        if file.read_bytes() != content:
            file.write_bytes(content)


def test_ready_jobs_are_looked_at_again_when_a_job_ends_and_not_every_second(finished: Path) -> None:
    log = (finished / "snakemake.log").read_text(encoding="utf-8")
    looks, ended = (len(re.findall(line, log, re.MULTILINE)) for line in ("^Ready jobs: ", "^Finished jobid: "))
    assert 0 < looks <= ended


def test_a_second_run_has_nothing_to_do(suite: Path) -> None:
    assert rerun(suite) == set()


def test_touching_every_source_reruns_nothing(suite: Path) -> None:
    for folder in ("glalign", "baselines", "workflow", "paper", "profiles"):
        for file in (suite / folder).rglob("*"):
            os.utime(file)
    os.utime(suite / "config.yaml")
    os.utime(suite / "Snakefile")
    assert rerun(suite) == set()


def test_editing_a_system_reruns_it_and_the_tables(suite: Path) -> None:
    with (suite / "baselines" / "rasa.py").open("a", encoding="utf-8") as file:
        file.write("# edited\n")
    cell = "rasa/cuhk_en/seed0"
    assert rerun(suite) == {
        f"fit/{cell}",
        f"predict/{cell}/cuhk_en",
        f"metrics/{cell}/cuhk_en",
        "table/4",
        "table/4_extended",
    }


def test_editing_the_renderer_of_tables_reruns_tables(suite: Path) -> None:
    with (suite / "glalign" / "reporting" / "latex.py").open("a", encoding="utf-8") as file:
        file.write("# edited\n")
    assert rerun(suite) == {"table/4", "table/4_extended"}


def test_a_system_option_reruns_that_system(suite: Path) -> None:
    (suite / "overlay.yaml").write_text("systems: {dual_path: {optim: {lr: 0.5}}}\n", encoding="utf-8")
    stages = rerun(suite, "--configfile", "overlay.yaml")
    assert {key.split("/")[0] for key in stages} == {"fit", "predict", "metrics", "table"}
    assert {key.split("/")[1] for key in stages if not key.startswith("table")} == {"dual_path", "pham2022"}


def test_other_weights_rerun_what_starts_from_them(suite: Path) -> None:
    (suite / "glalign" / "pretrained" / "tiny_resnet.safetensors").write_bytes(weight_file("other"))
    assert {key.split("/")[1] for key in rerun(suite) if key.startswith("fit")} == {
        *("dual_path", "pham2022", "srcf", "vitaa")
    }


def of_release(suite: Path, root: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run what a system's metrics need, on a release in the folder `root`, in results of its own."""
    overlay = {"results": "moved", "datasets": {"cuhk_en": {"root": root}}}
    (suite / "release.yaml").write_text(json.dumps(overlay), encoding="utf-8")
    target = "moved/metrics/irra/cuhk_en/seed0/cuhk_en.json"
    done = snakemake(suite, *arguments, "--configfile", "release.yaml", "--", target)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.slow
def test_a_release_that_moves_reruns_nothing_and_one_that_changes_reruns_what_reads_it(suite: Path) -> None:
    def rerun_of(root: str) -> set[str]:
        done = of_release(suite, root, "-n")
        return set(re.findall(r"log: moved/logs/(\S+)\.log", done.stdout + done.stderr))

    make_pedes(suite / "here")
    of_release(suite, "here")
    assert rerun_of("here/") == set()
    (suite / "data").mkdir()
    moved = (suite / "here").rename(suite / "data" / "there")
    (moved / "imgs" / "Thumbs.db").write_bytes(b"x")
    for file in moved.rglob("*"):
        os.utime(file)
    assert rerun_of("data/there/") == set()

    cell = "irra/cuhk_en/seed0"
    readers = {"manifest/cuhk_en", f"fit/{cell}", f"predict/{cell}/cuhk_en", f"metrics/{cell}/cuhk_en"}
    image = next(moved.rglob("*.jpg"))
    image.write_bytes(image.read_bytes() + b"more")
    assert rerun_of("data/there") == readers
    of_release(suite, "data/there")
    spec = json.loads((suite / "moved/jobs/fit/irra/cuhk_en/seed0.json").read_text(encoding="utf-8"))["spec"]
    assert spec["datasets"][0]["images"] == "data/there/imgs"
    write_entries(moved, json.loads((moved / "reid_raw.json").read_text(encoding="utf-8"))[:-1])
    assert rerun_of("data/there") == readers


def test_images_of_one_source_are_warned_of(suite: Path) -> None:
    icfg = {"label": "ICFG-PEDES", "people": "icfg", "format": "icfg_pedes", "root": "a", "holdout": 9}
    rstp = {"label": "RSTPReid", "people": "rstp", "format": "rstpreid", "root": "b"}
    datasets = {"cuhk_en": {**icfg, "splits": {"val": None}}, "v2e": rstp, "cuhk_vi": {"translated": None}}
    (suite / "sources.yaml").write_text(json.dumps({"datasets": datasets}), encoding="utf-8")
    done = snakemake(suite, "-n", "--quiet", "all", "--configfile", "sources.yaml", "--", "results/table6.tex")
    assert "warning: scenarios.SE3: ICFG-PEDES and RSTPReid are both cut from MSMT17: " in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-n", "--", "results/table12.tex"), r"^error: results/table12: no such table; the tables are 1, 2, 3, "),
        (("-n", "--config", "sed=1"), r"^error: configuration: sed: unknown key; did you mean 'seed'\?"),
        (
            ("-n", "--config", "seed=1e3"),
            r"^error: configuration: seed: 1000\.0 is not of type integer .*; write 1000$",
        ),
        (
            ("-n", "--config", "testsets={vn3k_100: {identities: 1000}}", "--", "results/table9.tex"),
            r"^error: configuration: testsets\.vn3k_100\.identities: 1000 of 160 people in its splits; choose 1 to 160",
        ),
        (("-n", "--config", "runtime={prefetch: two}"), r"^error: configuration: runtime\.prefetch: 'two' is not "),
        (
            ("-n", "--config", "profile=paper"),
            r"^error: --config profile=paper: .*; give --configfile config/paper\.yaml$",
        ),
        (
            ("-n", "--", "results/runs/irra/cuhk_en/seed7/run.json"),
            r"^error: fit irra/cuhk_en/seed7: no job of this configuration; the nearest of its \d+: "
            r"irra/cuhk_en/seed0, \S+, \S+; `snakemake -n --forceall` lists all$",
        ),
        (
            ("-n", "--", "results/metrics/ira/cuhk_en/seed0/cuhk-en.json"),
            r"^error: metrics ira/cuhk_en/seed0/cuhk-en: no job .* nearest of its \d+: irra/cuhk_en/seed0/cuhk_en, ",
        ),
        (
            ("-n", "--", "results/manifests/cuhk-en.jsonl"),
            r"^error: manifest cuhk-en: no job of this configuration; the nearest of its \d+: cuhk_en, ",
        ),
        (
            ("--config", "weights=elsewhere"),
            r"^error: nothing was run; absent are\nweights: elsewhere lacks tiny_\w+\.",
        ),
    ],
)
def test_what_a_user_can_get_wrong_is_one_line(suite: Path, arguments: tuple[str, ...], message: str) -> None:
    done = snakemake(suite, *arguments)
    assert done.returncode == 1
    assert re.search(message, done.stderr, re.MULTILINE), done.stderr
    assert "Traceback" not in done.stderr


def test_numbers_inside_of_a_map_on_the_command_line_are_numbers(suite: Path) -> None:
    done = snakemake(
        suite, "-n", "--config", "runtime={precision: bf16, prefetch: 2}", "seeds=[0, 1]", "--", "results/table4.tex"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "logs/fit/irra/cuhk_en/seed1.log" in done.stdout + done.stderr


def test_a_key_twice_in_an_overlay_is_not_dropped_silently(suite: Path) -> None:
    (suite / "twice.yaml").write_text("seeds: [0]\nseeds: [1, 2]\n", encoding="utf-8")
    done = snakemake(suite, "-n", "--configfile", "twice.yaml")
    assert done.returncode == 1
    assert re.search(r"^error: .*twice\.yaml: not valid YAML \(duplicate key seeds", done.stderr, re.MULTILINE)


@pytest.mark.slow
def test_the_lock_of_a_killed_run_does_not_stay(suite: Path) -> None:
    locks = suite / ".snakemake" / "locks"
    locks.mkdir(exist_ok=True)
    for name in ("0.input.lock", "0.output.lock"):
        (locks / name).write_text("results/table4.csv\nresults/table4.tex\n", encoding="utf-8")
    (suite / "results" / "table4.tex").unlink()
    done = snakemake(suite, "--", "results/table4.tex")
    assert done.returncode == 0, done.stderr
    assert (suite / "results" / "table4.tex").exists()


@pytest.mark.slow
def test_the_lock_of_a_living_run_stays(suite: Path) -> None:
    lock = suite / ".snakemake" / "locks" / "0.output.lock"
    lock.parent.mkdir(exist_ok=True)
    alive = (
        "import pathlib, time; from glalign.storage.locks import clear_stale_lock; "
        "clear_stale_lock(pathlib.Path('.snakemake')); print(1, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", alive], cwd=suite, stdout=subprocess.PIPE) as other:
        try:
            other.stdout.readline()
            lock.write_text("results/table4.csv\nresults/table4.tex\n", encoding="utf-8")
            (suite / "results" / "table4.tex").unlink()
            refused = snakemake(suite, "--", "results/table4.tex")
        finally:
            other.kill()
    assert refused.returncode == 1
    assert "locked" in refused.stderr
    assert snakemake(suite, "--", "results/table4.tex").returncode == 0


def test_the_rules_run_every_planned_job(suite: Path) -> None:
    """Every stage has a rule whose outputs and wildcards fit the plan: all tables can be asked for."""
    plan: Plan = make_plan(overlaid(root=suite), read_reported(suite / "paper" / "reported"))
    done = snakemake(suite, "-n", "--forceall", "--quiet", "host")
    assert done.returncode == 0, done.stderr
    logs = set(re.findall(r"log: results/logs/(\S+)\.log", done.stdout + done.stderr))
    needed = {f"table/{table}" for table in plan.jobs["table"]} | {f"fit/{key}" for key in plan.jobs["fit"]}
    assert needed <= logs
    spec = json.loads((suite / "results/runs/irra/cuhk_en/seed0/run.json").read_text(encoding="utf-8"))[1]
    assert spec == plan.job("fit", system="irra", trainset="cuhk_en", seed=0).spec.to_json()
