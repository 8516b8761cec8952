"""Table 2: which true phrases the printed lists cover, and which of the found ones they map."""

import json
import re
from pathlib import Path

import pytest
from helpers.plans import planned
from helpers.tables import PAPER, read_csv, table_spec

from glalign.contract.phrase_counts import PartCounts
from glalign.contract.records import Record, write_manifest
from glalign.contract.specs.data import CoverageSpec
from glalign.evaluation.coverage import UNLABELLED, count_coverage, make_coverage
from glalign.evaluation.metrics import half_up, wilson
from glalign.evaluation.phrase_truth import FoundPhrase, TruePhrase, compare_with_truth
from glalign.planning.report_stages import PhraseCountsSpec, PhraseRow
from glalign.planning.table_stages import TableSpec
from glalign.reporting.compare import compare
from glalign.reporting.latex import render_latex
from glalign.reporting.phrases import make_phrase_counts
from glalign.reporting.tables import make_table, table
from glalign.reporting.terminal import render_terminal
from glalign.support.errors import UserError

CAPTION = "Black hat, red shirt and blue jeans, white sneakers, a grey backpack, black cap"
FOUND = {"HEAD": (2, 0), "UPPERBODY": (1, 1), "LOWERBODY": (1, 1), "SHOES": (1, 1), "OTHERS": (1, 0), "Overall": (6, 3)}


def truth_of(caption: str, *phrases: tuple[str, str | None]) -> list[dict]:
    places = [(caption.index(text), region, text) for text, region in phrases]
    return [{"start": at, "end": at + len(text), "text": text, "region": region} for at, region, text in places]


@pytest.fixture
def spec(tmp_path: Path) -> CoverageSpec:
    write_manifest(tmp_path / "m.jsonl", [Record("a.jpg", 1, "train", (CAPTION,))])
    rules = {"chunker": "words", "match": "words", "several": "nearest"}
    return CoverageSpec(manifest=str(tmp_path / "m.jsonl"), language="en", **rules)


def counts(spec: CoverageSpec, out: Path) -> dict:
    make_coverage(spec, out)
    return json.loads(out.read_text(encoding="utf-8"))


def test_the_repaired_lists_tell_the_part_and_the_printed_ones_whether_it_is_matched(spec, tmp_path):
    found = counts(spec, tmp_path / "c.json")
    assert {part: (one["phrases"], one["matched"]) for part, one in found["parts"].items() if part in FOUND} == FOUND
    assert found["parts"]["HEAD"]["relative_coverage"] == 0
    assert found["parts"]["Overall"]["relative_coverage"] == 50
    assert (found["captions"], found["truth"]) == (1, None)
    assert "glalign phrases sample" in found["note"]


def test_a_phrase_that_the_printed_lists_put_elsewhere_is_not_matched():
    one, other, none = (
        FoundPhrase(0, 1, *regions) for regions in ((("HEAD",), ("UPPERBODY",)), (("HEAD",), ()), ((), ()))
    )
    parts = count_coverage([one, other, none])
    assert parts["HEAD"] == PartCounts(phrases=2, matched=0, elsewhere=1, relative_coverage=0.0)
    assert parts["SHOES"].to_json() == {"phrases": 0, "matched": 0, "elsewhere": 0, "relative_coverage": None}
    assert (parts["no part"].to_json(), parts["All"].to_json()) == ({"phrases": 1}, {"phrases": 3})


def test_found_phrases_are_compared_with_the_written_ones_by_character():
    caption = "a man, the red shirt, long hair on the back"
    places = {text: (caption.index(text), caption.index(text) + len(text)) for text in
              ("a man", "the red shirt", "red shirt", "long hair", "long hair on the back", "back")}  # fmt: skip
    written = [TruePhrase(*places["a man"], None), TruePhrase(*places["the red shirt"], "UPPERBODY"),
               TruePhrase(*places["long hair"], "HEAD")]  # fmt: skip
    found = [FoundPhrase(*places["a man"], (), ()), FoundPhrase(*places["red shirt"], ("UPPERBODY",), ()),
             FoundPhrase(*places["long hair on the back"], ("UPPERBODY",), ("HEAD",))]  # fmt: skip
    parts = compare_with_truth([caption], [found], [written], "en")
    assert {m: getattr(parts["All"], m) for m in ("true", "found", "exact", "right", "right_printed")} == {
        "true": 3, "found": 3, "exact": 2, "right": 2, "right_printed": 2,
    }  # fmt: skip
    assert parts["HEAD"].right == 0
    assert (parts["UPPERBODY"].extracted, parts["UPPERBODY"].confirmed) == (2, 2)
    assert (parts["UPPERBODY"].confirmed_exact, parts["UPPERBODY"].confirmed_region) == (1, 1)
    assert (parts["no part"].right, parts["no part"].confirmed_region) == (1, 1)
    nobody = compare_with_truth([caption], [[FoundPhrase(*places["back"], ("UPPERBODY",), ())]], [[written[2]]], "en")
    assert (nobody["HEAD"].found, nobody["UPPERBODY"].confirmed) == (0, 0)


