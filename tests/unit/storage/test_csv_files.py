"""What comes back from a spreadsheet is read whole or refused, whichever command reads it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.pedes import write_entries

from glalign.data.translations import export_captions, fill
from glalign.evaluation.judging import read_judged
from glalign.planning.printed_tables import COLUMNS, read_published, read_reported
from glalign.storage.csv_files import parse_csv, read_rows, read_sheet, write_new_csv
from glalign.storage.whole_files import read_text
from glalign.support.checkout import ROOT
from glalign.support.errors import UserError

HEADER = "image,index,text,source_judge,source_kind,target_judge,target_kind\n"
REST = "right,,right,\n"


@pytest.fixture(params=["fill", "judge"])
def read(request: pytest.FixtureRequest, pedes: Path, tmp_path: Path) -> Callable[[Path], object]:
    """The two commands that read what a person edited."""
    return {"fill": lambda path: fill(pedes, path, tmp_path / "vn"), "judge": lambda path: read_judged([path])}[
        request.param
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"{HEADER}a.jpg,0,one, two,{REST}", r":2: 8 fields, more than the header's 7; quote"),
        (f"{HEADER}a.jpg,0,one,{REST}a.jpg,1,tw", r":3: 3 fields, fewer than the header's 7; no CSV, or cut off"),
        (f'{HEADER}a.jpg,0,"one,{REST}a.jpg,1,two,{REST}', r":3: not CSV \(unexpected end of data\)"),
        (f"{HEADER}a.jpg,0," + "x" * 200_000 + f",{REST}", r":2: not CSV \(field larger"),
        (f"index,{HEADER}", r": column index is twice in the header"),
        (HEADER.title(), r": no column image in the header 'Image,Index,Text,Source_Judge,.*'; write 'image,index,"),
        (HEADER.replace(",", "|"), r": no column image in the header 'image\|index"),
        ("", r": no column image in the header ''"),
        (HEADER.encode("utf-16"), r": not UTF-8 text \(byte 0\); save it as UTF-8"),
        (None, r": no such file; make it with `glalign translation "),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) and value.startswith((":", r"\d")) else "",
)
def test_files_that_are_not_whole_are_refused(
    read: Callable[[Path], object], tmp_path: Path, content: str | bytes | None, message: str
) -> None:
    file = tmp_path / "t.csv"
    if content is not None:
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(UserError, match=r"t\.csv" + message):
        read(file)


@pytest.mark.parametrize(("mark", "separator", "end"), [("\ufeff", ",", "\n"), ("", ";", "\r\n"), ("", "\t", "\n")])
def test_what_spreadsheets_write_is_read(tmp_path: Path, mark: str, separator: str, end: str) -> None:
    rows = [("name", "text"), ("a", '"x, y; z"'), ("", ""), ("b", '"two\nlines"')]
    text = mark + end.join(separator.join(row) if any(row) else "" for row in rows) + end
    (tmp_path / "t.csv").write_text(text, encoding="utf-8", newline="")
    header, found = parse_csv("t.csv", read_text(tmp_path / "t.csv", "x"))
    assert header == ["name", "text"]
    assert found == [(2, {"name": "a", "text": "x, y; z"}), (5, {"name": "b", "text": "two\nlines"})]


def test_a_sheet_reads_back_and_is_never_overwritten(tmp_path: Path) -> None:
    write_new_csv(tmp_path / "t.csv", ("a", "b"), [(1, "áo, đỏ")])
    assert (tmp_path / "t.csv").read_bytes().startswith(b"\xef\xbb\xbfa,b\n")
    assert parse_csv("t.csv", read_text(tmp_path / "t.csv", "x"))[1] == [(2, {"a": "1", "b": "áo, đỏ"})]
    with pytest.raises(UserError, match=r"t\.csv: is there already"):
        write_new_csv(tmp_path / "t.csv", ("a", "b"), [])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\n1\n", "no column b in the header 'a'"),
        ("a\tb\tb\n", "column b is twice in the header"),
        ("a\tb\n1\t2\n3\n", ":3: 1 fields, fewer than the header's 2"),
        ("a\tb\n1\t2\t3\n", ":2: 3 fields, more than the header's 2"),
        (None, "no such file"),
    ],
)
def test_every_error_of_a_shipped_file_ends_with_its_remedy(tmp_path: Path, content: str | None, message: str) -> None:
    file = tmp_path / "t.tsv"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=rf"t\.tsv.*{message}; restore it$"):
        read_rows(file, columns=("a", "b"), delimiter="\t", remedy="restore it")


def test_rows_are_dictionaries_of_the_header(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("a\tb\n1\t2;3\n", encoding="utf-8")
    assert read_rows(tmp_path / "t.tsv", delimiter="\t") == [{"a": "1", "b": "2;3"}]


FORMULAS = ['=HYPERLINK("http://a/?"&A1,"a man")', "+1+1", "-1+1", "@SUM(A1)", "'=1", "''@x", "\t=1", "＝1+1"]


def test_no_text_becomes_a_formula_of_a_spreadsheet_and_all_come_back(tmp_path: Path) -> None:
    texts = [*FORMULAS, "a man", "'quoted'", "", "5 = 5"]
    write_new_csv(tmp_path / "t.csv", ("index", "text"), [(-1, text) for text in texts])
    plain = parse_csv("t.csv", read_text(tmp_path / "t.csv"), delimiter=",")[1]
    assert not [row["text"] for _, row in plain if row["text"][:1] in tuple("=+-@\t\r\n＝＋－＠") and row["text"]]
    assert [row["text"] for _, row in read_sheet(tmp_path / "t.csv", "", ("text",))] == texts
    assert plain[0][1]["index"] == "-1"  # our own numbers stay numbers


def test_an_exported_formula_is_filled_in_again_as_a_text(pedes: Path, tmp_path: Path) -> None:
    entries = json.loads((pedes / "reid_raw.json").read_text(encoding="utf-8"))
    entries[0]["captions"][0] = FORMULAS[0]
    write_entries(pedes, entries)
    export_captions(pedes, tmp_path / "t.csv")
    text = (tmp_path / "t.csv").read_text(encoding="utf-8")
    assert "'=HYPERLINK" in text and ',"=' not in text and ",=" not in text
    (tmp_path / "t.csv").write_text(text.replace("A person", "Một người").replace("Wearing", "Mặc"), encoding="utf-8")
    fill(pedes, tmp_path / "t.csv", tmp_path / "vn")
    filled = json.loads((tmp_path / "vn" / "reid_raw_vn.json").read_text(encoding="utf-8"))
    assert filled[0]["captions"][0] == FORMULAS[0]


@pytest.mark.parametrize(("table", "column"), [(table, column) for table, own in COLUMNS.items() for column in own])
def test_a_printed_table_that_lacks_a_column_is_named(tmp_path: Path, table: int, column: str) -> None:
    shutil.copytree(ROOT / "paper" / "reported", tmp_path / "reported")
    file = tmp_path / "reported" / f"table{table:02}.csv"
    header, rest = file.read_text(encoding="utf-8").split("\n", 1)
    names = ["other" if name == column else name for name in header.split(",")]
    file.write_text("\n".join([",".join(names), rest]), encoding="utf-8")
    with pytest.raises(UserError, match=rf"table{table:02}\.csv: no column {column} in the header .*; restore it"):
        read_reported(tmp_path / "reported")


def test_published_parameters_that_lack_a_column_are_named(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("system,identities,words,source,note\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"p\.csv: no column published in the header"):
        read_published(tmp_path / "p.csv")
