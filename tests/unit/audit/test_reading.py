"""Folders that people bring: what is read, and what is refused in one line."""

from pathlib import Path

import pytest
from helpers.audits import material

from glalign.audit.reading import files_of, read_material, table_names
from glalign.audit.rules import audit
from glalign.audit.statements import STATEMENTS
from glalign.planning.audit_stages import QUOTED
from glalign.support.errors import UserError

TABLE = "Method,R@1\nA,50.1\n"


def test_names_citations_and_numbers_of_a_table(tmp_path: Path) -> None:
    text = "Model;Protocol;Rank-1 (%);mAP;Extra\nIRRA [10];X;73.4 %;66.1;-\nMethod in [14];X;;50.0;n/a\n"
    read = material(tmp_path, tab_03=text)
    assert [(n.where, n.system, n.scenario, n.unit) for n in read.numbers] == [
        ("Table 3, IRRA, rank1", "irra", "X", "%"),
        ("Table 3, IRRA, map", "irra", "X", ""),
        ("Table 3, Method in [14], map", "methodin14", "X", ""),
    ]
    assert [(t.subject, t.attribute, t.text) for t in read.texts if t.attribute != "extra"] == [
        ("irra", "name", "IRRA"),
        ("irra", "cite", "10"),
        ("methodin14", "name", "Method in [14]"),
    ]


def test_columns_that_are_no_numbers_throughout_are_none(tmp_path: Path) -> None:
    read = material(tmp_path, a="Method,Params,R1\nA,86M,50.1\nB,12,50.2\n")
    assert {number.quantity for number in read.numbers} == {"rank1"}


def test_a_table_of_counts_is_read_beside_a_table_of_ranks(tmp_path: Path) -> None:
    read = material(tmp_path, a=TABLE, b='dataset,images\nX,"40,220"\n')
    assert [(n.where, n.printed.value) for n in read.numbers if n.file == str(tmp_path / "b.csv")] == [
        ("b.csv, X, images", 40220)
    ]


