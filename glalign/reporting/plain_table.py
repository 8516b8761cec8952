"""Writers of tables: CSV of all columns, and LaTeX of the columns that fit, for tables without the paper's columns."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from glalign.evaluation.metrics import half_up
from glalign.reporting.tex_frame import CAPTION, LABEL, forget, framed, hooks
from glalign.reporting.tex_notes import below, below_pages
from glalign.reporting.tex_text import comment, escape, label
from glalign.storage.whole_files import write_text

Heads = Mapping[str, tuple[str, Callable[[str], str]]]
"""Column -> (head in LaTeX, its cells in LaTeX), in the order of the LaTeX; columns of `escape` are aligned left."""

ONE_PAGE = 44  # rows that fit on a page of tables.pdf


def number(places: int, unit: int = 1) -> Callable[[str], str]:
    """A formatter of numbers: it divides by `unit` and rounds to `places` decimals.

    >>> number(1, 10**6)("1250000")
    '1.3'
    """
    return lambda text: half_up(Fraction(text) / unit, places)


def target_of(path: Path) -> str:
    """The path that a file's comment names as the target of Snakemake: the same bytes in every directory."""
    return path.name if path.is_absolute() else path.as_posix()


def write_csv(rows: Any, path: Path) -> None:
    """Write rows (mappings, or a frame of pandas) as CSV: UTF-8, LF, the columns in the order of the first row."""
    import pandas as pd  # noqa: PLC0415

    write_text(path, pd.DataFrame(rows, dtype=object).to_csv(index=False, lineterminator="\n"))


def write_plain(
    rows: Sequence[Mapping[str, str]], heads: Heads, title: str, csv: Path, tex: Path, notes: str = ""
) -> None:
    """Write `rows` as CSV, and the columns of `heads` as LaTeX (`write_tex`)."""
    write_csv(rows, csv)
    write_tex(rows, heads, title, tex, notes)


def write_tex(rows: Sequence[Mapping[str, str]], heads: Heads, title: str, tex: Path, notes: str = "") -> None:
    """Write the columns of `heads` as LaTeX, with dashes for empty cells. notes: LaTeX below it."""
    cells = [[show(row[name]) if row[name] else "--" for name, (_, show) in heads.items()] for row in rows]
    layout = "".join("l" if show is escape else "r" for _, show in heads.values())
    write_text(tex, booktabs([head for head, _ in heads.values()], cells, layout, title, tex, notes))


def booktabs(
    heads: Sequence[str], cells: Sequence[Sequence[str]], layout: str, title: str, path: Path, notes: str
) -> str:
    """A table of LaTeX cells with booktabs' rules, its caption (plain text) and notes below it.

    It floats in one piece, scaled to the line; one of more than ONE_PAGE rows is a longtable over several pages.
    """
    import pandas as pd  # noqa: PLC0415

    style = pd.DataFrame(cells, columns=list(heads), dtype=object).style.hide(axis="index")
    made = comment(f"generated: snakemake --cores 1 {target_of(path)}")
    values = {CAPTION: escape(title), LABEL: label(path.stem)}
    if len(cells) > ONE_PAGE:
        named = {"caption": CAPTION, "label": LABEL}
        body = style.to_latex(column_format=layout, hrules=True, environment="longtable", **named)
        return (
            f"{made}{comment('needs: booktabs, longtable')}{hooks(values)}"
            "\\begingroup\n\\footnotesize\n\\setlength{\\LTcapwidth}{\\linewidth}\n"
            f"{body}{below_pages(notes)}{forget(tuple(values))}"
        )
    tabular = style.to_latex(column_format=layout, hrules=True)
    body = f"\\footnotesize\n\\begin{{adjustbox}}{{max width=\\linewidth}}\n{tabular}\\end{{adjustbox}}\n{below(notes)}"
    return f"{made}{comment('needs: booktabs, adjustbox')}{framed(body, values[CAPTION], values[LABEL])}"
