"""What machine translation got wrong: counted on synthetic data, judged by a person on real data."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers.plans import planned
from helpers.tables import read_csv, written

from glalign.cli.main import main
from glalign.contract.records import Record, write_manifest
from glalign.evaluation.judging import describe, read_judged, write_sample
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


@pytest.fixture
def manifests(tmp_path: Path) -> tuple[Path, Path]:
    for name, word in (("en", "coat"), ("vi", "áo")):
        records = [Record(f"{k}.jpg", k, "test", (f"{word} {k}, a", f"{word} {k}, b")) for k in range(20)]
        write_manifest(tmp_path / f"{name}.jsonl", records)
    return tmp_path / "en.jsonl", tmp_path / "vi.jsonl"


def test_a_sample_is_seeded_joined_and_never_overwritten(manifests, tmp_path):
    assert write_sample(*manifests, tmp_path / "s.csv", 10, 0) == 10
    rows = read_csv(tmp_path / "s.csv")
    assert list(rows[0]) == ["image", "index", "source", "target", "judge", "comment"]
    assert all(row["source"].replace("coat", "áo") == row["target"] for row in rows)
    assert len({(row["image"], row["index"]) for row in rows}) == 10
    write_sample(*manifests, tmp_path / "again.csv", 10, 0)
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "s.csv").read_bytes()
    write_sample(*manifests, tmp_path / "other.csv", 10, 1)
    assert read_csv(tmp_path / "other.csv") != rows
    assert write_sample(*manifests, tmp_path / "all.csv", 200, 0) == 40
    with pytest.raises(UserError, match=r"s\.csv: is there already"):
        write_sample(*manifests, tmp_path / "s.csv", 10, 0)


def test_manifests_that_do_not_share_their_captions_are_refused(manifests, tmp_path):
    source, target = manifests
    write_manifest(target, [Record("0.jpg", 0, "test", ("áo", "áo")), Record("1.jpg", 1, "test", ("áo",))])
    with pytest.raises(UserError, match=r"vi\.jsonl: no caption 1 of 1\.jpg, which .*en\.jsonl has"):
        write_sample(source, target, tmp_path / "s.csv", 10, 0)
    with pytest.raises(UserError, match=r"vi\.jsonl: no caption 1 of 1\.jpg"):
        write_sample(target, source, tmp_path / "s.csv", 10, 0)


def judged(path: Path, verdicts: list[str], separator: str = ",") -> Path:
    lines = [separator.join(("image", "index", "source", "target", "judge", "comment"))]
    lines += [separator.join((f"{k}.jpg", "1", "coat", "áo", verdict, "")) for k, verdict in enumerate(verdicts)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_judged_sample_is_counted_and_open_rows_are_named(tmp_path):
    found = read_judged(judged(tmp_path / "j.csv", ["right", " Wrong", "", "wrog", "right"]))
    assert (found["pairs"], found["judged"], found["wrong"]) == (5, 3, 1)
    assert found["interval"] == wilson(1, 3)
    assert found["open"] == [
        "line 4, caption 1 of 2.jpg: not judged",
        "line 5, caption 1 of 3.jpg: 'wrog' is neither right nor wrong",
    ]
    assert describe(found).splitlines()[0] == "1 of 3 judged pairs are wrong: 33.33 % (95 %: 6.15 to 79.23)"
    assert read_judged(judged(tmp_path / "j.csv", ["wrong"] * 37 + ["right"] * 163, ";"))["percent"] == 18.5
    with pytest.raises(UserError, match="no row is judged"):
        read_judged(judged(tmp_path / "j.csv", ["", ""]))


@pytest.mark.parametrize("verdict", ["right", "wrong", ""])
def test_a_pair_that_is_there_twice_is_refused(tmp_path, verdict):
    path = judged(tmp_path / "j.csv", ["wrong", "right", "right"])
    path.write_text(path.read_text(encoding="utf-8") + f"1.jpg, 1,coat,áo,{verdict},\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"j\.csv: caption 1 of 1\.jpg occurs twice, on lines 3 and 5; remove one"):
        read_judged(path)


def test_the_command_line_writes_and_reads_a_sample(manifests, tmp_path):
    run, out = CliRunner().invoke, tmp_path / "the s.csv"
    said = run(main, ["translation", "sample", *map(str, manifests), "--out", str(out), "--pairs", "4", "--seed", "3"])
    assert (said.exit_code, "4 pairs" in said.output, f"judge '{out}'`" in said.output) == (0, True, True)
    out.write_text(out.read_text(encoding="utf-8").replace(",,\n", ",right,\n", 3), encoding="utf-8")
    said = run(main, ["translation", "judge", str(out), "--out", str(tmp_path / "j.json")])
    assert (said.exit_code, "not judged" in said.output) == (1, True)
    assert json.loads((tmp_path / "j.json").read_text(encoding="utf-8"))["judged"] == 3
    out.write_text(out.read_text(encoding="utf-8").replace(",,\n", ",wrong,\n"), encoding="utf-8")
    assert run(main, ["translation", "judge", str(out)]).exit_code == 0
