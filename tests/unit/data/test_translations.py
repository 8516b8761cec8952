"""A translation goes out and comes back whole, or not at all."""

import csv
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers.pedes import read_pedes

from glalign.cli.main import main
from glalign.contract.formats import dataset_release
from glalign.data.reader import read_release
from glalign.data.translations import COLUMNS, export_captions, fill
from glalign.data.verify import verify
from glalign.support.errors import UserError

SPLITS = {"train": "train", "val": "val", "test": "test"}
Rows = list[dict[str, str]]


@pytest.fixture
def exported(pedes: Path, tmp_path: Path) -> Path:
    assert export_captions(pedes, tmp_path / "captions.csv") == 36
    return tmp_path / "captions.csv"


@pytest.fixture
def translated(exported: Path) -> Callable[[Callable[[Rows], object]], Path]:
    """The exported file with every text translated, then changed; semicolons, as some spreadsheets save them."""

    def change(function: Callable[[Rows], object]) -> Path:
        with exported.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            row["text"] = f"Người; {row['text']}"
        function(rows)
        with exported.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, delimiter=";")
            writer.writeheader()
            writer.writerows(rows)
        return exported

    return change


def test_a_translation_has_the_sources_people_and_pictures(pedes: Path, translated: Callable, tmp_path: Path) -> None:
    out = tmp_path / "vn"
    file = translated(lambda rows: rows.reverse())
    assert fill(pedes, file, out) == ("cuhk_pedes_vn", 36)
    assert {path.name for path in out.iterdir()} == {"reid_raw_vn.json", "imgs"}
    assert (out / "imgs").is_symlink() and not (out / "imgs").readlink().is_absolute()
    source = read_pedes(pedes, SPLITS)
    found = read_release(dataset_release({"format": "cuhk_pedes_vn", "root": str(out), "splits": SPLITS}), SPLITS)
    for ours, theirs in zip(found, source, strict=True):
        assert (ours.image, ours.person, ours.split) == (theirs.image, theirs.person, theirs.split)
        assert ours.captions == tuple(f"Người; {caption}" for caption in theirs.captions)
    assert verify(out, "cuhk_pedes_vn")["ok"]
    with pytest.raises(UserError, match=r"reid_raw_vn\.json: is there already"):
        fill(pedes, file, out)
    with pytest.raises(UserError, match=r"captions\.csv: is there already"):
        export_captions(pedes, file)


def left(count: int) -> Callable[[Rows], object]:
    return lambda rows: [row.update(text=f" {row['text'].removeprefix('Người; ')} ") for row in rows[:count]]


def test_a_few_captions_may_be_the_same_in_both_languages(pedes: Path, translated: Callable, tmp_path: Path) -> None:
    assert fill(pedes, translated(left(18)), tmp_path / "vn") == ("cuhk_pedes_vn", 36)


def test_json_lines_do_as_well(pedes: Path, translated: Callable, tmp_path: Path) -> None:
    with translated(lambda _: None).open(encoding="utf-8", newline="") as file:
        rows = [{**row, "index": int(row["index"])} for row in csv.DictReader(file, delimiter=";")]
    lines = tmp_path / "t.jsonl"
    lines.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    fill(pedes, lines, tmp_path / "vn")
    assert len(json.loads((tmp_path / "vn" / "reid_raw_vn.json").read_text(encoding="utf-8"))) == 18
    lines.write_text(lines.read_text(encoding="utf-8")[:-5], encoding="utf-8")
    with pytest.raises(UserError, match=r"t\.jsonl:36: not valid JSON at line 1 column "):
        fill(pedes, lines, tmp_path / "other")