def test_the_stage_and_the_reader_know_the_same_files() -> None:
    assert set(QUOTED) == set(STATEMENTS)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, r"folder: no CSV file in it; export every table"),
        ({"a": "name,words\nA,many\n"}, r"folder: no readable table in its CSV files; one column of Rank-k is wanted"),
        ({"a": 'Method;R1\nA;"50,1"\n'}, r"a\.csv: R1: '50,1' has a decimal comma; export the table with points"),
        ({"a": 'Method,R1\nA,"**80,75 %**†"\n'}, r"a\.csv: R1: '\*\*80,75 %\*\*†' has a decimal comma"),
        ({"a": 'Method,R1\nA,"80,75 ± 0,3"\n'}, r"a\.csv: R1: '80,75 ± 0,3' has a decimal comma"),
        ({"a": 'Method,R1\nA,"80,755"\n'}, r"a\.csv: R1: '80,755' has a decimal comma"),
        ({"a": 'Method,R1,mAP\nA,80.7,"66,1"\n'}, r"a\.csv: mAP: '66,1' has a decimal comma"),
        ({"a": "Method,R1\nA,8O.75\n"}, r"folder: no number in its columns of Rank-k but '8O\.75'; write it as 50\.25"),
        ({"a": TABLE, "numbers": "place,value\nS,1\n"}, r"numbers\.csv: no column system in the header"),
        ({"a": TABLE, "paired_tests": f"{','.join(STATEMENTS['paired_tests'])}\nS,a,X,Y,rank1,1e3,.05\n"},
         r"paired_tests\.csv:2: queries: '1e3' is no count; write a whole number from 1 to 1,000,000"),
        ({"a": TABLE, "paired_tests": f"{','.join(STATEMENTS['paired_tests'])}\nS,a,X,Y,rank1,100,<.05\n"},
         r"paired_tests\.csv:2: p_below: '<\.05' does not fit; write it as 0\.01"),
        ({"a": TABLE, "test_sets": f"{','.join(STATEMENTS['test_sets'])}\nS,X,,queries,0,stated\n"},
         r"test_sets\.csv:2: count: '0' is no count"),
        ({"a": TABLE, "test_sets": f"{','.join(STATEMENTS['test_sets'])}\nS,X,,queries,,stated\n"},
         r"test_sets\.csv:2: count: '' is no count"),
        ({"a": TABLE, "paired_tests": f"{','.join(STATEMENTS['paired_tests'])}\nS,a,X,Y,rank1,,.05\n"},
         r"paired_tests\.csv:2: queries: '' is no count"),
        ({"a": TABLE, "test_sets": f"{','.join(STATEMENTS['test_sets'])}\nS,X,,people,9,stated\n"},
         r"test_sets\.csv:2: unit: 'people' does not fit; write it as queries, identities, images or samples"),
        ({"a": TABLE, "numbers": f"{','.join(STATEMENTS['numbers'])}\nS,a,X,,rank1,many,%,\n"},
         r"numbers\.csv:2: value: 'many' is no number"),
        ({"a": TABLE, "references": f"{','.join(STATEMENTS['references'])}\n1,A,T,22,,\n"},
         r"references\.csv:2: year: '22' does not fit; write it as 2025"),
        ({"a": TABLE, "published": f"{','.join(STATEMENTS['published'])}\nA,,released,soon,S\n"},
         r"published\.csv:2: value: 'soon' is no year"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(tmp_path: Path, files: dict[str, str], message: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(UserError, match=message):
        material(folder, **files)


def test_a_missing_folder_and_keywords_of_another_form(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere: no such folder"):
        files_of([tmp_path / "nowhere"])
    (tmp_path / "a.csv").write_text(TABLE)
    (tmp_path / "words.yaml").write_text("[a, b]")
    with pytest.raises(UserError, match=r"words\.yaml: no keyword lists; write a map"):
        read_material([tmp_path / "a.csv"], keywords=tmp_path / "words.yaml")


def test_tables_of_one_name_in_two_folders_stay_apart(tmp_path: Path) -> None:
    for folder, text in (("a", "x,90.75,80.00,ViT"), ("b", "y,80.31,85.42,ViT\nx,70.16,91.68,GRU")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "table1.csv").write_text(f"method,rank1,rank5,encoder\n{text}\n")
    findings = audit(read_material(files_of([tmp_path / "a", tmp_path / "b", tmp_path / "b"])))
    assert [(finding.place, finding.evidence) for finding in findings] == [
        ("a/Table 1, x", "Rank-1 90.75 is larger than Rank-5 80.00")
    ]


def test_a_table_is_called_by_as_much_of_its_path_as_tells_it_apart() -> None:
    paths = [Path(path) for path in ("p/a/table1.csv", "q/a/table1.csv", "b/table01.csv", "b/t.csv")]
    assert list(table_names(paths).values()) == ["p/a/table1.csv", "q/a/table1.csv", "b/Table 1", "t.csv"]


def test_a_result_that_is_no_number_is_noted_and_a_dash_is_not(tmp_path: Path) -> None:
    rows = ("8O.75", "80..75", "-", "–", "n/a", "N/A†", "", "**80.75**", "see [3, 4]")
    table = "Method,R1,mAP\n" + "".join(f'm{number},"{row}",6l.0\n' for number, row in enumerate(rows))
    (tmp_path / "a.csv").write_text(table, encoding="utf-8")
    notes = [f for f in audit(read_material([tmp_path / "a.csv"])) if f.rule == "unread cell"]
    assert {finding.severity for finding in notes} == {"note"}
    assert [finding.place for finding in notes] == ["a.csv, m0, rank1", "a.csv, m1, rank1", "a.csv, m8, rank1"] + [
        f"a.csv, m{number}, map" for number in range(len(rows))
    ]


HUGE = "9" * 5000


@pytest.mark.parametrize("cell", [HUGE, f"80.{'1' * 5000}", "9" * 20, "80.1234567890123456789"])
def test_a_number_of_too_many_digits_is_not_read(tmp_path: Path, cell: str) -> None:
    (tmp_path / "a.csv").write_text(f"{TABLE}B,{cell}\n")
    findings = audit(read_material([tmp_path / "a.csv"], queries=(1000,)))
    assert [(finding.rule, finding.place) for finding in findings] == [("unread cell", "a.csv, B, rank1")]


@pytest.mark.parametrize(
    "cell", ["99999999999999999", "100000000000.01", "-5", "0.8014285714285714", "99.99999999999999"]
)
def test_any_other_number_is_compared(tmp_path: Path, cell: str) -> None:
    (tmp_path / "a.csv").write_text("Method,R1,R5\n" + "".join(f"m{k},{k + 20}.31,{cell}\n" for k in range(9)))
    assert audit(read_material([tmp_path / "a.csv"], queries=(999_999_937,)))


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("test_sets", f"S,X,,queries,{HUGE},stated"),
        ("paired_tests", f"S,a,X,Y,rank1,{HUGE},.05"),
        ("paired_tests", f"S,a,X,Y,rank1,100,.{HUGE}"),
        ("numbers", f"S,a,X,,rank1,{HUGE},%,"),
        ("numbers", f"S,a,X,,rank1,50,%,{HUGE}"),
        ("numbers", 'S,a,X,,rank1,"80,755",%,'),
        ("published", f"A,,released,{HUGE},S"),
        ("published", 'A,X,rank1,"80,75",S'),
    ],
)
def test_statements_of_too_many_digits_are_refused(tmp_path: Path, name: str, row: str) -> None:
    with pytest.raises(UserError, match=rf"{name}\.csv:2: "):
        material(tmp_path, a=TABLE, **{name: f"{','.join(STATEMENTS[name])}\n{row}\n"})


def test_a_quantity_of_too_many_digits_is_no_rank(tmp_path: Path) -> None:
    row = f"S,a,X,,rank{HUGE},50,%,"
    assert material(tmp_path, a=TABLE, numbers=f"{','.join(STATEMENTS['numbers'])}\n{row}\n").numbers[-1].rank is None
