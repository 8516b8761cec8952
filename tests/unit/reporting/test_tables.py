"""Tables: the issue's columns, the paper's cells untouched, empty cells where nothing was run."""

import re
import statistics

import pytest
from click.testing import CliRunner
from helpers.tables import matrix_row, metrics_file, printed, run_file, table_spec, written

from glalign.cli.main import main
from glalign.evaluation.metrics import wilson
from glalign.reporting.compare import compare, compare_folders
from glalign.reporting.latex import render_latex
from glalign.reporting.tables import make_table, read_table, table
from glalign.reporting.terminal import render_terminal
from glalign.support.errors import UserError

RANK_COLUMNS = [
    "method", "cite", "image_backbone", "text_backbone",
    *(f"rank{k}{end}" for k in (1, 5, 10) for end in ("_paper", "", "_lo", "_hi", "_delta")),
    "map", "minp", "n_queries", "n_gallery", "seeds", "status", "profile", "note",
]  # fmt: skip


@pytest.fixture
def run_spec(tmp_path):
    one = metrics_file(tmp_path / "a.json", (1, 401, 800))
    files = [metrics_file(tmp_path / f"{seed}.json", (hits, 500, 600)) for seed, hits in enumerate((300, 301, 303))]
    runs = (run_file(tmp_path / "run.json"),) * 3
    return table_spec(
        rows={5: {"note": "", "metrics": (one,)}, 8: {"note": "ours", "metrics": tuple(files), "runs": runs}}
    )


def changed(spec, **values):
    return spec.model_copy(update=values)


@pytest.mark.parametrize("number", range(4, 11))
def test_columns_and_the_papers_cells(number):
    frame, paper = table(table_spec(number)), printed(number)
    assert list(frame.columns) == RANK_COLUMNS
    for name in ("cite", "image_backbone", "text_backbone"):
        assert list(frame[name]) == [row[name] for row in paper]
    for k in (1, 5, 10):
        assert list(frame[f"rank{k}_paper"]) == [row[f"rank{k}"] for row in paper]
        assert set(frame[f"rank{k}"]) | set(frame[f"rank{k}_lo"]) | set(frame[f"rank{k}_delta"]) == {""}
    assert set(frame["status"]) == {"not run"} and set(frame["map"]) | set(frame["seeds"]) == {""}
    assert set(frame["note"]) == {"later"}  # the data note belongs to our numbers only


def test_one_run(run_spec):
    row = table(run_spec).iloc[5]
    low, high = wilson(1, 800)
    assert (row["rank1"], row["rank1_lo"], row["rank1_hi"]) == ("0.13", f"{low:.2f}", f"{high:.2f}")  # .125, half up
    assert row["rank1_delta"] == "-73.26"  # .125 - 73.38 = -73.255, from the unrounded value
    assert (row["rank5"], row["rank10"], row["map"]) == ("50.13", "100.00", "12.35")
    assert (row["n_queries"], row["n_gallery"], row["seeds"], row["status"]) == ("800", "400", "1", "reproduced")
    assert row["note"] == "synthetic people"


def test_several_seeds_have_a_mean_and_the_interval_of_one(run_spec):
    row = table(changed(run_spec, extended=True)).iloc[8]
    assert (row["rank1"], row["seeds"], row["note"]) == ("37.67", "3", "synthetic people; mean of 3 seeds; ours")
    low, high = wilson(904 / 3, 800)
    assert (row["rank1_lo"], row["rank1_hi"]) == (f"{low:.2f}", f"{high:.2f}")
    assert (row["rank1_sd"], row["rank5_sd"], row["rank1_boot_lo"], row["rank1_best"]) == (
        "0.19",
        "0.00",
        "10.00",
        "37.67",
    )
    assert (row["validation_rank1"], row["selected_step"], row["parameters"]) == ("55.50", "60 60 60", "10")


