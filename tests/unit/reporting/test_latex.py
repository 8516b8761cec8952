"""LaTeX of the tables: marks, escapes, and a real compilation where TeX is installed."""

import re
import shutil
import subprocess

import pytest
from helpers.tables import matrix_row, metrics_file, table_spec

from glalign.reporting.latex import render_latex
from glalign.reporting.tables import table
from glalign.reporting.tex_text import escape


def latex(spec):
    return render_latex(table(spec), spec, "results/table4.tex")


@pytest.fixture
def spec(tmp_path):
    ran = {1: (400, 400, 800), 5: (500, 400, 7), 8: (500, 600, 70)}
    files = {row: metrics_file(tmp_path / f"{row}.json", hits) for row, hits in ran.items()}
    return table_spec(rows={row: {"note": "", "metrics": (file,)} for row, file in files.items()})


def rows(text):
    body = text.split(r"\midrule", 1)[1].split(r"\bottomrule")[0]
    return [line for line in body.splitlines() if line.endswith(r"\\")]


def test_best_is_bold_second_underlined_and_ties_share(spec):
    lines = [[cell.strip() for cell in line.removesuffix(r"\\").split("&")] for line in rows(latex(spec))]
    rank1, rank5, rank10 = ([line[i] for line in lines] for i in (4, 7, 10))
    assert (rank1[1], rank1[5], rank1[8]) == ("50.00", r"\bfseries 62.50", r"\bfseries 62.50")
    assert (rank5[1], rank5[5], rank5[8]) == ("50.00", "50.00", r"\bfseries 75.00")
    assert (rank10[1], rank10[5]) == (r"\bfseries 100.00", "0.88") and "underline{8.75}" in rank10[8]
    assert all("bfseries" not in line[i] for line in lines for i in (3, 6, 9))  # never the paper's
    assert rank1[0] == "{--}" and lines[0][0] == "GNA-RNN [8]"


def test_ablations_and_references_win_nothing(spec, tmp_path):
    extra = matrix_row("oracle", "SE1", [metrics_file(tmp_path / "o.json", (800, 800, 800))])
    line = rows(latex(spec.model_copy(update={"rows": (*spec.rows, extra), "extended": True})))[-1]
    assert line.startswith("ORACLE") and "bfseries" not in line


def test_head_of_the_file(spec):
    text = latex(spec)
    head = text.splitlines()[:3]
    assert all(line.startswith("% ") for line in head)
    assert "profile: demo" in head[0] and "results/table4.tex" in head[1] and "siunitx" in head[2]
    assert "synthetic people" in re.search(r"\\providecommand\{\\glaligncaption\}\{(.*)\}", text).group(1)
    assert "|" not in text.split(r"\begin{tabular}")[1] and r"\hline" not in text


def test_escape():
    assert escape(r"50% & a_b #1 $x$ {y} ~ ^ \z") == (
        r"50\% \& a\_b \#1 \$x\$ \{y\} \textasciitilde{} \textasciicircum{} \textbackslash{}z"
    )


def test_hidden_paper_values_leave_no_column(spec):
    text = latex(spec.model_copy(update={"show_paper_values": False}))
    assert "Paper" not in text and r"\Delta" not in text and "73.38" not in text and "62.50" in text


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX here")
def test_compiles(spec, tmp_path):
    label = {"label": "50% & a_b #1 $x$ {y} ~ ^ \\z"}
    relabelled = tuple(row.model_copy(update=label if place == 1 else {}) for place, row in enumerate(spec.rows))
    parts = []
    for name, changes in (("plain", {}), ("extended", {"extended": True}), ("hidden", {"show_paper_values": False})):
        (tmp_path / f"{name}.tex").write_text(
            latex(spec.model_copy(update={"rows": relabelled, **changes})), encoding="utf-8"
        )
        parts.append(f"\\input{{{name}}}")
    document = "\\documentclass{article}\\usepackage{booktabs,siunitx,threeparttable,adjustbox}\\begin{document}\n"
    (tmp_path / "all.tex").write_text(document + "\n".join(parts) + "\n\\end{document}\n", encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull \\hbox" not in done.stdout