def test_numerals_and_classifiers_in_front_do_not_count_in_vietnamese():
    caption = "một chiếc áo len tím"
    parts = compare_with_truth(
        [caption], [[FoundPhrase(10, 20, ("UPPERBODY",), ())]], [[TruePhrase(0, 20, "UPPERBODY")]], "vi"
    )
    assert parts["UPPERBODY"].exact == parts["UPPERBODY"].confirmed_exact == 1


def test_the_truth_of_a_synthetic_dataset_is_read_where_it_names_phrases(spec, tmp_path):
    truth = tmp_path / "t.json"
    phrases = truth_of(CAPTION, ("Black hat", "HEAD"), ("a grey backpack", "OTHERS"), ("white sneakers", "SHOES"))
    truth.write_text(json.dumps({"a.jpg": {"phrases": [phrases]}}), encoding="utf-8")
    truly = counts(spec.model_copy(update={"truth": str(truth)}), tmp_path / "c.json")["truth"]
    known = truly["parts"]
    assert (truly["source"], truly["captions"]) == ("written", 1)
    assert (known["Overall"]["true"], known["Overall"]["exact"], known["Overall"]["extracted"]) == (3, 3, 6)
    assert (known["Overall"]["right"], known["Overall"]["right_printed"]) == (3, 1)
    truth.write_text(json.dumps({"a.jpg": {"facts": [[]]}}), encoding="utf-8")
    unknown = counts(spec.model_copy(update={"truth": str(truth)}), tmp_path / "c.json")
    assert (unknown["truth"], "generator keeps none" in unknown["note"]) == (None, True)
    phrases[0]["text"] = "Other hat"
    truth.write_text(json.dumps({"a.jpg": {"phrases": [phrases]}}), encoding="utf-8")
    with pytest.raises(UserError, match=r"t\.json: its phrases are not where it says"):
        make_coverage(spec.model_copy(update={"truth": str(truth)}), tmp_path / "c.json")
    truth.write_text(json.dumps({"b.jpg": {"phrases": []}}), encoding="utf-8")
    with pytest.raises(UserError, match=r"t\.json: not the truth of these captions"):
        make_coverage(spec.model_copy(update={"truth": str(truth)}), tmp_path / "c.json")


@pytest.fixture
def known(spec: CoverageSpec, tmp_path: Path) -> CoverageSpec:
    """Four true phrases: one covered, one found that only the repaired lists know, one not found, one of no part."""
    phrases = truth_of(CAPTION, ("Black hat", "HEAD"), ("red shirt", "UPPERBODY"), ("and", "SHOES"), ("blue", None))
    truth = tmp_path / "t.json"
    truth.write_text(json.dumps({"a.jpg": {"phrases": [phrases]}}), encoding="utf-8")
    return spec.model_copy(update={"truth": str(truth)})


def filled(spec: CoverageSpec, tmp_path: Path, **changes: object) -> TableSpec:
    counts(spec, tmp_path / "c.json")
    parts = [{"label": part, "part": part, "metrics": (str(tmp_path / "c.json"),), "note": ""} for part in FOUND]
    return table_spec(2, dict(enumerate(parts)), **changes)


def test_table_2_divides_by_the_true_phrases_and_shows_no_difference_of_counts(known, tmp_path):
    spec = filled(known, tmp_path)
    make_table(spec, tmp_path / "table2.csv", tmp_path / "table2.tex")
    rows = read_csv(tmp_path / "table2.csv")
    assert [row["true_phrases"] for row in rows] == ["1", "1", "0", "1", "0", "3"]
    assert [row["covered"] for row in rows] == ["0", "1", "0", "0", "0", "1"]
    assert [row["coverage"] for row in rows] == ["0.00", "100.00", "", "0.00", "", "33.33"]
    overall = rows[-1]
    assert (overall["coverage_lo"], overall["coverage_hi"]) == tuple(map(half_up, wilson(1, 3)))
    assert (overall["coverage_paper"], overall["coverage_delta"]) == ("83.3", "-49.97")
    assert (overall["phrases"], overall["relative_coverage"]) == ("6", "50.00")
    assert overall["denominator"] == "written phrases"
    assert (overall["total_nps_paper"], overall["matched_paper"], overall["status"]) == ("1433", "1194", "reproduced")
    assert [name for name in overall if name.endswith("_delta")] == ["coverage_delta"]
    for shown in ((tmp_path / "table2.csv").read_text("utf-8"), (tmp_path / "table2.tex").read_text("utf-8")):
        assert not {"1430", "1427", "1193", "-1430", "-1427", "-1193"} & set(re.findall(r"-?\d+", shown))
    lines = compare(tmp_path / "table2.csv", PAPER / "table02.csv")
    assert {line.split(",")[1].partition(":")[0] for line in lines if line.startswith("row ")} == {" coverage"}
    terminal = render_terminal(tmp_path / "table2.csv")
    assert "relative coverage" in terminal
    assert "written phrases" in terminal


