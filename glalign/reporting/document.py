"""One PDF of all tables: a LaTeX document that reads the suite's .tex files, and the engine that sets it."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glalign.reporting.latex import escape
from glalign.storage.whole_files import whole_file, write_text
from glalign.support.errors import UserError
from glalign.support.progress import log

ENGINE = "lualatex"
"""Its default font, Latin Modern, has every Vietnamese letter, and it reads UTF-8 as it stands."""

DEBIAN = "apt-get install --no-install-recommends texlive-luatex texlive-latex-extra texlive-science"
RUNS = 2
"""The list of tables is read back in the second run."""

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


def make_document(spec: Mapping[str, Any], tex: Path, pdf: Path, transcript: Path) -> None:
    """Write the LaTeX document and its PDF, whole or not at all; the engine's own words go to `transcript`.

    spec: title, subtitle (profile and data), tables (the .tex files, in their order, all in the folder of `tex`).
    Raises: UserError when the engine or a package is missing, or LaTeX finds an error, or a letter has no glyph.
    """
    engine = find_engine()
    write_text(tex, document(spec, tex))
    with tempfile.TemporaryDirectory() as build:
        for _ in range(RUNS):
            _set(engine, tex, Path(build), transcript)
        with whole_file(pdf) as temporary:
            shutil.copyfile(Path(build) / f"{tex.stem}.pdf", temporary)


def find_engine() -> str:
    """Path of the engine. Raises: UserError when it is not installed."""
    engine = shutil.which(ENGINE)
    if engine is None:
        raise UserError(f"{ENGINE} is not installed; on Debian and Ubuntu: {DEBIAN}")
    return engine


def can_typeset() -> bool:
    """Whether the engine and every package of the document are installed."""
    files = [f"{name}.sty" for name in re.findall(r"\\usepackage(?:\[.*\])?\{(\w+)\}", PREAMBLE)]
    finder = shutil.which("kpsewhich")
    if finder is None or shutil.which(ENGINE) is None:
        return False
    return subprocess.run([finder, "article.cls", *files], capture_output=True, check=False).returncode == 0


def document(spec: Mapping[str, Any], tex: Path) -> str:
    """The document: title line, list of tables, every table."""
    target = tex.with_suffix(".pdf")
    shown = target.name if target.is_absolute() else target.as_posix()
    inputs = "".join(f"\\input{{{Path(table).name}}}\n\\FloatBarrier\n" for table in spec["tables"])
    return (
        f"% generated: snakemake --cores 1 {shown}\n{PREAMBLE}"
        f"\\title{{{escape(spec['title'])}\\\\\\large {escape(spec['subtitle'])}}}\n\\author{{}}\n\\date{{}}\n"
        f"\\begin{{document}}\n\\maketitle\n\\listoftables\n\\clearpage\n{inputs}\\end{{document}}\n"
    )


def _set(engine: str, tex: Path, build: Path, transcript: Path) -> None:
    """One run of the engine in the folder of `tex`."""
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", "-file-line-error", "-no-shell-escape",
               f"-output-directory={build}", tex.name]  # fmt: skip
    fixed = {"SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1", "max_print_line": "10000"}
    done = subprocess.run(command, cwd=tex.parent, env={**os.environ, **fixed}, stdin=subprocess.DEVNULL,
                          capture_output=True, check=False)  # fmt: skip
    said = build / f"{tex.stem}.log"
    words = said.read_bytes() if said.exists() else done.stdout + done.stderr
    transcript.parent.mkdir(parents=True, exist_ok=True)
    transcript.write_bytes(words)
    _judge(words.decode("utf-8", "replace"), done.returncode, tex, transcript)


def _judge(words: str, status: int, tex: Path, transcript: Path) -> None:
    """Raise what the engine complained of; an overfull line is only told."""
    if missing := re.search(r"File `([^']+\.(?:sty|cls|def|fd))' not found", words):
        raise UserError(f"{tex}: LaTeX has no {missing.group(1)}; on Debian and Ubuntu: {DEBIAN}")
    if status:
        first = re.search(r"^(?:! .*|\S+:\d+: .*)$", words, re.MULTILINE)
        raise UserError(
            f"{tex}: {first.group() if first else f'{ENGINE} ended with status {status}'}; see {transcript}"
        )
    if lost := re.search(r"^Missing character: .*$", words, re.MULTILINE):
        raise UserError(f"{tex}: {lost.group()} See {transcript}")
    if wide := len(re.findall(r"^Overfull \\hbox", words, re.MULTILINE)):
        log.warning("%s: %d lines are too wide, see %s", tex, wide, transcript)