def test_vietnamese_becomes_english_in_the_dialect_of_v2e(pedes: Path, translated: Callable, tmp_path: Path) -> None:
    file = translated(lambda _: None)
    (pedes / "reid_raw.json").rename(pedes / "vn3k.json")
    (pedes / "imgs").rename(pedes / "images")
    assert fill(pedes, file, tmp_path / "v2e") == ("v2e", 36)
    assert verify(tmp_path / "v2e", "v2e")["ok"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.pop(0), r"1 missing \(Market/.* caption 0\)"),
        (lambda rows: rows.__delitem__(slice(0, 4)), r"4 missing \(.* caption 0, .*, \.\.\.\)"),
        (lambda rows: rows.append({**rows[0], "index": "7"}), r"1 unknown \(.* caption 7\)"),
        (lambda rows: rows.append(rows[3]), r"1 double \(.* caption 1\)"),
        (lambda rows: rows[2].update(text=" ... "), r"1 empty \(.* caption 0\)"),
        (
            left(19),
            r"s\.csv: 19 of 36 captions are not translated, but the source's own \(Market/0001_0.jpg caption 0\)",
        ),
        (lambda rows: rows[2].update(index="two"), r"captions\.csv:4: wants image, index, text.*'two'"),
    ],
)
def test_wrong_translations_are_named_and_nothing_is_written(
    pedes: Path, translated: Callable, tmp_path: Path, change: Callable[[Rows], object], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        fill(pedes, translated(change), tmp_path / "vn")
    assert not (tmp_path / "vn").exists()


def test_folders_in_the_way_and_foreign_sources_are_named(pedes: Path, translated: Callable, tmp_path: Path) -> None:
    file = translated(lambda _: None)
    (tmp_path / "vn" / "imgs").mkdir(parents=True)
    with pytest.raises(UserError, match=r"imgs: is there already and is not"):
        fill(pedes, file, tmp_path / "vn")
    assert [path.name for path in (tmp_path / "vn").iterdir()] == ["imgs"]
    with pytest.raises(UserError, match=r"no release that has a translation; it holds one of reid_raw\.json, "):
        fill(tmp_path, file, tmp_path / "new")


def test_the_commands_say_what_comes_next(pedes: Path, tmp_path: Path) -> None:
    source, file, folder = tmp_path / "the source", tmp_path / "c d.csv", tmp_path / "v n"
    pedes.rename(source)

    def said(*words: str | Path) -> list[str]:
        """The words of the command that the output names."""
        done = CliRunner().invoke(main, [str(word) for word in words])
        assert done.exit_code == 0
        return shlex.split(done.output.split("`")[-2]) if "`" in done.output else []

    after = said("translation", "export", source, "--out", file)
    assert after == ["glalign", "translation", "fill", str(source), str(file), "--out", "FOLDER"]
    file.write_text(re.sub(r",(\d),(\"?)", r",\1,\2Người ", file.read_text(encoding="utf-8")), encoding="utf-8")
    after = said(*after[1:-1], folder)
    assert after == ["glalign", "data", "verify", "cuhk_pedes_vn", str(folder)]
    said(*after[1:])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("image,index,text\na.jpg,0,o\0ne\n", r":2: `text` holds a NUL"),
        ('{"image": "a.jpg", "index": 0, "text": 5}\n', r":1: `text` is int, not a string"),
        ('{"image": "a.jpg", "index": 0, "text": ["one"]}\n', r":1: `text` is list, not a string"),
        ('{"image": "a.jpg", "index": 0, "text": "\\ud800"}\n', r":1: `text` holds a NUL or half a character"),
        ('{"image": ' + "[" * 100_000 + "\n", r":1: JSON that cannot be read"),
        ('[{"image": "a.jpg", "index": 0, "text": "one"}]\n', r": JSON lines are wanted, not an array"),
        (None, r": cannot be read \(Is a directory\)"),
    ],
)
def test_files_of_translations_that_cannot_be_taken(
    pedes: Path, tmp_path: Path, content: str | None, message: str
) -> None:
    file = tmp_path / "t.csv"
    file.mkdir() if content is None else file.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"t\.csv" + message):
        fill(pedes, file, tmp_path / "vn")
    assert not (tmp_path / "vn").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["export", "{pedes}", "--out", "{file}/x.csv"], "x.csv: cannot be written (File exists: "),
        (["fill", "{pedes}", "{captions}", "--out", "{file}"], "file: cannot be made a folder"),
        (["fill", "{pedes}", "{captions}", "--out", "{file}/vn"], "vn: cannot be made a folder"),
        (["fill", "{pedes}", "{pedes}", "--out", "{file}.vn"], "pedes: cannot be read (Is a directory)"),
        (["judge", "{pedes}"], "pedes: cannot be read (Is a directory)"),
    ],
)
def test_paths_of_the_wrong_kind_are_one_line(
    pedes: Path, translated: Callable, tmp_path: Path, words: list[str], message: str
) -> None:
    captions, file = translated(lambda _: None), tmp_path / "file"
    file.write_text("kept", encoding="utf-8")
    before = sorted(tmp_path.iterdir())
    filled = [word.format(pedes=pedes, captions=captions, file=file) for word in words]
    done = CliRunner().invoke(main, ["translation", *filled])
    assert done.exit_code == 1 and message in done.output and len(done.output.splitlines()) == 1
    assert sorted(tmp_path.iterdir()) == before and file.read_text(encoding="utf-8") == "kept"
