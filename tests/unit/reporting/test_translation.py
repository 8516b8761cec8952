"""What machine translation got wrong in synthetic data, by translation alone and end to end."""

import json
from pathlib import Path

import pytest
from helpers.plans import planned
from helpers.tables import read_csv, written

from glalign.evaluation.metrics import half_up, wilson
from glalign.planning.report_stages import TranslationRow, TranslationSpec
from glalign.reporting.translation import contradicted, make_translation
from glalign.support.errors import UserError

PAPER = str(Path(__file__).parents[3] / "paper" / "translation.csv")
NAMES = ("start", "end", "region")
SEEN = {"hat": "cap", "hat_colour": "red", "sex": "man"}


@pytest.fixture
def spec(tmp_path: Path) -> TranslationSpec:
    """Six pairs: two translated wrongly, in three of five phrases of a part; one source contradicts its picture.

    Of the others one has a phrase under a wrong region, one a phrase that is not found, one a found phrase beside all.
    """
    log, truth, source = {}, {}, {}
    found = {
        ("a.jpg", 0): [(0, 3, "HEAD")], ("a.jpg", 1): [(0, 3, "SHOES")], ("b.jpg", 0): [], ("b.jpg", 1): [(0, 3, None)],
        ("c.jpg", 0): [(0, 3, "HEAD"), (8, 9, "SHOES")], ("c.jpg", 1): [(0, 3, "HEAD"), (4, 6, None)],
    }  # fmt: skip
    rows = [
        {"image": image, "index": index, "phrases": [dict(zip(NAMES, one, strict=True)) for one in own]}
        for (image, index), own in found.items()
    ]
    (tmp_path / "phrases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    for image, wrong, colour in (
        ("a.jpg", (True, True), "red"),
        ("b.jpg", (True,), "red"),
        ("c.jpg", (False, False), "blue"),
    ):
        phrases = [{"region": "HEAD", "wrong": one} for one in wrong] + [{"region": None, "wrong": True}]
        kind = "vague" if wrong[0] else "lost modifier"
        log[image] = [{"errors": [{"kind": kind}], "phrases": phrases}, {"errors": [], "phrases": []}]
        source[image] = {"visible": SEEN, "facts": [[["hat_colour", colour]], []]}
        hat = [{"start": 0, "end": 4, "region": "HEAD"}, {"start": 4, "end": 6, "region": None}]
        truth[image] = {"visible": SEEN, "facts": [[["hat", "none"]], []], "phrases": [hat, hat]}
    files = {"translation": log, "truth": truth, "source_truth": source}
    paths = {name: written(tmp_path / f"{name}.json", value) for name, value in files.items()}
    paths["phrases"] = str(tmp_path / "phrases.jsonl")
    row = TranslationRow(dataset="cuhk_vi", label="CUHK-PEDES-VN", source_language="en", language="vi", **paths)
    other = TranslationRow(dataset="v2e", label="3000Vn-V2E", source_language="vi", language="en", note="real")
    about = {"title": "T", "profile": "demo", "data_note": "drawn", "show_paper_values": True}
    return TranslationSpec(**about, root_seed=1, sample=4, paper=PAPER, rows=(other, row))


