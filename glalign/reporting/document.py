"""One PDF of all tables: a LaTeX document that inputs the suite's .tex files, and the engine that typesets it."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from glalign.planning.report_stages import DocumentSpec
from glalign.reporting.latex import escape
from glalign.reporting.plain_table import target_of
from glalign.storage.whole_files import whole_file, write_text
from glalign.support.errors import UserError
from glalign.support.progress import log as logger

ENGINE = "lualatex"  # its default font, Latin Modern, has every Vietnamese letter, and it reads UTF-8
DEBIAN = "apt-get install --no-install-recommends texlive-luatex texlive-latex-extra texlive-science"
RUNS = 2  # the list of tables is read back in the second run

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
    engine, transcript = find_engine(), (log or tex).with_suffix(".engine.log")
    write_text(tex, document(spec, tex))
    with tempfile.TemporaryDirectory() as build:
        for _ in range(RUNS):
            _typeset(engine, tex, Path(build), transcript)
        with whole_file(pdf) as temporary:
            shutil.copyfile(Path(build) / f"{tex.stem}.pdf", temporary)


def find_engine() -> str:
    """Path of the engine. Raises: UserError when it is not installed."""
    if engine := shutil.which(ENGINE):
        return engine
    raise UserError(f"{ENGINE} is not installed; on Debian and Ubuntu: {DEBIAN}")


def can_typeset() -> bool:
    """Whether the engine and every package of the document are installed."""
    files = [f"{name}.sty" for name in re.findall(r"\\usepackage(?:\[.*\])?\{(\w+)\}", PREAMBLE)]
    finder = shutil.which("kpsewhich")
    if finder is None or shutil.which(ENGINE) is None:
        return False
    return subprocess.run([finder, "article.cls", *files], capture_output=True, check=False).returncode == 0


def document(spec: DocumentSpec, tex: Path) -> str:
    """The document: title line, list of tables, every table."""
    inputs = "".join(f"\\input{{{Path(table).name}}}\n\\FloatBarrier\n" for table in spec.tables)
    return (
        f"% generated: snakemake --cores 1 {target_of(tex.with_suffix('.pdf'))}\n{PREAMBLE}"
        f"\\title{{{escape(spec.title)}\\\\\\large {escape(spec.subtitle)}}}\n\\author{{}}\n\\date{{}}\n"
        f"\\begin{{document}}\n\\maketitle\n\\listoftables\n\\clearpage\n{inputs}\\end{{document}}\n"
    )


def _typeset(engine: str, tex: Path, build: Path, transcript: Path) -> None:
    """One run of the engine in the folder of `tex`."""
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", "-file-line-error", "-no-shell-escape",
               f"-output-directory={build}", tex.name]  # fmt: skip
    fixed = {"SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1", "max_print_line": "10000"}
    done = subprocess.run(command, cwd=tex.parent, env={**os.environ, **fixed}, stdin=subprocess.DEVNULL,
                          capture_output=True, check=False)  # fmt: skip
    written = build / f"{tex.stem}.log"
    output = written.read_bytes() if written.exists() else done.stdout + done.stderr
    transcript.parent.mkdir(parents=True, exist_ok=True)
    transcript.write_bytes(output)
    _check_output(output.decode("utf-8", "replace"), done.returncode, tex, transcript)


def _check_output(output: str, status: int, tex: Path, transcript: Path) -> None:
    """Raise the engine's errors as UserErrors; overfull lines are a warning."""
    if missing := re.search(r"File `([^']+\.(?:sty|cls|def|fd))' not found", output):
        raise UserError(f"{tex}: LaTeX has no {missing.group(1)}; on Debian and Ubuntu: {DEBIAN}")
    if status:
        first = re.search(r"^(?:! .*|\S+:\d+: .*)$", output, re.MULTILINE)
        reason = first.group() if first else f"{ENGINE} ended with status {status}"
        raise UserError(f"{tex}: {reason}; see {transcript}")
    if lost := re.search(r"^Missing character: .*$", output, re.MULTILINE):
        raise UserError(f"{tex}: {lost.group()} See {transcript}")
    if wide := len(re.findall(r"^Overfull \\hbox", output, re.MULTILINE)):
        logger.warning("%s: %d lines are too wide, see %s", tex, wide, transcript)
