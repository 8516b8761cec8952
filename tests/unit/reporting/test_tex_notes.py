"""Notes below a table: what is set in LaTeX is read back as plain text, in each of its forms."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glalign.reporting import claims, latex, matrix, mcnemar, nuisance, sensitivity, translation
from glalign.reporting.plain_table import ONE_PAGE, write_tex
from glalign.reporting.tex_notes import NEW_LINE, listed, plain_notes, plain_text
from glalign.reporting.tex_text import escape
from glalign.support.one_line import one_line

HOSTILE = r"\par\medskip 100 % of {a_b} & #1 $x$ ~^ \\ [*] \end{tablenotes}"
WRITTEN = (
    claims.NOTES, mcnemar.NOTES, nuisance.NOTES, sensitivity.NOTES, translation.NOTES, matrix.NOTES, latex.EXTENDED,
    latex.DRAWS,
)  # fmt: skip


@settings(deadline=None)
@given(st.text().filter(lambda text: "--" not in text))
def test_an_escaped_text_is_read_as_it_is(text: str) -> None:
    assert plain_text(escape(text)) == one_line(text).strip()


@pytest.mark.parametrize("note", WRITTEN)
def test_nothing_of_the_suites_own_notes_stays_latex(note: str) -> None:
    assert not set("\\${}") & set(plain_text(note))


@pytest.mark.parametrize("rows", [1, ONE_PAGE + 1])
def test_paragraphs_below_a_table(tmp_path: Path, rows: int) -> None:
    notes = ("first: 5\\,\\%", escape(HOSTILE), escape("last"))
    cells = [{"a": HOSTILE}] * rows
    write_tex(cells, {"a": ("A", escape)}, "Title.", tmp_path / "t.tex", NEW_LINE.join(notes))
    found = plain_notes((tmp_path / "t.tex").read_text(encoding="utf-8"))
    assert found == ("first: 5\u202f%", HOSTILE, "last")


@pytest.mark.parametrize("rows", [1, ONE_PAGE + 1])
def test_a_table_without_notes(tmp_path: Path, rows: int) -> None:
    write_tex([{"a": "b"}] * rows, {"a": ("A", escape)}, "Title.", tmp_path / "t.tex")
    assert plain_notes((tmp_path / "t.tex").read_text(encoding="utf-8")) == ()


def test_a_list_below_a_table() -> None:
    set_ = latex.scaled("\\begin{tabular}{l}\n\\end{tabular}\n", ["{--}: not run.", escape(HOSTILE)])
    assert plain_notes(set_) == ("–: not run.", HOSTILE)
    assert listed([]) == ""
    assert plain_notes("% a table\n") == ()