def test_the_latex_of_table_2_says_what_its_shares_are_of_and_marks_no_winner(known, tmp_path):
    spec = filled(known, tmp_path)
    tex = render_latex(table(spec), spec, "results/table2.tex")
    assert "share of the true phrases (here: written phrases)" in tex
    assert "Relative coverage: share of the found phrases" in tex
    assert "bfseries" not in tex
    assert "underline" not in tex
    hidden = filled(known, tmp_path, show_paper_values=False)
    assert not {"1433", "83.3"} & set(re.findall(r"[\d.]+", render_latex(table(hidden), hidden, "t.tex")))


def test_table_2_without_the_true_phrases_has_no_coverage_and_says_why(spec, tmp_path):
    made = filled(spec, tmp_path)
    frame = table(made)
    assert {*frame["coverage"], *frame["true_phrases"], *frame["coverage_delta"], *frame["denominator"]} == {""}
    assert list(frame["relative_coverage"]) == ["0.00", "100.00", "100.00", "100.00", "0.00", "50.00"]
    assert set(frame["note"]) == {f"synthetic people; {UNLABELLED}"}
    tex = render_latex(frame, made, "results/table2.tex")
    assert "Coverage: none, true phrases unknown: label a sample" in tex
    assert "Relative coverage" in tex


def test_the_file_of_counts_has_a_row_per_part_and_leaves_unknown_truth_empty(spec, known, tmp_path):
    rows = []
    for number, one in enumerate((spec, known)):
        counts(one, tmp_path / f"{number}.json")
        row = PhraseRow(dataset="d", label="D", language="en", coverage=str(tmp_path / f"{number}.json"))
        make_phrase_counts(PhraseCountsSpec(profile="demo", data_note="drawn", rows=(row,)), tmp_path / "p.csv")
        rows.append(read_csv(tmp_path / "p.csv"))
    assert [row["region"] for row in rows[0]][-3:] == ["Overall", "no part", "All"]
    overall = rows[0][5]
    assert (overall["phrases"], overall["matched"], overall["relative_coverage"]) == ("6", "3", "50.00")
    assert {row["true_phrases"] + row["coverage"] + row["recall"] + row["precision"] for row in rows[0]} == {""}
    assert {row["note"] for row in rows[0]} == {f"drawn; {UNLABELLED}"}
    overall, nowhere, everything = rows[1][5:]
    assert (overall["true_phrases"], overall["covered"], overall["coverage"]) == ("3", "1", "33.33")
    assert (overall["region_right"], overall["accuracy"]) == ("2", "66.67")
    assert (nowhere["true_phrases"], nowhere["coverage"], everything["true_phrases"]) == ("1", "", "4")
    assert overall["note"] == "drawn"


def test_table_2_counts_the_phrases_of_its_dataset_whatever_lists_the_training_uses():
    demo, other = planned(), planned({"phrases": {"lexicon": "paper"}})
    assert set(demo.jobs["coverage"]) == {"cuhk_en", "cuhk_vi", "vn3k", "v2e"}
    assert other.jobs["coverage"] == demo.jobs["coverage"]
    assert other.jobs["phrases"] != demo.jobs["phrases"]
    assert demo.jobs["table"]["2"].inputs == ("paper/reported/table02.csv", "results/coverage/vn3k.json")
    assert demo.jobs["coverage"]["vn3k"].spec.truth == "results/data/vn3k/truth.json"
    sheet = planned({"datasets": {"vn3k": {"labelled_phrases": "labels.csv"}}}).jobs["coverage"]["vn3k"]
    assert (sheet.spec.truth, sheet.spec.labels) == (None, "labels.csv")
    assert sheet.inputs == ("results/manifests/vn3k.jsonl", "labels.csv")
    real = planned({"datasets": {"vn3k": {"root": "data/vn3k"}}}).jobs["coverage"]["vn3k"]
    assert (real.spec.truth, real.inputs) == (None, ("results/manifests/vn3k.jsonl",))
    rows = planned({"datasets": {"vn3k": {"synthetic": None}}}).jobs["table"]["2"].spec.rows
    assert {row.note for row in rows} == {"no data: datasets.vn3k has neither root nor synthetic nor translated"}
    rows = planned({"datasets": {"vn3k": {"label": "Other"}}}).jobs["table"]["2"].spec.rows
    assert {row.note for row in rows} == {"no dataset is labelled 3000VnPerson-Search"}