def test_the_spread_over_draws_of_a_test_set(tmp_path):
    draws = [{"rank1": [30.0, 34.0, 41.0]}, {"rank1": [28.0, 33.0, 38.5]}]
    files = tuple(
        metrics_file(tmp_path / f"{n}.json", (300, 500, 600), draws=each) for n, each in enumerate((*draws, None))
    )
    spec = table_spec(9, {0: {"note": "", "metrics": files[:1]}, 1: {"note": "", "metrics": files[:2]}}, draws=3)
    assert not [name for name in table(spec).columns if name.endswith("_of_draws")]
    frame = table(changed(spec, extended=True))
    spread = frame[[f"rank1_{name}_of_draws" for name in ("sd", "min", "max")]].to_numpy().tolist()
    assert spread == [["5.57", "30.00", "41.00"], ["4.94", "28.00", "41.00"], ["", "", ""]]
    assert statistics.stdev(draws[0]["rank1"]) == pytest.approx(5.5678, abs=1e-4)
    assert "SD, draws" in (tex := render_latex(frame, changed(spec, extended=True), "x.tex"))
    assert "[30.00, 41.00]" in tex and "means over 3 draws" in tex and "over the draws of the test set" in tex
    plain = render_latex(table(spec), spec, "x.tex")
    assert "means over 3 draws of the test set; their spread is in the extended table" in plain
    assert not [name for name in table(table_spec(8, extended=True)).columns if name.endswith("_of_draws")]


def test_rows_without_a_printed_row(run_spec):
    extra = matrix_row("oracle", "SE1", run_spec.rows[5].metrics)
    row = table(changed(run_spec, rows=(*run_spec.rows, extra))).iloc[9]
    assert (row["method"], row["cite"], row["rank1_paper"], row["rank1_delta"], row["rank1"]) == (
        "ORACLE",
        "",
        "",
        "",
        "0.13",
    )


def test_paper_values_can_be_left_out(run_spec):
    frame = table(changed(run_spec, show_paper_values=False))
    for k in (1, 5, 10):
        assert set(frame[f"rank{k}_paper"]) | set(frame[f"rank{k}_delta"]) == {""}
    assert frame["rank1"][5] == "0.13"


@pytest.mark.parametrize("number", [1, 2, 3, 11])
def test_other_tables_keep_the_printed_texts(number):
    paper = printed(number)
    frame = table(table_spec(number, {place: {"label": ""} for place in range(len(paper))}))
    for name in paper[0]:
        if name != "system":
            column = name if name in frame and f"{name}_paper" not in frame else f"{name}_paper"
            assert list(frame[column]) == [row[name] for row in paper]
    assert list(frame.columns[-3:]) == ["status", "profile", "note"]


def test_dataset_statistics_are_counts_and_a_mean(tmp_path):
    words = {"mean": 25.876, "sd": 1.0, "min": 9, "max": 40}
    counts = {"identities": 1150, "images": 3450, "captions": 6900, "caption_words": words}
    statistics = {"dataset": "d", "language": "en", "annotations": {}, "splits": {}, "image_size": {}}
    path = written(tmp_path / "s.json", {**statistics, "all": counts})
    cells = table(table_spec(3, {0: {"label": "CUHK-PEDES", "note": "", "metrics": (path,)}})).iloc[0]
    assert (cells["person_ids"], cells["person_ids_delta"], cells["avg_length"]) == ("1150", "-11853", "25.88")


def test_the_papers_table_1_repeats_tables_4_8_and_9():
    cells = {row["system"]: row["rank1"] for row in printed(4)}
    vietnamese = {"CUHK-PEDES-VN": printed(8), "3000VnPerson-Search": printed(9)}
    differing = []
    for row in printed(1):
        source = (
            cells if row["language"] == "English" else {r["system"]: r["rank1"] for r in vietnamese[row["dataset"]]}
        )
        if row["rank1"] != source[row["system"]]:
            differing.append((row["system"], row["dataset"]))
    assert differing == [("pham2022", "3000VnPerson-Search")]  # the paper's own contradiction, decisions.md no. 3


def test_files_are_the_same_in_two_folders_and_read_back(tmp_path, run_spec):
    one, other = tmp_path / "one" / "table4", tmp_path / "other" / "table4"
    for path in (one, other):
        make_table(run_spec, path.with_suffix(".csv"), path.with_suffix(".tex"))
    for end in (".csv", ".tex"):
        assert one.with_suffix(end).read_bytes() == other.with_suffix(end).read_bytes()
    data = one.with_suffix(".csv").read_bytes()
    assert b"nan" not in data.lower() and b"\r" not in data
    assert read_table(one.with_suffix(".csv")).equals(table(run_spec))


