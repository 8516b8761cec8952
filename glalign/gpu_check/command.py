"""`glalign gpu-check`: runs the parts, prints their lines, writes them."""

import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import torch

from glalign.gpu_check.lines import BAD, Line, Setting
from glalign.gpu_check.parts import NAMES, all_parts
from glalign.gpu_check.running import run_parts
from glalign.storage.whole_files import write_json
from glalign.support.errors import UserError, suggestion
from glalign.support.torch_settings import prepare

THREADS = 4
"""Threads of torch beside a GPU, as in the paper profile; on a CPU that others use one is the fastest."""

LONGEST = 24 * 60
"""Minutes of a check at most; a timer takes no infinity."""

NO_DEVICE = "no CUDA device; `--device cpu --small` tries the check itself"


def gpu_check(
    device: str,
    *,
    small: bool = False,
    minutes: float = 8.0,
    only: Collection[str] = (),
    json: Path | None = None,
    say: Callable[[str], object] = print,
) -> bool:
    """Run the check, say each line as it comes; return whether none is bad. only: names of parts; empty for all.

    The JSON file is written anew, whole, after each line. Without a CUDA device the check is left out.
    """
    started = time.monotonic()
    if not 0 <= minutes <= LONGEST:  # nor NaN
        raise UserError(f"--minutes {minutes:g}: choose a number from 0 to {LONGEST}")
    for name in only:
        if name not in NAMES:
            raise UserError(f"--only {name}: no such part; {suggestion(name, NAMES)}")
    if device == "cuda" and not torch.cuda.is_available():
        lines = [Line("device", device, "left out", NO_DEVICE)]
        say(str(lines[0]))
        report(json, lines, started)
        return True
    # Strict float32 and deterministic kernels are the defaults of `prepare`.
    setting = Setting(prepare(THREADS if device == "cuda" else 1, device), small)
    parts = [part for part in all_parts(small) if not only or part.name in only]
    lines = []
    for line in run_parts(parts, setting, 60 * minutes - (time.monotonic() - started)):
        lines.append(line)
        say(str(line))
        report(json, lines, started)
    counts = {
        verdict: sum(line.verdict == verdict for line in lines) for verdict in dict.fromkeys(x.verdict for x in lines)
    }
    seconds = time.monotonic() - started
    say(f"{', '.join(f'{count} {verdict}' for verdict, count in counts.items())} in {seconds:.0f} s")
    return not any(line.verdict in BAD for line in lines)


def report(path: Path | None, lines: list[Line], started: float) -> None:
    """Write the lines with the time that the check took so far."""
    if path:
        found: dict[str, Any] = {"seconds": round(time.monotonic() - started, 1)}
        write_json(path, found | {"lines": [line.to_json() for line in lines]})
