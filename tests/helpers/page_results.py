"""A results folder of three systems on a few people, with the specification of its page."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from helpers.tables import MADE_BY, run_file
from PIL import Image

from glalign.contract.records import Record, queries, write_manifest
from glalign.contract.specs.scoring import MetricsSpec
from glalign.evaluation.metrics import make_metrics
from glalign.evaluation.ranking import rank_blocks
from glalign.evaluation.ranks_file import write_ranks
from glalign.planning.page_stage import (
    PageCell,
    PageResult,
    PageRun,
    PageScenario,
    PageSpec,
    PageTable,
    PageTestset,
)
from glalign.reporting.latex import scaled
from glalign.reporting.plain_table import write_csv
from glalign.reporting.tex_text import escape

PLANTED = "</script><script>document.title = 'planted'</script><b>\"&'"
"""What must never become markup, wherever it stands."""

PEOPLE = 12
PARTS = ("HEAD", "UPPERBODY", "SHOES")
COSINES = {
    "glalign": ((None, 0.314, None),) * 10,
    "irra": ((-0.5, 0.006, None), (None, 0.006, None)) * 5,
}
"""Systems that compare parts, and the cosines of the first ten images of every query. Phrases name UPPERBODY alone."""

AUDIT = {"name": "audit", "title": "Audit"}

SYSTEMS = {"glalign": f"GLAlign {PLANTED}", "irra": "IRRA", "oracle": "Oracle"}


def page_results(root: Path, **changes: Any) -> PageSpec:
    """Write the results below `root`; return the specification of their page, with changes to its test set."""
    records = [
        Record(f"p{person:02}.png", person, "test", (f"áo đỏ {person} {PLANTED}", f"a red shirt of person {person}"))
        for person in range(PEOPLE)
    ]
    (root / "imgs").mkdir(parents=True)
    for record in records:
        Image.new("RGB", (8, 16), (20 * record.person, 90, 30)).save(root / "imgs" / record.image)
    write_manifest(root / "manifest.jsonl", records)
    lines = [
        {"image": record.image, "index": 0, "phrases": [{"text": "áo đỏ", "start": 0, "end": 5, "region": "UPPERBODY"}]}
        for record in records
    ]
    (root / "phrases.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    seen = {"occluder": "none", "blur": 0.0}
    truth = {
        record.image: {
            "nuisance": seen | {"gain": 0.5 + record.person / 24} | ({"occluder": "bag"} if record.person % 2 else {}),
            "facts": [[["shirt", "red"]], [["shirt", "red"], ["number", record.person]]],
            "visible": {"shirt": "red", "number": record.person},
        }
        for record in records
    }
    (root / "truth.json").write_text(json.dumps(truth), encoding="utf-8")
    wrong = {"region": "UPPERBODY", "wrong": True}
    log = {
        record.image: [{"phrases": [wrong] * (record.person < 3)}, {"phrases": [wrong | {"region": None}]}]
        for record in records
    }
    (root / "translation.json").write_text(json.dumps(log), encoding="utf-8")
    runs = [_run(root, number, name, records) for number, name in enumerate(SYSTEMS)]
    rows = [_row(root, run) for run in runs]
    write_csv(rows, root / "table4.csv")
    tex = scaled("", [r"$\Delta$: ours minus paper.", escape(f"{{data}} of {PLANTED}.")])
    (root / "table4.tex").write_text(tex, encoding="utf-8")
    cells = tuple(
        PageCell(system=run.system, label=run.label, competes=bool(run.record), note="", results=(run.results[0].key,))
        for run in runs
    )
    testset = {"id": "t", "label": "People", "language": "vi", "manifest": str(root / "manifest.jsonl")}
    testset |= {"splits": ("test",), "pictures": "people", "images": str(root / "imgs")}
    testset |= {"phrases": str(root / "phrases.jsonl"), "truth": str(root / "truth.json")}
    testset |= {"translation": str(root / "translation.json")}
    table = {"name": "table4", "title": f"SE1 {PLANTED}", "csv": str(root / "table4.csv")}
    table |= {"tex": str(root / "table4.tex"), "rows": tuple((run.key,) for run in runs)}
    write_csv([row | {"seeds": "1"} for row in rows], root / "table4_extended.csv")
    extended = {
        "name": "table4_extended",
        "title": "SE1, extended",
        "csv": str(root / "table4_extended.csv"),
        "tex": "",
    }
    absent = {"name": "claims", "title": "Claims", "csv": str(root / "claims.csv"), "tex": ""}
    return PageSpec(
        profile="demo",
        data_note="synthetic people",
        own="glalign",
        oracle="oracle",
        times=str(root / "times"),
        bootstrap=50,
        root_seed=1,
        tables=(
            PageTable(**table),
            PageTable(**extended),
            PageTable(**absent),
            PageTable(**absent | AUDIT | {"csv": str(root / "audit.csv")}),
        ),
        scenarios=(PageScenario(id="SE1", title=f"SE1 {PLANTED}", table=4, testset="t", cells=cells),),
        testsets=(PageTestset(**testset | changes),),
        runs=tuple(runs),
    )


def _run(root: Path, number: int, system: str, records: list[Record]) -> PageRun:
    key, asked = f"{system}/train/seed0", queries(records)
    people = ([query.person for query in asked], [record.person for record in records])
    scores = np.equal.outer(*people) * (0.5 + number) + np.random.default_rng(number).random((len(asked), PEOPLE))
    ids = ([query.id for query in asked], [record.image for record in records])
    folder = root / "ranks" / key
    folder.mkdir(parents=True)
    ranks = folder / "t.jsonl"
    rows, about = list(rank_blocks([scores], *ids, *people)), MADE_BY
    if system in COSINES:
        about = MADE_BY | {"parts": PARTS}
        rows = [replace(row, cosines=COSINES[system]) for row in rows]
    write_ranks(ranks, rows, PEOPLE, about)
    make_metrics(MetricsSpec(ranks=str(ranks), bootstrap=20, root_seed=1), folder / "metrics.json")
    result = {"key": f"{key}/t", "testset": "t", "scenarios": ("SE1",), "ranks": str(ranks)}
    result |= {"metrics": str(folder / "metrics.json"), "job": "results/jobs/p.json", "log": ""}
    files = {}
    if system != "oracle":
        run_file(folder / "run.json", validations=[[30, 40.0], [60, 55.5]])
        log = [{"step": 10, "loss": 2.5}, {"step": 20, "loss": 1.5}, {"step": 20, "val_rank1": 40.0}]
        (folder / "train.jsonl").write_text("".join(json.dumps(line) + "\n" for line in log), encoding="utf-8")
        times = root / "times" / "fit" / f"{key}.json"
        times.parent.mkdir(parents=True)
        took = {"run": None, "started": 1.0, "wall": 90.0, "cpu": 80.0, "peak_mib": 900.0, "seconds": {}}
        times.write_text(json.dumps(took), encoding="utf-8")
        files = {"record": str(folder / "run.json"), "job": "results/jobs/f.json", "times": str(times)}
    named = {"key": key, "system": system, "label": SYSTEMS[system], "trainset": "train", "seed": 0}
    return PageRun(**named, **files, results=(PageResult(**result),))


def _row(root: Path, run: PageRun) -> dict[str, str]:
    metrics = json.loads(Path(run.results[0].metrics).read_text(encoding="utf-8"))
    low, high = metrics["wilson"]["1"]
    row = {"method": run.label, "rank1_paper": "80.75" if run.system == "glalign" else ""}
    row |= {"rank1": f"{metrics['rank1']:.2f}", "rank1_lo": f"{low:.2f}", "rank1_hi": f"{high:.2f}"}
    return row | {"status": "reproduced", "note": f"synthetic people {PLANTED}"}
