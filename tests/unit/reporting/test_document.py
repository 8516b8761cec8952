"""The document of all tables: what it reads, what stops it, and, where TeX is, what comes out."""

import shutil
import signal
import sys
from pathlib import Path

import pytest
from helpers.plans import planned

from glalign.planning.report_stages import DocumentSpec
from glalign.reporting.document import document, make_document
from glalign.reporting.plain_table import ONE_PAGE, write_plain
from glalign.reporting.typesetting import DEBIAN
from glalign.support.errors import UserError

SUBTITLE = "demo: người đi bộ, ba lô & ghế đẩu"
SPEC = DocumentSpec(title="Tables", subtitle=SUBTITLE, tables=("results/one.tex", "results/two.tex"))
ENGINE = """#!{python}
import os, pathlib, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
name = pathlib.Path(sys.argv[-1]).stem
pathlib.Path(f"{{name}}.log").write_text({log!r}, encoding="utf-8")
limits = f"{{sys.argv[1:]}} {{os.environ['openin_any']}} {{os.environ['openout_any']}} {{sorted(os.listdir())}}"
text = pathlib.Path(sys.argv[-1]).read_text(encoding="utf-8")
pathlib.Path(f"{{name}}.pdf").write_text(text + limits, encoding="utf-8")
sys.exit({status}) if {status} >= 0 else os.kill(os.getpid(), -({status}))
"""


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """Stands in for lualatex: a log and a status to order."""

    def order(log: str = "", status: int = 0) -> None:
        program = tmp_path / "bin" / "lualatex"
        program.parent.mkdir(exist_ok=True)
        program.write_text(ENGINE.format(python=sys.executable, log=log, status=int(status)), encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent))

    return order


def make(folder: Path) -> Path:
    for table in ("one", "two"):
        if not (folder / f"{table}.tex").exists():
            (folder / f"{table}.tex").write_text("x", encoding="utf-8")
    make_document(SPEC, folder / "tables.tex", folder / "tables.pdf", folder / "logs" / "tables.log")
    return folder / "tables.pdf"


def test_the_document_reads_every_table_and_names_profile_and_data():
    text = document(SPEC, Path("results/tables.tex"))
    assert text.startswith("% generated: snakemake --cores 1 results/tables.pdf\n")
    assert [line for line in text.splitlines() if "input" in line] == [r"\input{one.tex}", r"\input{two.tex}"]
    assert r"\large demo: người đi bộ, ba lô \& ghế đẩu}" in text
    for package in ("booktabs", "siunitx", "threeparttable", "adjustbox", "longtable"):
        assert rf"\usepackage{{{package}}}" in text


def test_the_plan_gives_it_every_latex_table_of_the_suite_and_makes_it_on_request_only():
    plan = planned()
    job = plan.job("document")
    assert set(job.inputs) == {path for path in plan.targets() if path.endswith(".tex")}
    assert [Path(path).stem for path in job.inputs[:11]] == [f"table{number}" for number in range(1, 12)]
    assert job.spec.subtitle == "demo: synthetic people"
    assert "results/tables.pdf" not in plan.targets()


def test_the_engine_starts_no_program_and_sees_a_folder_of_its_own(engine, tmp_path):
    engine()
    written = make(tmp_path).read_text(encoding="utf-8").rpartition("\\end{document}")[2]
    assert "--no-shell-escape" in written and "--nosocket" in written
    assert written.endswith("p p ['one.tex', 'tables.log', 'tables.pdf', 'tables.tex', 'two.tex']")
    assert not (tmp_path / "tables.log").exists()


def test_a_table_that_is_missing_or_whose_name_is_latex_is_refused(engine, tmp_path):
    engine()
    with pytest.raises(UserError, match=r"one\.tex: no such file; run the workflow"):
        make_document(SPEC, tmp_path / "tables.tex", tmp_path / "tables.pdf", None)
    for name in ("|touch x", "a}\\directlua{x}.tex", "../a b.tex", ".tex"):
        with pytest.raises(UserError, match="no name of a table of the suite"):
            document(SPEC.model_copy(update={"tables": (name,)}), Path("tables.tex"))


