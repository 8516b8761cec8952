"""Translations of real captions: a sample for two people to judge, their rates, and how far they agree."""

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers.described_manifests import write_described
from helpers.tables import read_csv

from glalign.cli.main import main
from glalign.config.loading import overlaid
from glalign.contract.records import Record, read_manifest, write_manifest
from glalign.contract.specs.data import PhrasesSpec
from glalign.evaluation.judging import describe, pairs_needed, read_judged
from glalign.evaluation.judging_sheet import COLUMNS, write_sample
from glalign.evaluation.metrics import wilson
from glalign.evaluation.samples import image_folder
from glalign.support.errors import UserError

Pair = tuple[PhrasesSpec, PhrasesSpec]
RULES = {"chunker": "words", "match": "words", "several": "nearest"}


@pytest.fixture
def manifests(tmp_path: Path) -> Pair:
    """Twenty persons with two images of two captions each, in English and Vietnamese."""
    (tmp_path / "imgs").mkdir()
    rules = []
    for language, text in (("en", "person {}, a red coat"), ("vi", "người {}, áo đỏ")):
        records = [
            Record(f"{k}_{n}.jpg", k, "test", (f"{text.format(k)}, {n} a", f"{text.format(k)}, {n} b"))
            for k in range(20)
            for n in range(2)
        ]
        write_described(tmp_path / f"{language}.jsonl", records, language)
        rules.append(PhrasesSpec(manifest=str(tmp_path / f"{language}.jsonl"), language=language, **RULES))
    (tmp_path / "imgs" / "0_0.jpg").touch()
    return rules[0], rules[1]


def test_a_sample_is_seeded_joined_of_one_caption_per_person_and_never_overwritten(manifests, tmp_path):
    assert write_sample(*manifests, tmp_path / "imgs", tmp_path / "s.csv", 10, 0) == 10
    rows = read_csv(tmp_path / "s.csv")
    assert tuple(rows[0]) == COLUMNS
    assert all(row["source"].split(",")[0].replace("person", "người") == row["target"].split(",")[0] for row in rows)
    assert len({row["image"].partition("_")[0] for row in rows}) == 10
    assert {(row["source_phrases"], row["target_phrases"]) for row in rows} == {
        ("red coat [UPPERBODY]", "áo đỏ [UPPERBODY]")
    }
    assert {row["picture"] for row in rows} == {(tmp_path / "imgs" / row["image"]).as_posix() for row in rows}
    assert {row[name] for row in rows for name in COLUMNS if name.endswith(("judge", "kind", "comment"))} == {""}
    write_sample(*manifests, tmp_path / "imgs", tmp_path / "again.csv", 10, 0)
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "s.csv").read_bytes()
    write_sample(*manifests, tmp_path / "imgs", tmp_path / "other.csv", 10, 1)
    assert read_csv(tmp_path / "other.csv") != rows
    assert write_sample(*manifests, tmp_path / "imgs", tmp_path / "all.csv", 200, 0) == 20
    assert {(row["image"][-5], row["index"]) for row in read_csv(tmp_path / "all.csv")} == {
        (image, index) for image in "01" for index in "01"
    }
    with pytest.raises(UserError, match=r"s\.csv: is there already"):
        write_sample(*manifests, tmp_path / "imgs", tmp_path / "s.csv", 10, 0)


def test_pictures_that_are_elsewhere_are_told(manifests, tmp_path):
    (tmp_path / "imgs").rename(tmp_path / "photos")
    with pytest.raises(UserError, match=r"imgs: no image 0_0\.jpg, which .*en\.jsonl has; name their folder with --im"):
        write_sample(*manifests, tmp_path / "imgs", tmp_path / "s.csv", 10, 0)
    write_sample(*manifests, tmp_path / "photos", tmp_path / "s.csv", 1, 0)
    assert "/photos/" in read_csv(tmp_path / "s.csv")[0]["picture"]


def test_manifests_that_do_not_share_their_captions_are_refused(manifests, tmp_path):
    source, target = manifests
    few = read_manifest(target.manifest)[:3]
    write_manifest(target.manifest, [*few, Record(few[0].image[:-4] + "x.jpg", 0, "test", ("áo",))])
    with pytest.raises(UserError, match=r"vi\.jsonl: no caption 0 of 1_1\.jpg, which .*en\.jsonl has"):
        write_sample(source, target, tmp_path / "imgs", tmp_path / "s.csv", 10, 0)
    write_manifest(source.manifest, read_manifest(source.manifest)[:3])
    with pytest.raises(UserError, match=r"en\.jsonl: no caption 0 of 0_0x\.jpg, which .*vi\.jsonl has"):
        write_sample(source, target, tmp_path / "imgs", tmp_path / "s.csv", 10, 0)


