"""One PDF of all tables: a LaTeX document that inputs the suite's .tex files."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from glalign.config.typed_json import NOT_MADE
from glalign.planning.report_stages import DocumentSpec
from glalign.reporting.plain_table import target_of
from glalign.reporting.tex_text import comment, escape
from glalign.reporting.typesetting import ENGINE, LOCK, find_engine, typeset
from glalign.storage.whole_files import read_text, write_text
from glalign.support.errors import UserError

RUNS = 2  # the list of tables is read back in the second run
TABLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.tex")

PREAMBLE = r"""\documentclass[10pt,a4paper]{article}
\pdfvariable suppressoptionalinfo 512 % no id made from time and place: the same tables give the same bytes
\usepackage[landscape,margin=18mm]{geometry}
\usepackage{fontspec}
\usepackage{booktabs}
\usepackage{siunitx}[2021/05/17]
\usepackage{threeparttable}
\usepackage{adjustbox}
\usepackage{longtable}
\usepackage{placeins}
"""


def make_document(spec: DocumentSpec, tex: Path, pdf: Path, log: Path | None) -> None:
    """Write the LaTeX document and its PDF, whole or not at all.

    The tables are in the folder of `tex`. The engine's transcript goes to NAME.engine.log beside the job's `log`, or
    beside `tex` where there is none. Raises: UserError when the engine or a package is missing, LaTeX finds an error,
    or a letter has no glyph.
    """
    find_engine()
    write_text(tex, document(spec, tex))
    with tempfile.TemporaryDirectory() as build:
        for name in (tex.name, *table_names(spec)):
            write_text(Path(build) / name, read_text(tex.parent / name, NOT_MADE))
        typeset(tex, Path(build), pdf, (log or tex).with_suffix(".engine.log"), RUNS)


def can_typeset() -> bool:
    """Whether the engine and every package of the document are installed."""
    files = [f"{name}.sty" for name in re.findall(r"\\usepackage(?:\[.*\])?\{(\w+)\}", PREAMBLE)]
    finder = shutil.which("kpsewhich")
    if finder is None or shutil.which(ENGINE) is None:
        return False
    return subprocess.run([finder, "article.cls", *files], capture_output=True, check=False).returncode == 0


def table_names(spec: DocumentSpec) -> list[str]:
    """Names of the tables' files. Raises: UserError for one that \\input would not read as a name."""
    names = [Path(table).name for table in spec.tables]
    for name in names:
        if not TABLE.fullmatch(name):
            raise UserError(f"{name!r}: no name of a table of the suite; name it of letters, digits and _ . -")
    return names


def document(spec: DocumentSpec, tex: Path) -> str:
    """The document: title line, list of tables, every table."""
    inputs = "".join(f"\\input{{{name}}}\n\\FloatBarrier\n" for name in table_names(spec))
    head = comment(f"generated: snakemake --cores 1 {target_of(tex.with_suffix('.pdf'))}")
    return (
        f"{head}{PREAMBLE}{LOCK}"
        f"\\title{{{escape(spec.title)}\\\\\\large {escape(spec.subtitle)}}}\n\\author{{}}\n\\date{{}}\n"
        f"\\begin{{document}}\n\\maketitle\n\\listoftables\n\\clearpage\n{inputs}\\end{{document}}\n"
    )
