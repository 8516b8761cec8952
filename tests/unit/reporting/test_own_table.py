"""Tables for a paper of one's own: the CSV's rows, no mark of a format from a text, type that can be read."""

import csv
import html
import io
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from glalign.cli.main import main
from glalign.reporting.own_table import Layout, render_table
from glalign.support.errors import UserError

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden"
PACKAGES = "booktabs,siunitx,tabularx,threeparttable,adjustbox"
CLASSES = {
    "article": "", "article in two columns": "twocolumn", "IEEEtran": "", "llncs": "", "acmart": "sigconf",
    "elsarticle": "5p,twocolumn", "beamer": "",
}  # fmt: skip
ENGINES = ("pdflatex", "xelatex", "lualatex")
EIGHT_POINTS = 23
"""8 pt as `pdftohtml -zoom 3` prints it, in whole units: 8 / 72.27 * 72 * 3 = 23.9. 7 pt would be 20.9."""


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def golden(name: str) -> list[dict[str, str]]:
    return rows((GOLDEN / name).read_text(encoding="utf-8"))


def written(path: Path, method: str, **changes: str) -> Path:
    """A table of one row."""
    row = golden("table4.csv")[0] | {"method": method} | changes
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, row)
        writer.writeheader()
        writer.writerow(row)
    return path


@pytest.mark.parametrize("name", [path.name for path in sorted(GOLDEN.glob("*.csv"))])
def test_compact_columns_are_at_most_six_of_the_csv(name: str) -> None:
    shown = rows(render_table(GOLDEN / name, Layout("csv")) + "\n")
    full = golden(name)
    assert shown == [{column: row[column] for column in shown[0]} for row in full]
    title = render_table(GOLDEN / name, Layout("markdown")).split("\n\n")[1].splitlines()[0]
    assert 3 <= title.count("|") - 1 <= 6


def test_every_format_has_the_cells_of_the_csv() -> None:
    cells = [[row["method"], row["rank1"], row["rank5"], row["rank10"], row["map"]] for row in golden("table4.csv")]
    latex = render_table(GOLDEN / "table4.csv", Layout("latex"))
    body = latex.split("\\midrule", 1)[1].split("\\bottomrule")[0]
    lines = [line for line in body.splitlines() if line.endswith(r"\\")]
    plain = [
        re.sub(r"\\bfseries |\\underline|\\phantom\{0+\}|[{}]", "", line).removesuffix(r"\\").split("&")
        for line in lines
    ]
    assert [[cell.strip() for cell in line[:2] + line[3:]] for line in plain] == cells
    markdown = render_table(GOLDEN / "table4.csv", Layout("markdown")).split("\n\n")[1].splitlines()[2:]
    parts = [[cell.strip().replace("\\", "") for cell in line.split("|")[1:-1]] for line in markdown]
    assert [line[:2] + line[3:] for line in parts] == cells


def test_ours_has_its_interval_and_the_papers_number_is_marked() -> None:
    text = render_table(GOLDEN / "table4.csv", Layout("markdown", with_paper=True))
    row, printed = text.split("\n\n")[1].splitlines(), golden("table4.csv")[0]
    assert row[0] == r"| Method | R1\* | R1 | 95 % | R5 | R10 |"
    assert f"| {printed['rank1_paper']} | {printed['rank1']} | {printed['rank1_lo']}-{printed['rank1_hi']} |" in row[2]
    assert "as printed in the paper, on its own data" in text and "synthetic people" in text


def test_full_csv_is_the_csv() -> None:
    text = (GOLDEN / "table4.csv").read_text(encoding="utf-8")
    assert render_table(GOLDEN / "table4.csv", Layout("csv", compact=False)) + "\n" == text


def test_no_text_becomes_a_mark(tmp_path: Path) -> None:
    hostile = "a|b<script>*c*[d](e)\n\\cite{f}&`g`"
    path = written(tmp_path / "table4.csv", hostile, note=hostile)
    markdown = render_table(path, Layout("markdown")).split("\n\n")[1].splitlines()
    assert len(markdown) == 3
    assert len(re.findall(r"(?<!\\)\|", markdown[2])) == len(re.findall(r"\|", markdown[0]))
    found: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, _: found.append(tag)  # type: ignore[method-assign]
    page = render_table(path, Layout("html"))
    parser.feed(page)
    assert set(found) == {"table", "caption", "thead", "tbody", "tr", "th", "td", "p"}
    assert hostile.replace("\n", " ") in html.unescape(page)
    latex = render_table(path, Layout("latex"))
    assert r"\cite{f}" not in latex and r"\textbackslash{}cite\{f\}\&" in latex