def test_compare_lists_cells(tmp_path, run_spec):
    make_table(run_spec, tmp_path / "a.csv", tmp_path / "a.tex")
    text = (tmp_path / "a.csv").read_text(encoding="utf-8")
    (tmp_path / "b.csv").write_text(text.replace("37.67", "37.92").replace("mean of 3", "mean of 2"), encoding="utf-8")
    assert compare(tmp_path / "a.csv", tmp_path / "a.csv") == []
    lines = compare(tmp_path / "a.csv", tmp_path / "b.csv")
    assert (
        len(lines) == 2
        and "row 9" in lines[0]
        and "rank1: '37.67' instead of '37.92'" in lines[0]
        and "note" in lines[1]
    )
    assert len(compare(tmp_path / "a.csv", tmp_path / "b.csv", 0.25)) == 1
    (tmp_path / "c.csv").write_text("\n".join(text.splitlines()[:-1]) + "\n", encoding="utf-8")
    assert compare(tmp_path / "a.csv", tmp_path / "c.csv") == [f"row GLAlign (Ours): only in {tmp_path / 'a.csv'}"]
    (tmp_path / "d.csv").write_text(text.replace("minp", "other", 1), encoding="utf-8")
    assert [line[:12] for line in compare(tmp_path / "a.csv", tmp_path / "d.csv")] == ["column minp:", "column other"]


def test_folders_are_compared_by_file_with_a_tolerance_per_column(tmp_path):
    ours, golden = tmp_path / "ours", tmp_path / "golden"
    for folder, shift in ((ours, 1), (golden, 0)):
        folder.mkdir()
        (folder / "a.csv").write_text(f"name,rank1,p,b\nx,{10 + shift}.00,{1 + shift}e-05,{30 + 9 * shift}\n")
    (ours / "more.csv").write_text("name\nleft alone\n")
    assert [line.split(", ")[1].split(":")[0] for line in compare_folders(ours, golden)["a.csv"]] == ["rank1", "p", "b"]
    (golden / "tolerances.yaml").write_text("columns: {p: null, b: 9}\n")
    assert compare_folders(ours, golden, 1.0) == {"a.csv": []}
    assert len(compare_folders(ours, golden, 0.5)["a.csv"]) == 1
    (golden / "tolerances.yaml").write_text("columns: {p: null}\nrows: {x: 9}\n")
    assert compare_folders(ours, golden) == {"a.csv": []}
    (golden / "tolerances.yaml").write_text("columns: {1: 3}\n")
    with pytest.raises(UserError, match=r"tolerances\.yaml: two maps of names to numbers"):
        compare_folders(ours, golden)
    (golden / "tolerances.yaml").write_text("columns: {p: little}\n")
    with pytest.raises(UserError, match=r"tolerances\.yaml: two maps of names to numbers"):
        compare_folders(ours, golden)
    for wrong in ("columns: {p: true}", "rows: {x: null}", "rows: {x: .inf}", "- 3", "3", "[]"):
        (golden / "tolerances.yaml").write_text(wrong)
        with pytest.raises(UserError, match=r"tolerances\.yaml: two maps of names to numbers"):
            compare_folders(ours, golden)
    with pytest.raises(UserError, match="no CSV in it"):
        compare_folders(ours, tmp_path)


def test_a_table_of_one_folder_only_does_not_keep_the_others_from_being_compared(tmp_path):
    ours, golden = tmp_path / "ours", tmp_path / "golden"
    for folder, names in ((ours, "bcd"), (golden, "abc")):
        folder.mkdir()
        for name in names:
            (folder / f"{name}.csv").write_text(f"name\n{'x' if name == 'c' else folder.name}\n")

    def said() -> tuple[int, list[str]]:
        done = CliRunner().invoke(main, ["compare", str(ours), str(golden)])
        return done.exit_code, [line.replace(f"{tmp_path}/", "") for line in done.output.splitlines()]

    assert said() == (
        1,
        [
            "not compared: d.csv has no reference",
            "a.csv: no such table in ours",
            "ours/a.csv: 1 difference from golden/a.csv",
            "b.csv: row 1 (ours), name: 'ours' instead of 'golden'",
            "ours/b.csv: 1 difference from golden/b.csv",
            "ours/c.csv: 0 differences from golden/c.csv",
        ],
    )
    (golden / "b.csv").unlink()
    assert said()[0] == 1  # for a.csv alone
    (golden / "a.csv").unlink()
    assert said()[0] == 0  # tables without a reference are no difference