def test_pairs_and_phrases_are_counted_with_their_intervals(spec, tmp_path):
    make_translation(spec, tmp_path / "m.csv", tmp_path / "m.tex")
    missing, row, sample = read_csv(tmp_path / "m.csv")
    assert (row["view"], row["pairs"], row["wrong"], row["percent"]) == ("all", "6", "2", "33.33")
    assert (row["percent_lo"], row["percent_hi"]) == tuple(half_up(bound) for bound in wilson(2, 6))
    assert (row["phrases"], row["phrase_wrong"], row["phrase_percent"]) == ("5", "3", "60.00")
    assert (row["with_mapping_wrong"], row["with_mapping_percent"]) == ("3", "50.00")  # a.jpg#1: a hat among the shoes
    assert (row["end_to_end_wrong"], row["end_to_end_percent"]) == ("4", "66.67")  # b.jpg#1: the hat has no region
    assert (row["end_to_end_percent_lo"], row["end_to_end_percent_hi"]) == tuple(map(half_up, wilson(4, 6)))
    assert (row["source_wrong"], row["target_wrong"]) == ("1", "3")
    assert (row["errors_vague"], row["errors_lost_modifier"]) == ("2", "1")
    assert (row["paper_pairs"], row["paper_wrong"], row["paper_percent"]) == ("200", "37", "18.50")
    assert (row["paper_percent_lo"], row["paper_percent_hi"]) == ("13.73", "24.46")
    assert (sample["view"], sample["pairs"]) == ("sample of 4", "4")
    assert (missing["status"], missing["note"], missing["pairs"], missing["paper_percent"]) == (
        "not run",
        "real",
        "",
        "",
    )
    assert "18.50" in (tmp_path / "m.tex").read_text(encoding="utf-8")
    first = (tmp_path / "m.csv").read_bytes()
    make_translation(spec, tmp_path / "m.csv", tmp_path / "m.tex")
    assert (tmp_path / "m.csv").read_bytes() == first
    make_translation(spec.model_copy(update={"show_paper_values": False}), tmp_path / "m.csv", tmp_path / "m.tex")
    assert {row["paper_percent"] for row in read_csv(tmp_path / "m.csv")} == {""}


def test_phrases_that_are_no_rows_or_of_another_dataset_are_told(spec, tmp_path):
    path = Path(spec.rows[1].phrases)
    path.write_text(path.read_text(encoding="utf-8").replace('"a.jpg"', '"z.jpg"'), encoding="utf-8")
    with pytest.raises(UserError, match=r"phrases\.jsonl: do not belong together"):
        make_translation(spec, tmp_path / "m.csv", tmp_path / "m.tex")
    path.write_text('{"image": "a.jpg"}\n', encoding="utf-8")
    with pytest.raises(UserError, match=r"phrases\.jsonl:1: not a row of phrases .*; delete the file and run again"):
        make_translation(spec, tmp_path / "m.csv", tmp_path / "m.tex")


@pytest.mark.parametrize("wrong", [[], 3, {"a.jpg": 3}, {"a.jpg": [3]}, {"a.jpg": [{"errors": 1, "phrases": []}]}])
@pytest.mark.parametrize("file", ["translation", "truth", "source_truth"])
def test_files_of_another_kind_are_told(spec, tmp_path, file, wrong):
    written(Path(getattr(spec.rows[1], file)), wrong)
    with pytest.raises(UserError, match=r"\.json.*; translate the dataset again"):
        make_translation(spec, tmp_path / "m.csv", tmp_path / "m.tex")


def test_files_of_two_translations_are_told(spec, tmp_path):
    written(Path(spec.rows[1].truth), {"a.jpg": {"visible": {}, "facts": []}})
    with pytest.raises(UserError, match=r"truth\.json, .*phrases\.jsonl: do not belong together"):
        make_translation(spec, tmp_path / "m.csv", tmp_path / "m.tex")


@pytest.mark.parametrize(
    ("facts", "wrong"),
    [([], False), ([["hat_colour", "blue"]], True), ([["sex", "woman"]], False), ([["shoes", "boots"]], False)],
)
def test_a_caption_contradicts_what_is_seen_of_a_body_part(facts, wrong):
    assert contradicted({"a": {"visible": SEEN, "facts": [facts]}}, ("a", 0)) is wrong


def test_translated_datasets_are_planned_and_real_ones_say_what_to_do():
    job = planned().jobs["translation"]["translation"]
    assert {row.dataset: row.note for row in job.spec.rows} == {"v2e": "", "cuhk_vi": ""}
    assert {"results/data/cuhk_en/truth.json", "results/phrases/cuhk_vi.jsonl"} <= set(job.inputs)
    real = planned({"datasets": {"cuhk_vi": {"root": "data/vi"}}}).jobs["translation"]["translation"]
    assert "glalign translation sample" in next(row.note for row in real.spec.rows if row.dataset == "cuhk_vi")
    assert not any("cuhk" in path for path in real.inputs)
    assert not planned({"datasets": {name: {"translated": None} for name in ("v2e", "cuhk_vi")}}).jobs["translation"]
