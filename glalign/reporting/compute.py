"""What a run took: compute.csv, a row per job and one for Snakemake, and where the time went, by kind."""

import logging
import os
import resource
import time
from collections import defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path

from glalign.config.typed_json import read_typed
from glalign.contract.results import JobTimes, RunRecord
from glalign.planning.job_times import RUN, read_times
from glalign.planning.plan import STAGES, Plan
from glalign.reporting.plain_table import write_csv
from glalign.support.clock import KINDS
from glalign.support.errors import UserError

SNAKEMAKE = "snakemake"
"""In place of a stage: what Snakemake takes for itself. Its start, the plan, and the time between jobs."""

COUNTS = ("parameters", "steps", "pairs")


def report_times(plan: Plan, logger: logging.Logger) -> None:
    """Write compute.csv and log where the time of this run went. An error is a warning: no job reads the times."""
    try:
        for line in write_compute(plan, float(os.environ[RUN])):
            logger.info(line)
    except UserError as error:
        logger.warning(f"warning: compute.csv is not written: {error}")


def write_compute(plan: Plan, run: float) -> list[str]:
    """Write compute.csv at the end of a run of the workflow; return lines about where its time went.

    Every job of the plan that has run has a row. run: when the workflow's process started, seconds since 1970. With one
    core the rows of that run add up to the time since then; with several, jobs overlap and Snakemake's row has the time
    in which none ran. No lines where the run had no jobs.
    """
    jobs = list(read_times(plan))
    spans = [(times.started, times.started + times.wall) for *_, times in jobs if times.run == run]
    used = resource.getrusage(resource.RUSAGE_SELF)
    own = JobTimes(
        run=run,
        started=run,
        wall=uncovered(run, time.time(), spans),
        cpu=used.ru_utime + used.ru_stime,
        peak_mib=None,
        seconds={},
    )
    rows = [_row(plan, *one) for one in [*jobs, (SNAKEMAKE, "", own)]]
    write_csv(rows, Path(plan.paths.results) / "compute.csv")
    mine = [(stage, times) for stage, _, times in jobs if times.run == run]
    return where_time_went([*mine, (SNAKEMAKE, own)]) if mine else []


def times_behind(plan: Plan, jobs: Collection[tuple[str, str]]) -> list[str]:
    """Lines about where the time of these jobs (stage, key) went, those that have run."""
    return where_time_went([(stage, times) for stage, key, times in read_times(plan) if (stage, key) in jobs])


def where_time_went(jobs: Iterable[tuple[str, JobTimes]]) -> list[str]:
    """One line per kind, the largest first; none without jobs. What is of no kind counts for its stage: `phrases`."""
    spent: defaultdict[str, float] = defaultdict(float)
    count, cpu = 0, 0.0
    for stage, times in jobs:
        count, cpu = count + (stage != SNAKEMAKE), cpu + times.cpu
        for kind, seconds in (times.seconds or {"other": times.wall}).items():
            spent[stage if kind == "other" else kind] += seconds
    total = sum(spent.values())
    if not total:
        return []
    ordered = sorted(spent.items(), key=lambda item: (-item[1], item[0]))
    lines = [f"{value:8.1f} s {value / total:6.1%}  {what}" for what, value in ordered if value >= 0.05]
    return [f"{total:.1f} s, {cpu:.1f} s of CPU, {count} job{'s' * (count != 1)}", *lines]


def uncovered(start: float, end: float, spans: Iterable[tuple[float, float]]) -> float:
    """Length of the part of [start, end] that no span covers.

    >>> uncovered(0, 10, [(1, 4), (2, 3), (3.5, 6), (8, 12)])
    3.0
    """
    left, reached = 0.0, start
    for low, high in sorted(spans):
        left += max(0.0, min(low, end) - reached)
        reached = max(reached, min(high, end))
    return left + (end - reached)


def job_cells(stage: str, key: str, times: JobTimes) -> dict[str, str]:
    """The cells of a job's row of compute.csv, apart from what a training trained."""
    cells = {"stage": stage, "job": key, "run": "" if times.run is None else f"{times.run:.2f}"}
    cells |= {"wall_s": f"{times.wall:.2f}", "cpu_s": f"{times.cpu:.2f}"}
    cells["peak_mib"] = "" if times.peak_mib is None else f"{times.peak_mib:.0f}"
    seconds = times.seconds or {"other": times.wall}
    return cells | {f"{kind}_s": f"{seconds.get(kind, 0):.2f}" for kind in KINDS}


def _row(plan: Plan, stage: str, key: str, times: JobTimes) -> dict[str, str]:
    """A row of compute.csv. A training has what it trained, too."""
    return job_cells(stage, key, times) | _counts(plan, stage, key)


def _counts(plan: Plan, stage: str, key: str) -> dict[str, str]:
    """Parameters, steps and pairs of a training; empty for another job, and for one whose record is gone."""
    path = ""
    if stage in STAGES and STAGES[stage].trains:
        path = plan.paths.path(stage, "run", **plan.jobs[stage][key].ids)
    run = read_typed(path, RunRecord) if path and Path(path).is_file() else None
    return {name: str(getattr(run, name)) if run else "" for name in COUNTS}