ODD = {
    "a formula": ("method,rank1,rank1_paper,rank1_delta\na,=1+1,2,3\n", "rank1, row 1: '=1.1' is no plain number"),
    "a fraction": ("pair,queries,gap,p_holm\na,1,2,1/0\n", "column p_holm, row 1"),
    "a text": ("pair,queries,gap,p_holm\na,1,2,1e-5\nb,1,2,xx\n", "column p_holm, row 2"),
    "a huge exponent": ("pair,queries,gap,p_holm\na,1,2,1e999999\n", "column p_holm, row 1"),
    "many digits": (f"x,foo,foo_paper,foo_delta\na,{'1' * 9999},1,1\n", "column foo, row 1"),
    "a count": ("method,rank1,n_queries,n_gallery\na,1,x,1\n", "column n_queries, row 1"),
    "no column of ours": ("x,foo_delta\na,1\n", "column foo is missing beside foo_delta"),
    "no column of the paper": ("method,rank1,rank1_delta\na,1,3\n", "column rank1_paper is missing"),
    "half an interval": ("method,rank1,rank1_lo\na,1,3\n", "column rank1_hi is missing beside rank1_lo"),
    "half an extended table": (
        "method,rank1,rank1_paper,rank1_delta,chance_rank1\na,1,1,1,1\n", "is missing beside chance_rank1"
    ),
}  # fmt: skip


@pytest.mark.parametrize("compact", [True, False])
@pytest.mark.parametrize("kind", ["text", "latex", "markdown", "html", "csv"])
@pytest.mark.parametrize("odd", ODD)
def test_a_table_that_is_not_the_suites_is_refused(tmp_path: Path, odd: str, kind: str, compact: bool) -> None:
    text, why = ODD[odd]
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=why):
        render_table(tmp_path / "t.csv", Layout(kind, compact=compact))  # type: ignore[arg-type]


def test_characters_that_turn_a_text_around_and_formulas(tmp_path: Path) -> None:
    path = written(tmp_path / "table4.csv", "a\u202eb\u2066c\x1b[2J", note="=HYPERLINK(1)", rank1_delta="-1.00")
    for layout in (Layout("html"), Layout("markdown"), Layout("latex"), Layout("csv", compact=False)):
        shown = render_table(path, layout)
        assert "a b c " in shown and not re.search("[\u202e\u2066\x1b]", shown)
    row = rows(render_table(path, Layout("csv", compact=False)) + "\n")[0]
    assert (row["note"], row["rank1_delta"]) == ("'=HYPERLINK(1)", "-1.00")


def test_a_table_without_notes_or_rows(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("method,seconds\nmine,2.5\n", encoding="utf-8")
    for name, compact in (("full", False), ("compact", True)):
        text = render_table(tmp_path / "own.csv", Layout("latex", compact=compact))
        assert "tablenotes" not in text
        (tmp_path / f"{name}.tex").write_text(f"{text}\n", encoding="utf-8")
    for head in ("method,seconds\n", "method,rank1,rank1_paper,rank1_delta\n"):
        (tmp_path / "head.csv").write_text(head, encoding="utf-8")
        for kind in ("latex", "markdown", "html"):
            with pytest.raises(UserError, match=r"head\.csv: no cell has a value"):
                render_table(tmp_path / "head.csv", Layout(kind, compact=False))  # type: ignore[arg-type]
    compiled(tmp_path, "pdflatex", "article", "\\input{full}\n\\input{compact}")


def test_keys_replace_the_papers_numbers() -> None:
    keys = {"Method in [14]": "pham", "Wilson": "wilson"}
    latex = render_table(GOLDEN / "table4.csv", Layout("latex", keys=keys))
    assert r"Method in~\cite{pham} & " in latex and r"Wilson interval~\cite{wilson}." in latex and "[14]" not in latex
    assert "Method in [@pham] | " in render_table(GOLDEN / "table4.csv", Layout("markdown", keys=keys))
    shown = rows(render_table(GOLDEN / "table4.csv", Layout("csv", keys=keys)) + "\n")
    assert [row["key"] for row in shown] == ["pham" if "14" in row["method"] else "" for row in shown]
    full = render_table(GOLDEN / "table4.csv", Layout("latex", compact=False, page=True, keys=keys))
    assert "{table*}" in full and r"Method in~\cite{pham}" in full and "GNA-RNN &" in full


def test_the_title_is_that_of_the_job_below_the_folder(tmp_path: Path) -> None:
    shutil.copy(GOLDEN / "table4.csv", tmp_path)
    assert render_table(tmp_path / "table4.csv", Layout("markdown")).startswith("SE1. Data of our runs: synthetic")
    job = tmp_path / "jobs" / "table" / "4.json"
    job.parent.mkdir(parents=True)
    job.write_text(
        '{"stage": "table", "outputs": {}, "times": "", "class_path": null, "spec": {"title": "SE1: a & b"}}',
        encoding="utf-8",
    )
    assert r"{SE1: a \& b. Data of our runs: synthetic people.}" in render_table(
        tmp_path / "table4.csv", Layout("latex")
    )


def test_commands() -> None:
    table = ["table", str(GOLDEN / "table4.csv")]
    cited = CliRunner().invoke(main, [*table, "--format", "latex", "--cite", "keys", "--span", "page"])
    assert cited.exit_code == 0 and r"IRRA~\cite{jiang2023cross}" in cited.output and "{table*}" in cited.output
    assert "warning" not in cited.output
    compact = CliRunner().invoke(main, [*table, "--columns", "compact"]).output.splitlines()[0].split()
    assert compact == ["Method", "R1", "95", "%", "R5", "R10", "mAP"]
    assert CliRunner().invoke(main, [*table, "--span", "page"]).exit_code == 1
    assert CliRunner().invoke(main, [*table, "--cite", "keys"]).exit_code == 1


def test_a_system_without_an_entry_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "table4.csv", "My own")
    shown = CliRunner().invoke(main, ["table", str(path), "--format", "markdown", "--cite", "keys"])
    assert "warning: My own: no line in paper/citations.csv" in shown.output and "| My own | " in shown.output