def judged(path: Path, target: list[str], source: list[str] | None = None, separator: str = ",") -> Path:
    """A sheet with these answers, each a verdict and perhaps kinds after a colon."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, delimiter=separator, restval="")
        writer.writeheader()
        for k, answers in enumerate(zip(target, source or ["right"] * len(target), strict=True)):
            row = {"image": f"{k}.jpg", "index": "1"}
            for side, answer in zip(("target", "source"), answers, strict=True):
                row[f"{side}_judge"], _, row[f"{side}_kind"] = answer.partition(":")
            writer.writerow(row)
    return path


def test_a_judged_sample_is_counted_and_what_is_unclear_is_named(tmp_path):
    sheet = judged(
        tmp_path / "j.csv",
        ["right", " Wrong:Vague, meaning", "", "wrog", "wrong", "wrong:vage", "right:region", "wrong:region"],
        ["right", "right", "right", "right", "", "right", "right", "wrong:region"],
    )
    found = read_judged([sheet])
    (rates,) = found["judges"]
    assert (found["pairs"], found["agreement"]) == (8, None)
    assert {name: rates["target"][name] for name in ("judged", "wrong", "percent")} == {
        "judged": 5, "wrong": 4, "percent": 80.0,
    }  # fmt: skip
    assert rates["target"]["interval"] == wilson(4, 5)
    assert rates["target"]["kinds"] == {"meaning": 1, "vague": 1, "region": 1}
    assert (rates["source"]["judged"], rates["source"]["wrong"]) == (7, 1)
    assert (rates["target_alone"]["judged"], rates["target_alone"]["wrong"]) == (4, 2)
    assert [line.removeprefix(f"{sheet}:") for line in found["open"]] == [
        "4: caption 1 of 2.jpg, target: not judged",
        "5: caption 1 of 3.jpg, target: 'wrog' is neither right nor wrong",
        "6: caption 1 of 4.jpg, source: not judged",
        "6: caption 1 of 4.jpg, target: wrong, but of no kind; write meaning, vague, region, missed, picture or other",
        "7: caption 1 of 5.jpg, target: no kind 'vage'; did you mean 'vague'?",
        "8: caption 1 of 6.jpg, target: right, but of the kind 'region'; clear one",
    ]
    assert describe(found).splitlines()[-6:] == found["open"]


def test_a_sheet_with_control_characters_is_described_in_printable_lines(tmp_path: Path) -> None:
    text = describe(read_judged([judged(tmp_path / "j\x1b.csv", ["right", ""])]))
    assert "j\\x1b.csv:3: caption 1 of 1.jpg, target: not judged" in text
    assert all(line.isprintable() for line in text.split("\n"))


def test_two_judges_are_counted_one_by_one_and_their_agreement_by_cohens_kappa(tmp_path):
    """Kappa by hand: 15 of 20 agree; by chance (10 * 11 + 10 * 9) / 400 = .5; (.75 - .5) / (1 - .5) = .5."""
    wrong, right = "wrong:vague", "right"
    first = judged(tmp_path / "a.csv", [wrong] * 8 + [right] * 7 + [wrong] * 2 + [right] * 3, separator=";")
    second = judged(tmp_path / "b.csv", [wrong] * 8 + [right] * 7 + [right] * 2 + [wrong] * 3)
    found = read_judged([first, second])
    assert [rates["target"]["percent"] for rates in found["judges"]] == [50.0, 55.0]
    both = found["agreement"]["target"]
    assert (both["judged"], both["same"], both["percent"], both["interval"]) == (20, 15, 75.0, wilson(15, 20))
    assert both["kappa"] == pytest.approx(0.5)
    low, high = both["kappa_interval"]
    assert low < 0.5 < high
    assert (found["agreement"]["source"]["kappa"], found["agreement"]["source"]["same"]) == (None, 20)
    lines = describe(found).splitlines()
    assert lines[0].startswith(f"{first}: target: 10 of 20 judged pairs are wrong: 50.00 % (95 %: ")
    assert lines[0].endswith("; vague 10")
    assert f"{first}: +-3 points at this rate of the target need 1068 pairs" in lines
    assert lines[-2] == (
        "agreement on the source: the same answer on 20 of 20 pairs: 100.00 % (95 %: 83.89 to 100.00); "
        "Cohen's kappa undefined, both gave one answer only"
    )
    assert lines[-1].startswith("agreement on the target: the same answer on 15 of 20 pairs: 75.00 %")
    assert "; Cohen's kappa 0.50 (95 %: " in lines[-1]
    assert found["open"] == []


def test_sheets_that_do_not_suit_each_other_are_refused(tmp_path):
    one, other = judged(tmp_path / "a.csv", ["right"] * 2), judged(tmp_path / "b.csv", ["right"] * 3)
    for pair in ([one, other], [other, one]):
        with pytest.raises(UserError, match=r"a\.csv: no caption 1 of 2\.jpg, which .*b\.csv has; give two copies"):
            read_judged(pair)
    with pytest.raises(UserError, match="3 sheets: give that of one judge, or those of two"):
        read_judged([one, one, one])
    with pytest.raises(UserError, match=r"a\.csv: no row is judged; write right or wrong into the columns `source_jud"):
        read_judged([judged(one, ["", ""], ["", ""])])


@pytest.mark.parametrize("verdict", ["right", "wrong:vague", ""])
def test_a_pair_that_is_there_twice_is_refused(tmp_path, verdict):
    path = judged(tmp_path / "j.csv", ["wrong:vague", "right", "right", verdict])
    path.write_text(path.read_text(encoding="utf-8").replace("3.jpg,1,", "1.jpg, 1,"), encoding="utf-8")
    with pytest.raises(UserError, match=r"j\.csv: caption 1 of 1\.jpg occurs twice, on lines 3 and 5; remove one"):
        read_judged([path])


def test_the_size_of_a_sample_follows_from_the_rate():
    assert pairs_needed(0.185) == 644  # 1.96^2 * .185 * .815 / .03^2 = 643.6
    assert (pairs_needed(0.0), pairs_needed(1.0)) == (0, 0)


def test_the_command_line_writes_and_reads_a_sample(manifests, tmp_path):
    run, out = CliRunner().invoke, tmp_path / "the s.csv"
    files, images = [rules.manifest for rules in manifests], str(tmp_path / "imgs")
    said = run(
        main, ["translation", "sample", *files, "--out", str(out), "--pairs", "4", "--seed", "3", "--images", images]
    )
    assert (said.exit_code, "4 pairs" in said.output, f"judge '{out}' SECOND`" in said.output) == (0, True, True)
    assert "+-3 points at the paper's rate of 18.50 % need 644 pairs" in said.output
    rows = read_csv(out)

    def fill(answers: list[str], path: Path) -> Path:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            for row, answer in zip(rows, answers, strict=True):
                verdict, _, kind = answer.partition(":")
                writer.writerow(row | {"target_judge": verdict, "target_kind": kind, "source_judge": "right"})
        return path

    fill(["right", "right", "wrong:vague", ""], out)
    said = run(main, ["translation", "judge", str(out), "--out", str(tmp_path / "j.json")])
    assert (said.exit_code, ":5: caption" in said.output, "not judged" in said.output) == (1, True, True)
    kept = json.loads((tmp_path / "j.json").read_text(encoding="utf-8"))
    assert kept["judges"][0]["target"]["judged"] == 3
    fill(["right", "right", "wrong:vague", "right"], out)
    second = fill(["right", "wrong:region", "wrong:vague", "right"], tmp_path / "second.csv")
    said = run(main, ["translation", "judge", str(out), str(second)])
    assert (said.exit_code, "Cohen's kappa 0.50" in said.output) == (0, True), said.output


def test_the_pictures_of_a_dataset_are_those_of_the_configuration(tmp_path):
    config = overlaid(root=Path(__file__).parents[3])
    for dataset in ("cuhk_en", "cuhk_vi"):  # the translation shows the pictures of its source
        manifest = write_described(tmp_path / f"{dataset}.jsonl", [Record("a.jpg", 1, "test", ("red",))], "en")
        assert image_folder(manifest, config).as_posix() == "results/data/cuhk_en/imgs"
    other = write_described(tmp_path / "mine.jsonl", [Record("a.jpg", 1, "test", ("red",))], "en")
    with pytest.raises(UserError, match=r"mine\.jsonl: the configuration has no images of mine; name .* with --images"):
        image_folder(other, config)
