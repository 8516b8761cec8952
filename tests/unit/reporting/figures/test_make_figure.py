"""The figures as LaTeX and, where it is installed, as PDF."""

import shutil
import subprocess
from pathlib import Path

import pytest
from helpers.figures import LETTERS, failure_data, parsing_data, phrase, pictures

from glalign.contract.figures import FailureFigure, ParsingFigure
from glalign.contract.records import Record
from glalign.contract.regions import REGIONS
from glalign.planning.figure_stages import ExamplesSpec, FigureSpec
from glalign.reporting.figures import failure_drawing, parsing_drawing
from glalign.reporting.figures.drawing import document
from glalign.reporting.figures.examples import make_examples
from glalign.reporting.figures.failure_examples import case
from glalign.reporting.figures.make_figure import included, make_figure
from glalign.reporting.figures.parsing_examples import block
from glalign.support.errors import UserError

QUERIES = [*({} for _ in range(11)), {"full": 2, "causes": ["occlusion"]}]


def examples(root: Path, shown: bool = True) -> ExamplesSpec:
    phrases = {("p/0.jpg", 0): [phrase(LETTERS, "mũ đỏ", "HEAD"), phrase(LETTERS, "ba lô_100%", "OTHERS")]}
    parsing = parsing_data(root, [Record("p/0.jpg", 1, "test", (LETTERS,))], phrases, shown=shown)
    failures = [failure_data(root, QUERIES, "occlusion", shown=shown)]
    failures.append(failures[0].model_copy(update={"note": "no data & no example", "title": "Poor light"}))
    return ExamplesSpec(parsing=(parsing,), failures=tuple(failures), data_note="synthetic people")


def records(spec: ExamplesSpec) -> tuple[ParsingFigure, FailureFigure]:
    common = {"rule": "A rule.", "data_note": spec.data_note}
    parsing = ParsingFigure(blocks=tuple(map(block, spec.parsing)), **common)
    return parsing, FailureFigure(cases=tuple(map(case, spec.failures)), **common)


def test_the_drawings_name_what_they_mark_and_whose_data_they_show(tmp_path):
    parsing, failures = records(examples(tmp_path))
    second, third = parsing_drawing.draw(parsing), failure_drawing.draw(failures)
    for text in (second.body, third.body):
        assert "People (synthetic people)" in text
    for region in REGIONS:
        assert f"}} {region}" in second.body  # the legend
    assert r"\textbf{mũ đỏ}\textsubscript{" in second.body
    assert r"ba lô\_100\%" in second.body and r"ba lô\_100\%" in third.body
    assert second.maps == {"map0.png": ("d", "p/0.jpg")}
    assert (third.body.count(r": \textbf{hit}"), third.body.count(r": \textbf{miss}")) == (2, 4)
    assert third.body.count(r"\dashbox") == 4
    assert r"Poor light}" in third.body and r"No example: no data \& no example." in third.body


def test_data_that_may_not_be_shown_are_names(tmp_path):
    spec = examples(tmp_path, shown=False)
    parsing, failures = records(spec)
    for drawing in (parsing_drawing.draw(parsing), failure_drawing.draw(failures)):
        assert not drawing.images and not drawing.maps
        assert "0.jpg" in drawing.body and "mũ đỏ" not in drawing.body
    for caption in (parsing_drawing.caption(parsing), failure_drawing.caption(failures)):
        assert "Captions and images of People are left out: page.permitted does not name them." in caption


def test_the_file_that_includes_a_figure_has_its_rule_and_the_hooks_of_the_tables(tmp_path):
    parsing, _ = records(examples(tmp_path))
    text = included(Path("results/figure2.pdf"), parsing_drawing.caption(parsing))
    assert text.startswith("% generated: snakemake --cores 1 results/figure2.pdf\n")
    assert r"\includegraphics[width=\linewidth]{figure2.pdf}" in text
    assert "A rule. Data: synthetic people." in text
    assert r"\providecommand{\glalignlabel}{fig:glalign-figure2}" in text


def make(root: Path, figure: str, spec: ExamplesSpec) -> Path:
    make_examples(spec, root / "figure2.json", root / "figure3.json")
    shown = {"d": str(root / "imgs")}, {"d": str(root / "parts")}
    drawn = FigureSpec(figure=figure, examples=str(root / f"figure{figure}.json"), images=shown[0], parts=shown[1],
                       dress="both")  # fmt: skip
    make_figure(drawn, root / f"figure{figure}.pdf", root / f"figure{figure}.tex", None)
    return root / f"figure{figure}.pdf"


def test_an_image_that_cannot_be_read_is_named(tmp_path):
    pictures(tmp_path, [f"p/{number}.jpg" for number in range(12)])
    (tmp_path / "imgs" / "p" / "1.jpg").write_bytes(b"no image")
    with pytest.raises(UserError, match=r"p/1\.jpg: cannot be shown in a figure"):
        make(tmp_path, "3", examples(tmp_path))
    assert not list(tmp_path.glob("*.pdf"))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("lualatex") is None, reason="no TeX here")
def test_texts_are_texts_letters_survive_and_the_bytes_are_the_same(tmp_path):
    made = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        pictures(folder, [f"p/{number}.jpg" for number in range(12)])
        made.append([make(folder, figure, examples(folder)).read_bytes() for figure in "23"])
    assert made[0] == made[1]
    if shutil.which("pdftotext"):
        for figure in "23":
            command = ["pdftotext", "-raw", tmp_path / "a" / f"figure{figure}.pdf", "-"]
            text = " ".join(subprocess.run(command, capture_output=True, check=True).stdout.decode().split())
            assert "Một người phụ nữ đội mũ đỏ" in text
    figure = tmp_path / "a" / "paper.tex"
    figure.write_text(
        "\\documentclass[twocolumn]{article}\\usepackage{graphicx}\\begin{document}\n"
        "\\input{figure2.tex}\\input{figure3.tex}\n\\end{document}\n",
        encoding="utf-8",
    )
    subprocess.run(["lualatex", "-interaction=batchmode", "-halt-on-error", figure.name], cwd=figure.parent, check=True)


def test_a_drawing_is_a_page_of_its_own_size(tmp_path):
    parsing, _ = records(examples(tmp_path))
    text = document(parsing_drawing.draw(parsing))
    assert text.count(r"\shipout") == 1 and r"\pagewidth=\dimexpr\wd0" in text