def compiled(tmp_path: Path, engine: str, name: str, body: str) -> Path:
    """The PDF of a document of a class with this body; the test is skipped where either is missing."""
    kind, options = name.partition(" ")[0], CLASSES[name]
    finder = shutil.which("kpsewhich")
    if not finder or not shutil.which(engine):
        pytest.skip(f"no {engine} here")
    files = [f"{kind}.cls", *(f"{package}.sty" for package in PACKAGES.split(","))]
    if subprocess.run([finder, *files], capture_output=True, check=False).returncode:
        pytest.skip(f"no {kind} here, or a package is missing")
    head = f"\\documentclass[{options}]{{{kind}}}\n\\usepackage{{{PACKAGES}}}\n"
    text = f"{head}\\begin{{document}}\n{body}\n\\end{{document}}\n"
    (tmp_path / "paper.tex").write_text(text, encoding="utf-8")
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    for _ in range(2):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout.decode("utf-8", "replace")[-2000:]
    return tmp_path / "paper.pdf"


def smallest_type(pdf: Path) -> float:
    """The smallest size of a letter from the head of the table to its notes, in units of a third of a point."""
    shown = subprocess.run(
        ["pdftohtml", "-xml", "-i", "-stdout", "-zoom", "3", str(pdf)], capture_output=True, text=True, check=True
    ).stdout
    sizes = {number: int(size) for number, size in re.findall(r'<fontspec id="(\d+)" size="(\d+)"', shown)}
    texts = re.findall(r'<text [^>]*font="(\d+)">(.*?)</text>', shown)
    first = next(place for place, (_, text) in enumerate(texts) if "Method" in text)
    last = max(place for place, (_, text) in enumerate(texts) if "Wilson" in text)
    return min(sizes[number] for number, _ in texts[first : last + 1])


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", CLASSES)
def test_readable_in_a_column_of_every_class(tmp_path: Path, name: str, engine: str) -> None:
    if not shutil.which("pdftohtml"):
        pytest.skip("no pdftohtml here")
    body = ""
    for table, layout in {"table4": Layout("latex"), "table4_extended": Layout("latex", with_paper=True)}.items():
        (tmp_path / f"{table}.tex").write_text(render_table(GOLDEN / f"{table}.csv", layout) + "\n", encoding="utf-8")
        caption = "\\newcommand{\\glaligncaption}{}"  # the class chooses its type
        part = f"{caption}\\newcommand{{\\glalignlabel}}{{tab:own-{table}}}\\input{{{table}}}\n"
        body += f"\\begin{{frame}}\n{part}\\end{{frame}}\n" if name == "beamer" else part
    pdf = compiled(tmp_path, engine, name, body if name == "beamer" else f"x\n{body} See~\\ref{{tab:own-table4}}.")
    assert smallest_type(pdf) >= EIGHT_POINTS
    assert "Overfull \\hbox" not in (tmp_path / "paper.log").read_text(encoding="utf-8", errors="replace")


def test_readable_in_a_column_of_ieeetran(tmp_path: Path) -> None:
    test_readable_in_a_column_of_every_class(tmp_path, "IEEEtran", "pdflatex")


def test_hooks_hold_for_one_table(tmp_path: Path) -> None:
    for table in ("table4", "table5"):
        text = render_table(GOLDEN / f"{table}.csv", Layout("latex"))
        (tmp_path / f"{table}.tex").write_text(text + "\n", encoding="utf-8")
    own = (
        "\\newcommand{\\glaligncaption}{My words~\\cite{a}.}\\newcommand{\\glalignlabel}{tab:mine}"
        "\\newcommand{\\glalignenvironment}{table*}"
    )
    tables = f"{own}\n\\input{{table4}}\n\\input{{table5}}\n"
    body = f"\\listoftables\n{tables}See~\\ref{{tab:mine}}, \\ref{{tab:glalign-table5}}."
    compiled(tmp_path, "pdflatex", "article in two columns", body)
    assert "Reference `tab:" not in (tmp_path / "paper.log").read_text(encoding="utf-8", errors="replace")
    listed = (tmp_path / "paper.lot").read_text(encoding="utf-8")
    assert listed.count("My words") == 1 and listed.count("SE2. Data of our runs: synthetic people") == 1
    assert "SE1" not in listed