def test_terminal_is_narrow_and_complete(tmp_path, run_spec):
    make_table(run_spec, tmp_path / "a.csv", tmp_path / "a.tex")
    text = render_terminal(tmp_path / "a.csv")
    assert max(map(len, text.splitlines())) <= 120
    assert len(text.splitlines()) == 2 + 9 + 1 and "GLAlign (Ours)" in text and "37.67" in text


def test_errors_name_the_file(tmp_path, run_spec):
    with pytest.raises(UserError, match=r"table99\.csv"):
        table(changed(run_spec, paper=str(tmp_path / "table99.csv")))
    two = (*run_spec.rows[5].metrics, metrics_file(tmp_path / "z.json", (1, 2, 3), n=801))
    wrong = changed(run_spec, rows=(run_spec.rows[5].model_copy(update={"metrics": two}),))
    with pytest.raises(UserError, match="irra: its seeds ranked different queries"):
        table(wrong)
    (tmp_path / "z.json").write_text("{")
    with pytest.raises(UserError, match=r"z\.json"):
        table(wrong)
    written(tmp_path / "z.json", {"rank1": 5.0})
    with pytest.raises(UserError, match=r"z\.json: key `rank5` is missing; delete the file and run again"):
        table(wrong)
    with pytest.raises(UserError, match="no row 9"):
        table(changed(run_spec, rows=(run_spec.rows[5].model_copy(update={"paper_row": 9}),)))
    with pytest.raises(UserError, match="snakemake"):
        read_table(tmp_path / "table12.csv")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.tex", r"a\.tex: no CSV table; name the table, or its file that ends in \.csv"),
        ("a.csv", r"a\.csv:3: 1 fields, fewer than the header's 2"),
        ("b", r"b: no such table below .* \(there: a\)"),
    ],
)
def test_what_is_no_table_is_not_shown(tmp_path, name, message):
    (tmp_path / "a.tex").write_text("x", encoding="utf-8")
    (tmp_path / "a.csv").write_text("name,rank1\nx,1\ny", encoding="utf-8")
    done = CliRunner().invoke(main, ["table", str(tmp_path / name), "--results", str(tmp_path)])
    assert done.exit_code == 1 and len(done.output.splitlines()) == 1
    assert re.search(message, done.output)


@pytest.mark.parametrize(
    ("ours", "reference", "message"),
    [
        ("none.csv", "a.csv", r"none\.csv: no such table"),
        ("a.csv", "none.csv", r"none\.csv: no such table"),
        ("folder", "a.csv", "folder: a folder; a folder is compared with a folder"),
        ("a.csv", "folder", r"a\.csv: no such folder; a folder is compared with a folder"),
        ("none", "folder", "none: no such folder"),
        ("a.csv", "a.tex", r"a\.tex:2: 1 fields, fewer than the header's 2; no CSV"),
        ("cut.csv", "a.csv", r"cut\.csv:3: 1 fields, fewer than the header's 2"),
        ("a.csv", "torn/a.csv", r"tolerances\.yaml: not "),
    ],
)
def test_sides_that_cannot_be_compared_are_one_line(tmp_path, ours, reference, message):
    for folder in (tmp_path, tmp_path / "folder", tmp_path / "torn"):
        folder.mkdir(exist_ok=True)
        (folder / "a.csv").write_text("name\nx\n", encoding="utf-8")
    (tmp_path / "a.tex").write_text("% made by a, b\n\\begin{tabular}\na & b, c, d\n", encoding="utf-8")
    (tmp_path / "cut.csv").write_text("name,rank1\nx,1\ny", encoding="utf-8")
    (tmp_path / "torn" / "tolerances.yaml").write_text("columns: {p: [", encoding="utf-8")
    done = CliRunner().invoke(main, ["compare", str(tmp_path / ours), str(tmp_path / reference)])
    assert done.exit_code == 1 and len(done.output.splitlines()) == 1
    assert re.search(message, done.output)


def test_a_difference_without_its_number_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("rank1_delta\n1\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"a\.csv: column rank1 is missing"):
        render_terminal(tmp_path / "a.csv")
