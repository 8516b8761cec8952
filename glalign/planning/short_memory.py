"""Warnings, before the first job runs, about jobs that need more memory than the machine has."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from glalign.planning.job_memory import MB
from glalign.planning.plan import STAGES, Plan

LIMIT = Path("/sys/fs/cgroup/memory.max")
"""File with the memory limit of a container (cgroup v2)."""


def machine_memory() -> int:
    """Megabytes of memory of this machine, or of the container."""
    found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):  # no such limit, or "max"
        found = min(found, int(LIMIT.read_text(encoding="ascii")))
    return found // MB


def short_memory(plan: Plan, files: Iterable[str], available: int) -> list[str]:
    """A line if jobs that make some of `files` need more than the `available` megabytes; else none.

    A job's number is an upper bound: it may fit all the same.
    """
    known, needs = plan.makers, dict[str, int]()
    for stage, key in dict.fromkeys(known[file] for file in files if file in known):
        if (need := STAGES[stage].memory_of(plan.jobs[stage][key])) > available:
            needs[f"{stage} {key}"] = need
    if not needs:
        return []
    largest = max(needs, key=lambda job: needs[job])
    others = f" and {more} other job{'s' if more > 1 else ''}" if (more := len(needs) - 1) else ""
    return [
        f"memory: {largest}{others} may need up to {needs[largest]} MB, this machine has {available}; a job that does "
        "not fit is killed: run it on a machine with more memory"
    ]
