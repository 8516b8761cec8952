"""A sheet of noun phrases: sampled, labelled by a person, read back as the truth of coverage."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers.described_manifests import write_described
from helpers.tables import read_csv

from glalign.cli.main import main
from glalign.contract.records import Record, captions_by_key, read_manifest
from glalign.contract.specs.data import CoverageSpec, PhrasesSpec
from glalign.evaluation.coverage import make_coverage
from glalign.evaluation.phrase_labels import COLUMNS, PhraseLabels, describe_labels, read_labels, write_label_sheet
from glalign.evaluation.phrase_truth import TruePhrase
from glalign.support.errors import UserError

CAPTION = "A man, red shirt, black shoes and white shoes"
OTHER = "A woman walks"
RULES = {"language": "en", "chunker": "words", "match": "words", "several": "nearest"}
Line = tuple[str, ...]


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return write_described(tmp_path / "m.jsonl", [Record("a.jpg", 1, "test", (CAPTION, OTHER))], "en")


@pytest.fixture
def read(manifest: Path, tmp_path: Path) -> Callable[..., PhraseLabels]:
    """Reads a sheet of the lines (phrase, at, region), or (index, caption, phrase, at, region)."""

    def make(*lines: Line, separator: str = ",") -> PhraseLabels:
        with (tmp_path / "s.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=separator)
            writer.writerow(COLUMNS)
            writer.writerows(("a.jpg", *(("0", CAPTION) if len(line) == 3 else ()), *line, "") for line in lines)
        return read_labels(tmp_path / "s.csv", captions_by_key(read_manifest(manifest)))

    return make


def test_the_sheet_has_the_found_phrases_without_their_regions_and_rows_for_missed_ones(manifest, tmp_path):
    rules = PhrasesSpec(manifest=str(manifest), **RULES)
    assert write_label_sheet(rules, tmp_path / "s.csv", 10, 0) == 2
    rows = read_csv(tmp_path / "s.csv")
    assert tuple(rows[0]) == COLUMNS
    first = [(row["phrase"], row["at"]) for row in rows if row["index"] == "0"]
    assert first == [("red shirt", "7"), ("black shoes", "18"), ("white shoes", "34"), ("", ""), ("", "")]
    assert [row["phrase"] for row in rows if row["index"] == "1"] == ["", ""]
    assert {row["region"] for row in rows} == {""}
    assert {row["caption"] for row in rows} == {CAPTION, OTHER}
    assert write_label_sheet(rules, tmp_path / "one.csv", 1, 0) == 1
    write_label_sheet(rules, tmp_path / "same.csv", 1, 0)
    assert (tmp_path / "same.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()
    with pytest.raises(UserError, match=r"s\.csv: is there already"):
        write_label_sheet(rules, tmp_path / "s.csv", 10, 0)


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_labelled_sheet_tells_the_true_phrases(read, separator):
    labels = read(
        ("red shirt", "7", "UPPERBODY"),
        ("black shoes", "18", "drop"),
        ("shoes", "24", " shoes "),  # corrected by hand, in lower case
        ("white shoes", "", "SHOES"),
        ("a  man", "7", "none"),  # added; its place is another phrase's, its case another than the caption's
        ("", "", ""),
        ("1", OTHER, "", "", "none"),
        separator=separator,
    )
    assert labels.phrases["a.jpg", 0] == [
        TruePhrase(0, 5, None),
        TruePhrase(7, 16, "UPPERBODY"),
        TruePhrase(24, 29, "SHOES"),
        TruePhrase(34, 45, "SHOES"),
    ]
    assert (labels.sheet, labels.phrases["a.jpg", 1]) == (2, [])
    said = "2 of 2 captions are labelled: 0 HEAD, 1 UPPERBODY, 0 LOWERBODY, 2 SHOES, 0 OTHERS, 1 none"
    assert describe_labels(labels) == said


def test_captions_that_nobody_labelled_yet_are_left_out(read):
    labels = read(("red shirt", "7", "UPPERBODY"), ("1", OTHER, "A woman", "0", ""), ("1", OTHER, "", "", ""))
    assert (labels.sheet, list(labels.phrases)) == (2, [("a.jpg", 0)])


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([("red shirt", "7", "UPERBODY")], r":2: no region 'UPERBODY'; did you mean 'UPPERBODY'\?"),
        ([("red shirt", "7", "")], r": no phrase is labelled; write HEAD, .*, none or drop into the column `region`"),
        ([("A man", "0", "none"), ("red shirt", "7", "")], r":3: 'red shirt' has no region, but others .*; write HEAD"),
        ([("", "", "HEAD")], r":2: HEAD without a phrase; write the phrase"),
        ([("red shrt", "7", "UPPERBODY")], r":2: 'red shrt' is not in 'A man.*'; copy it from there"),
        ([("hoes", "", "SHOES")], r":2: 'hoes' is not in .*, as whole words"),
        ([("shoes", "", "SHOES")], r":2: the caption has 'shoes' 2 times; write 24 or 40 into the column `at`"),
        ([("red shirt", "7", "UPPERBODY")] * 2, r":3: 'red shirt' is on line 2, too; delete one"),
        ([("shoes", "24", "SHOES")] * 2, r":3: 'shoes' is on line 2, too; delete one"),
        ([("2", CAPTION, "red shirt", "7", "HEAD")], r":2: the manifest has no caption '2' of 'a.jpg'; make"),
        ([("x", CAPTION, "red shirt", "7", "HEAD")], r":2: the manifest has no caption 'x' of 'a.jpg'; make"),
        ([("9" * 5000, CAPTION, "red shirt", "7", "HEAD")], r":2: the manifest has no caption '9999"),
        ([("0", OTHER, "A woman", "0", "none")], r":2: the caption is not that of the manifest, .*; restore it"),
    ],
)
def test_what_is_wrong_in_a_sheet_is_named_with_its_row(read, lines: list[Line], message: str):
    with pytest.raises(UserError, match=r"s\.csv" + message):
        read(*lines)


def test_coverage_divides_by_the_labelled_phrases_of_the_labelled_captions(read, manifest, tmp_path):
    read(
        ("red shirt", "7", "UPPERBODY"), ("black shoes", "18", "SHOES"), ("white shoes", "34", "drop"),
        ("A man", "", "HEAD"), ("1", OTHER, "", "", ""),
    )  # fmt: skip
    spec = CoverageSpec(manifest=str(manifest), labels=str(tmp_path / "s.csv"), truth="unread.json", **RULES)
    make_coverage(spec, tmp_path / "c.json")
    found = json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))
    truth = found["truth"]
    assert (truth["source"], truth["captions"], truth["sheet"], found["captions"]) == ("labelled", 1, 2, 2)
    overall = truth["parts"]["Overall"]
    assert (overall["true"], overall["right_printed"], overall["extracted"], overall["confirmed"]) == (3, 2, 3, 2)
    assert found["parts"]["Overall"]["phrases"] == 3


def test_the_command_line_writes_and_checks_a_sheet(manifest, tmp_path):
    run, out = CliRunner().invoke, tmp_path / "the s.csv"
    said = run(main, ["phrases", "sample", str(manifest), "--out", str(out), "--captions", "1", "--seed", "1"])
    assert (said.exit_code, "1 captions" in said.output, f"check '{out}'" in said.output) == (0, True, True)
    said = run(main, ["phrases", "check", str(out), str(manifest)])
    assert said.exit_code == 1
    rows = read_csv(out)
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, delimiter=";")
        writer.writeheader()
        writer.writerows(row | {"region": "none"} for row in rows)
    said = run(main, ["phrases", "check", str(out), str(manifest)])
    assert (said.exit_code, "1 of 1 captions are labelled" in said.output) == (0, True), said.output
    manifest.with_suffix(".json").unlink()
    said = run(main, ["phrases", "sample", str(manifest), "--out", str(tmp_path / "other.csv")])
    assert said.exit_code == 1
