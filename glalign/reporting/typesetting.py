"""The engine that typesets LaTeX: what it may read and write, and how its errors are told.

It works in a folder of its own, with copies of what it reads. It starts no program and writes no file elsewhere. The
texts of users that it reads are escaped already (tex_text.py).
"""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

from glalign.storage.whole_files import whole_file
from glalign.support.errors import UserError
from glalign.support.progress import log as logger

ENGINE = "lualatex"  # its default font, Latin Modern, has every Vietnamese letter, and it reads UTF-8
DEBIAN = "apt-get install --no-install-recommends texlive-luatex texlive-latex-extra texlive-science"
OPTIONS = ("-interaction=nonstopmode", "-halt-on-error", "-file-line-error", "--no-shell-escape", "--nosocket")
PARANOID = {"openin_any": "p", "openout_any": "p"}
"""TeX opens no file above its working folder and no hidden one, whatever texmf.cnf allows."""

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


def find_engine() -> str:
    """Path of the engine. Raises: UserError when it is not installed."""
    if engine := shutil.which(ENGINE):
        return engine
    raise UserError(f"{ENGINE} is not installed; on Debian and Ubuntu: {DEBIAN}")


def typeset(tex: Path, build: Path, pdf: Path, transcript: Path, runs: int) -> None:
    """Typeset the file in the folder `build` that has the name of `tex`, `runs` times, and write the PDF.

    transcript: file for what the engine wrote. Raises: UserError, which names `tex`, when the engine or a package is
    missing, LaTeX finds an error, or a letter has no glyph.
    """
    engine = find_engine()
    for _ in range(runs):
        _run(engine, tex, build, transcript)
    with whole_file(pdf) as temporary:
        shutil.copyfile(build / f"{tex.stem}.pdf", temporary)


def _run(engine: str, tex: Path, build: Path, transcript: Path) -> None:
    fixed = {"SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1", "max_print_line": "10000", **PARANOID}
    done = subprocess.run([engine, *OPTIONS, tex.name], cwd=build, env={**os.environ, **fixed},
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)  # fmt: skip
    written = build / f"{tex.stem}.log"
    output = written.read_bytes() if written.exists() else done.stdout + done.stderr
    transcript.parent.mkdir(parents=True, exist_ok=True)
    transcript.write_bytes(output)
    _check_output(output.decode("utf-8", "replace"), done.returncode, tex, transcript)


def _describe_end(status: int) -> str:
    """How a process ended whose return code is `status`; negative is a signal, as in subprocess."""
    if status == -signal.SIGXFSZ:
        return "stopped: a file cannot be written, it would be larger than this shell allows (ulimit -f)"
    return f"was stopped by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"


def _check_output(output: str, status: int, tex: Path, transcript: Path) -> None:
    """Raise the engine's errors as UserErrors; overfull lines are a warning."""
    if missing := re.search(r"File `([^']+\.(?:sty|cls|def|fd))' not found", output):
        raise UserError(f"{tex}: LaTeX has no {missing.group(1)}; on Debian and Ubuntu: {DEBIAN}")
    if status:
        first = re.search(r"^(?:! .*|\S+:\d+: .*)$", output, re.MULTILINE)
        reason = first.group() if first else f"{ENGINE} {_describe_end(status)}"
        raise UserError(f"{tex}: {reason}; see {transcript}")
    if lost := re.search(r"^Missing character: .*$", output, re.MULTILINE):
        raise UserError(f"{tex}: {lost.group()} See {transcript}")
    if wide := len(re.findall(r"^Overfull \\hbox", output, re.MULTILINE)):
        logger.warning("%s: %d lines are too wide, see %s", tex, wide, transcript)
