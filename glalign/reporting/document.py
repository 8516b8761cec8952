"""One PDF of all tables: a LaTeX document that inputs the suite's .tex files, and the engine that typesets it.

The engine works in a folder of its own, with copies of the tables. It starts no program and writes no file
elsewhere. The texts of users that it reads are escaped already (tex_text.py).
"""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from glalign.config.typed_json import NOT_MADE
from glalign.planning.report_stages import DocumentSpec
from glalign.reporting.plain_table import target_of
from glalign.reporting.tex_text import comment, escape
from glalign.storage.whole_files import read_text, whole_file, write_text
from glalign.support.errors import UserError
from glalign.support.progress import log as logger

ENGINE = "lualatex"  # its default font, Latin Modern, has every Vietnamese letter, and it reads UTF-8
DEBIAN = "apt-get install --no-install-recommends texlive-luatex texlive-latex-extra texlive-science"
OPTIONS = ("-interaction=nonstopmode", "-halt-on-error", "-file-line-error", "--no-shell-escape", "--nosocket")
PARANOID = {"openin_any": "p", "openout_any": "p"}
"""TeX opens no file above its working folder and no hidden one, whatever texmf.cnf allows."""

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
LOCK = r"""% Fonts are loaded here, where luaotfload can still write its cache.
\setbox0\hbox{\footnotesize x{\bfseries x}\normalsize x{\bfseries x}\large x{\bfseries x}\Large\bfseries x\LARGE x}
% What --safer takes from Lua, with which luaotfload does not start.
\directlua{
  local open, nothing = io.open, function() return nil, "switched off" end
  io.open = function(name, mode)
    if mode == nil or mode == "r" or mode == "rb" then return open(name, mode) end
    return nothing()
  end
  for library, names in pairs{
    io = {"popen", "output", "tmpfile"},
    os = {"execute", "exec", "spawn", "kill", "setenv", "remove", "rename", "tmpname", "tmpdir"},
    lfs = {"chdir", "link", "lock", "mkdir", "rmdir", "setmode", "touch", "unlock"},
    gzip = {"open"}, package = {"loadlib"}, debug = {"getupvalue", "getlocal", "getregistry"}
  } do for _, name in ipairs(names) do if _G[library] then _G[library][name] = nothing end end end
  mplib, ffi = nil
}
"""
"""Nothing that is set after it writes a file or starts a program from Lua."""


def make_document(spec: DocumentSpec, tex: Path, pdf: Path, log: Path | None) -> None:
    """Write the LaTeX document and its PDF, whole or not at all.

    The tables are in the folder of `tex`. The engine's transcript goes to NAME.engine.log beside the job's `log`, or
    beside `tex` where there is none. Raises: UserError when the engine or a package is missing, LaTeX finds an error,
    or a letter has no glyph.
    """
    engine, transcript = find_engine(), (log or tex).with_suffix(".engine.log")
    write_text(tex, document(spec, tex))
    with tempfile.TemporaryDirectory() as build:
        for name in (tex.name, *table_names(spec)):
            write_text(Path(build) / name, read_text(tex.parent / name, NOT_MADE))
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


def _typeset(engine: str, tex: Path, build: Path, transcript: Path) -> None:
    """One run of the engine on the document in the folder `build`."""
    fixed = {"SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1", "max_print_line": "10000", **PARANOID}
    done = subprocess.run([engine, *OPTIONS, tex.name], cwd=build, env={**os.environ, **fixed},
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)  # fmt: skip
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
