"""Tables are compared row by row, whatever the order of their rows."""

import csv
import shutil
from pathlib import Path

import pytest
from helpers.tables import read_csv

from glalign.reporting.compare import compare, compare_folders, same
from glalign.reporting.plain_table import write_csv
from glalign.reporting.row_keys import key_of, twice
from glalign.reporting.terminal import render_terminal
from glalign.support.errors import UserError

GOLDEN = Path(__file__).parents[2] / "golden"
TABLES = sorted(GOLDEN.glob("*.csv"))


@pytest.mark.parametrize("table", TABLES, ids=lambda path: path.stem)
def test_every_kind_of_table_has_a_key_and_is_the_same_upside_down(table: Path, tmp_path: Path) -> None:
    rows = read_csv(table)
    key = key_of(rows[0])
    assert key
    assert twice(rows, key) == ""
    write_csv(rows[::-1], tmp_path / table.name)
    assert compare(tmp_path / table.name, table) == []
    rows[-1][key[-1]] += "x"
    write_csv(rows, tmp_path / table.name)
    name = ", ".join(rows[-1][column] for column in key)
    assert compare(tmp_path / table.name, table)[:2] == [
        f"row {name}: only in {tmp_path / table.name}",
        f"row {name[:-1]}: only in {table}",
    ]


def test_a_moved_row_is_named_with_its_place_in_ours(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("method,rank1\nB,2\nA,1\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("method,rank1\nA,1\nB,3\n", encoding="utf-8")
    assert compare(tmp_path / "a.csv", tmp_path / "b.csv") == ["row 1 (B), rank1: '2' instead of '3'"]


def test_rows_of_a_table_of_another_kind_are_matched_by_their_order(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,rank1\nA,1\nA,2\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("name,rank1\nA,1\n", encoding="utf-8")
    assert compare(tmp_path / "a.csv", tmp_path / "b.csv") == [f"row A: only in {tmp_path / 'a.csv'}"]


def test_two_rows_of_one_name_are_named_and_the_other_tables_compared(tmp_path: Path) -> None:
    ours, golden = tmp_path / "ours", tmp_path / "golden"
    for folder, second in ((ours, "A"), (golden, "B")):
        folder.mkdir()
        (folder / "a.csv").write_text(f"method,rank1\nA,1\n{second},2\n", encoding="utf-8")
        (folder / "b.csv").write_text("method,rank1\nA,1\n", encoding="utf-8")
    assert compare_folders(ours, golden) == {
        "a.csv": [f"{ours / 'a.csv'}: rows 1 and 2 are both 'A' in method; not compared: name them apart"],
        "b.csv": [],
    }


@pytest.mark.parametrize("swapped", [False, True])
def test_a_decimal_comma_is_named_with_its_remedy(tmp_path: Path, swapped: bool) -> None:
    shutil.copy(GOLDEN / "table4.csv", tmp_path / "points.csv")
    with (GOLDEN / "table4.csv").open(encoding="utf-8", newline="") as lines:
        rows = [[cell.replace(".", ",") for cell in row] for row in csv.reader(lines)]
    with (tmp_path / "commas.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    sides = (tmp_path / "points.csv", tmp_path / "commas.csv")
    with pytest.raises(UserError, match=r"commas\.csv: rank1_paper: '19,71' is a number with a comma; write 19\.71"):
        compare(*(reversed(sides) if swapped else sides))


def test_a_comma_in_a_text_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('method,note\nA,"1, 2"\n', encoding="utf-8")
    (tmp_path / "b.csv").write_text('method,note\nA,"1; 2"\n', encoding="utf-8")
    assert len(compare(tmp_path / "a.csv", tmp_path / "b.csv")) == 1


def test_a_decimal_comma_in_a_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('method,note\nA,"19,71 +- 0,20 of 3 seeds"\n', encoding="utf-8")
    (tmp_path / "b.csv").write_text("method,note\nA,19.71 +- 0.20 of 3 seeds\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"a\.csv: note: '19,71' is a number with a comma; write 19\.71"):
        compare(tmp_path / "a.csv", tmp_path / "b.csv")


@pytest.mark.parametrize("separator", [";", "\t"])
def test_the_separators_of_spreadsheets_are_read(tmp_path: Path, separator: str) -> None:
    (tmp_path / "a.csv").write_text("method,rank1\nA,1\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("method,rank1\nA,1\n".replace(",", separator), encoding="utf-8")
    assert compare(tmp_path / "b.csv", tmp_path / "a.csv") == []


def test_a_spreadsheets_own_file_is_no_csv(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("method,rank1\nA,1\n", encoding="utf-8")
    (tmp_path / "b.xlsx").write_bytes(b"PK\x03\x04" + bytes(50))
    with pytest.raises(UserError, match=r"b\.xlsx: not CSV but another kind of file; export it as CSV in UTF-8$"):
        compare(tmp_path / "b.xlsx", tmp_path / "a.csv")


@pytest.mark.parametrize("head", ["method,rank1", "method,variant,status", "a\x9b,b"])
def test_what_a_terminal_would_obey_is_escaped(tmp_path: Path, head: str) -> None:
    ours, reference = tmp_path / "ours.csv", tmp_path / "reference.csv"
    cells = ",".join(["a\x1b[31m\0"] * len(head.split(",")))
    ours.write_text(f"{head},c\x1b\n{cells},1\n", encoding="utf-8")
    reference.write_text(f"{head}\n{cells}x\nb\u2028,{cells.partition(',')[2]}\n", encoding="utf-8")
    shown = [*compare(ours, reference), *render_terminal(ours).split("\n")]
    assert all(line.isprintable() for line in shown)
    assert "\\x1b" in "".join(shown)


def test_numbers_that_no_memory_holds_are_texts() -> None:
    long, longer = "9" * 5000, "9" * 4999 + "8"
    assert not any(
        same(one, other, 1.0) for one, other in ((long, longer), ("1e99999999", "1e99999998"), ("1e9", "1e8"))
    )
    assert not same("0.1e-9999", "0.1e-9998", 1.0)
    assert all(same(one, one) for one in (long, "1e99999999"))
    assert same("12.5-15.25 (3e-2)", "12.25-15.5 (-0.5)", 0.75)
