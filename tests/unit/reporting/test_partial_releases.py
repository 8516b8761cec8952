"""A release used in part: what is left out is counted, and no table that used it is silent about it."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from helpers.manifests import make
from helpers.manifests import spec as manifest_spec
from helpers.tables import matrix_row, metrics_file, table_spec

from glalign.config.loading import layered, merge, resolve
from glalign.contract.records import read_manifest
from glalign.contract.specs.base import Noted
from glalign.planning.plan import Plan, make_plan
from glalign.planning.printed_tables import read_reported
from glalign.planning.table_stages import MatrixSpec
from glalign.reporting.matrix import make_matrix, make_seeds
from glalign.reporting.partial_releases import partial_note, with_partial_notes
from glalign.reporting.tables import make_table
from glalign.support.errors import UserError

ROOT = Path(__file__).parents[3]
LACKS = "Partial release: CUHK-PEDES lacks 3 of 18 images and 1 person"


@pytest.fixture
def partial(pedes: Path, tmp_path: Path) -> Path:
    """Statistics of a manifest without two images of person 1 and one of person 8."""
    entries = json.loads((pedes / "reid_raw.json").read_text(encoding="utf-8"))
    for entry in (entries[0], entries[1], entries[14]):
        (pedes / "imgs" / entry["file_path"]).unlink()
    make(manifest_spec(pedes, allow_partial=True), tmp_path / "m.jsonl")
    return tmp_path / "m.json"


def test_what_is_missing_is_left_out_and_counted(partial: Path, pedes: Path, tmp_path: Path) -> None:
    records = read_manifest(partial.with_suffix(".jsonl"))
    assert len(records) == 15
    assert {r.person for r in records} == {*range(2, 10)}
    about = json.loads(partial.read_text(encoding="utf-8"))
    assert about["partial"] == {"identities": 1, "images": 3, "captions": 6, "of_images": 18}
    assert about["all"]["images"] == 15
    with pytest.raises(UserError, match=r"3 missing or unreadable"):
        make(manifest_spec(pedes), tmp_path / "strict.jsonl")


def test_a_whole_release_is_not_called_partial(pedes: Path, tmp_path: Path) -> None:
    make(manifest_spec(pedes, allow_partial=True), tmp_path / "m.jsonl")
    assert partial_note([Noted(partial={"CUHK-PEDES": str(tmp_path / "m.json")})]) == ""
    make(manifest_spec(pedes), tmp_path / "plain.jsonl")
    assert (tmp_path / "m.json").read_bytes() == (tmp_path / "plain.json").read_bytes()


def test_a_broken_image_and_an_empty_split_are_errors_all_the_same(pedes: Path, tmp_path: Path) -> None:
    entries = json.loads((pedes / "reid_raw.json").read_text(encoding="utf-8"))
    (pedes / "imgs" / entries[0]["file_path"]).write_bytes(b"broken")
    with pytest.raises(UserError, match="1 not decodable"):
        make(manifest_spec(pedes, allow_partial=True), tmp_path / "m.jsonl")
    for entry in entries:
        if entry["split"] == "val":
            (pedes / "imgs" / entry["file_path"]).unlink()
    with pytest.raises(UserError, match=r"no image of split val is there.*data verify cuhk_pedes"):
        make(manifest_spec(pedes, allow_partial=True), tmp_path / "m.jsonl")


def planned(**entry: Any) -> Plan:
    values = layered(root=ROOT)
    overlay = {"datasets": {"cuhk_en": {"root": "data/CUHK-PEDES", **entry}, "cuhk_vi": {"translated": None}}}
    return make_plan(resolve(merge(values, overlay)), read_reported(ROOT / "paper" / "reported"))


def test_every_table_that_uses_the_release_reads_its_statistics() -> None:
    plan, statistics = planned(allow_partial=True), "results/manifests/cuhk_en.json"
    uses = {"1", "3", "4", "6", "7", "11", "4_extended", "6_extended", "7_extended"}  # SE1, SE3 and SE4
    assert {
        name for name, job in plan.jobs["table"].items() if '"partial": {"' in json.dumps(job.spec.to_json())
    } == uses
    assert all(statistics in plan.jobs["table"][name].inputs for name in uses)
    for stage in ("alpha", "matrix", "seeds", "mcnemar", "tuning", "phrase_counts"):
        (job,) = plan.jobs[stage].values()
        spec = job.spec.to_json()
        lists = [values for name in ("rows", "tests", "by_rate", "by_length") if (values := spec.get(name))] or [[spec]]
        for rows in lists:
            assert {"CUHK-PEDES": statistics} in [row.get("partial") for row in rows], (stage, rows)
        assert statistics in job.inputs, stage
    assert '"partial": {"' not in json.dumps(
        [job.spec.to_json() for jobs in planned().jobs.values() for job in jobs.values()]
    )


def test_the_search_for_lengths_reads_the_statistics_of_sets_that_no_rate_is_tried_on() -> None:
    overlay = {"datasets": {"v2e": {"root": "data/V2E", "allow_partial": True}}}
    plan = make_plan(resolve(merge(layered(root=ROOT), overlay)), read_reported(ROOT / "paper" / "reported"))
    (job,) = plan.jobs["tuning"].values()
    assert "v2e" not in plan.config.tuning.trainsets
    assert "results/manifests/v2e.json" in job.inputs


def test_the_note_is_in_every_row_and_in_the_caption(partial: Path, tmp_path: Path) -> None:
    files = {"CUHK-PEDES": str(partial)}
    ran = matrix_row("a", "SE1", [metrics_file(tmp_path / "a1", (10, 40, 40), n=40)], partial=files)
    about = {"title": "T.", "profile": "p", "data_note": "", "seeds": (0,), "scenarios": ("SE1", "SE2")}
    spec = MatrixSpec(**about, rows=(ran, matrix_row("a", "SE2", [])))
    make_matrix(spec, tmp_path / "m.csv", tmp_path / "m.tex")
    make_seeds(spec, tmp_path / "s.csv")
    with (tmp_path / "m.csv").open(encoding="utf-8") as lines:
        assert [line["note"] for line in csv.DictReader(lines)] == [LACKS, "no data"]
    assert f"T. {LACKS}." in (tmp_path / "m.tex").read_text(encoding="utf-8")
    assert LACKS in (tmp_path / "s.csv").read_text(encoding="utf-8")
    assert with_partial_notes([Noted(partial=files, note="real")])[0].note == f"real; {LACKS}"

    counted = {"metrics": (str(partial),), "partial": files, "note": ""}
    make_table(table_spec(3, {0: counted}), tmp_path / "t.csv", tmp_path / "t.tex")
    with (tmp_path / "t.csv").open(encoding="utf-8") as found:
        notes = [line["note"] for line in csv.DictReader(found)]
    assert [LACKS in note for note in notes] == [True] + [False] * (len(notes) - 1)
    assert f"{LACKS}." in (tmp_path / "t.tex").read_text(encoding="utf-8")