def test_a_finished_run_leaves_the_pdf_and_the_transcript(engine, tmp_path):
    engine("This is LuaHBTeX\nOverfull \\hbox (3.0pt too wide)\n")
    assert make(tmp_path).read_text(encoding="utf-8").startswith("% generated")
    assert "LuaHBTeX" in (tmp_path / "logs" / "tables.engine.log").read_text(encoding="utf-8")
    make_document(SPEC, tmp_path / "by_hand.tex", tmp_path / "tables.pdf", None)
    assert "LuaHBTeX" in (tmp_path / "by_hand.engine.log").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("log", "status", "message"),
    [
        ("./tables.tex:9: Undefined control sequence.\nl.9 \\foo", 1, r"tables\.tex:9: Undefined control.*engine\.log"),
        ("! LaTeX Error: File `siunitx.sty' not found.", 1, r"no siunitx\.sty; on Debian and Ubuntu: apt-get install"),
        ("", 3, "lualatex ended with status 3"),
        ("", -signal.SIGKILL, "lualatex was stopped by SIGKILL"),
        ("", -signal.SIGXFSZ, r"a file cannot be written.*ulimit -f"),
        ("Missing character: There is no ế (U+1EBF) in font cmr10!", 0, "There is no ế"),
    ],
)
def test_what_the_engine_complains_of_is_told_and_leaves_no_pdf(engine, tmp_path, log, status, message):
    engine(log, status)
    with pytest.raises(UserError, match=message):
        make(tmp_path)
    assert not list(tmp_path.glob("*tables.pdf*"))
    assert (tmp_path / "logs" / "tables.engine.log").read_text(encoding="utf-8") == log


def test_a_missing_engine_names_the_packages(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=f"lualatex is not installed; on Debian and Ubuntu: {DEBIAN}"):
        make(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.tex", "two.tex"]


def plain(folder: Path, name: str, rows: int) -> str:
    cells = [{"method": f"Số {row}", "value": "1"} for row in range(rows)]
    heads = {"method": ("Method", str), "value": ("Value", str)}
    write_plain(cells, heads, "Bảng số & 1", folder / f"{name}.csv", folder / f"{name}.tex", "A note.")
    return (folder / f"{name}.tex").read_text(encoding="utf-8")


def test_a_table_longer_than_a_page_is_one_that_breaks(tmp_path):
    assert "longtable" not in plain(tmp_path, "one", ONE_PAGE)
    text = plain(tmp_path, "two", ONE_PAGE + 1)
    assert text.count(r"\begin{longtable}") == 1
    assert "adjustbox" not in text
    assert "A note." in text
    assert r"\providecommand{\glalignlabel}{tab:glalign-two}" in text


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("lualatex") is None, reason="no TeX here")
def test_vietnamese_letters_and_long_tables_survive_and_the_bytes_are_the_same(tmp_path):
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        for name, rows in (("one", 5), ("two", 100)):
            plain(folder, name, rows)
        make(folder)
    words = (tmp_path / "a" / "logs" / "tables.engine.log").read_text(encoding="utf-8")
    assert "Output written on" in words
    assert "Float too large" not in words
    assert (tmp_path / "a" / "tables.pdf").read_bytes() == (tmp_path / "b" / "tables.pdf").read_bytes()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("lualatex") is None, reason="no TeX here")
@pytest.mark.parametrize(
    ("attack", "stopped"),
    [
        (r"\directlua{local f = io.open([[FILE]], [[w]]) f:write([[x]]) f:close()}", True),
        (r"\directlua{os.execute([[touch FILE]])}", False),
        (r"\directlua{io.popen([[touch FILE]])}", False),
        (r"\directlua{os.rename([[tables.log]], [[FILE]])}", False),
        (r"\immediate\write18{touch FILE}", False),
        (r"\newwrite\out\immediate\openout\out=FILE\immediate\write\out{x}", True),
        (r"\input{FILE.secret}", True),
    ],
    ids=["lua writes", "lua executes", "lua opens a pipe", "lua renames", "write18", "openout", "input"],
)
def test_a_command_that_got_into_a_table_writes_and_reads_no_file_elsewhere(tmp_path, attack, stopped):
    (tmp_path / "tables").mkdir()
    target = tmp_path / "planted"
    Path(f"{target}.secret").write_text("secret", encoding="utf-8")
    (tmp_path / "tables" / "one.tex").write_text(attack.replace("FILE", str(target)) + "text", encoding="utf-8")
    if stopped:
        with pytest.raises(UserError, match=r"tables\.tex: "):
            make(tmp_path / "tables")
    else:
        make(tmp_path / "tables")
    assert {path.name for path in tmp_path.iterdir()} == {"tables", "planted.secret"}
