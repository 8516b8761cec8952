"""The runs of the page: what each was given, what it recorded, its curves, and the commands that repeat it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glalign.config.typed_json import read_typed
from glalign.contract.results import LARGEST, JobTimes, RunRecord
from glalign.evaluation.metrics import half_up
from glalign.planning.page_stage import PageRun
from glalign.reporting.page.charts import Chart, line_chart
from glalign.reporting.page.origin import duration
from glalign.reporting.page.read_tables import anchor, link
from glalign.reporting.page.results import Ranked
from glalign.storage.json_files import read_json_lines

LOG = "train.jsonl"
"""The log of a training beside its record: its losses every few steps."""

MOST = 120
"""Points of a curve; a longer one is thinned."""


@dataclass(frozen=True)
class Score:
    """A result of a run. facts: (name, value). links: (name, address). command: what repeats the prediction."""

    name: str
    facts: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...]
    command: str
    code: str


@dataclass(frozen=True)
class Run:
    """A run. state: `trained`, `reference` (it does not train) or `missing`. inputs: path -> SHA-256. settings: its
    specification as JSON. loss, validation: its curves, where there are any."""

    anchor: str
    label: str
    about: str
    state: str
    facts: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...]
    command: str
    inputs: Mapping[str, str]
    settings: str
    loss: Chart | None
    validation: Chart | None
    scores: tuple[Score, ...]
    record: RunRecord | None
    times: JobTimes | None


def read_run(run: PageRun, results: Mapping[str, Ranked], page: Path) -> Run:
    """A run with what is there of it. Raises: UserError for a damaged record."""
    record = read_typed(run.record, RunRecord) if run.record and Path(run.record).is_file() else None
    times = read_typed(run.times, JobTimes) if record and Path(run.times).is_file() else None
    scores = [_score(results[one.key], page) for one in run.results if one.key in results]
    log, points = Path(run.record).parent / LOG, []
    if record and log.is_file():
        points = list(read_json_lines(log, _loss, "a line of a training's log", "delete the run and run again"))
    named = (("record", run.record), ("log", run.log), ("losses", str(log)), ("specification", run.job))
    return Run(
        anchor=anchor("run", run.key),
        label=run.label,
        about=f"{run.trainset}, seed {run.seed}" if run.record else "does not train",
        state="trained" if record else "missing" if run.record or not scores else "reference",
        facts=_facts(record, times) if record else (),
        links=tuple((name, address) for name, path in named if record and (address := link(path, page))),
        command=f"glalign run fit {run.job}" if run.record else "",
        inputs=record.inputs if record else {},
        settings=_pretty(record.spec) if record else "",
        loss=line_chart({"loss": thinned([point for point in points if point])}, "step", "loss", height=150),
        validation=_validation(record) if record else None,
        scores=tuple(scores),
        record=record,
        times=times,
    )


def _facts(record: RunRecord, times: JobTimes | None) -> tuple[tuple[str, str], ...]:
    selected, rank1 = record.selected, record.selected.val_rank1
    rule = "best validation Rank-1" if selected.rule == "val" else "the last step"
    found = f", validation Rank-1 {half_up(rank1)} %" if rank1 is not None else ""
    facts = [
        ("selected", f"step {selected.step} of {record.steps} ({rule}{found})"),
        ("parameters", f"{record.parameters:,}"),
        ("pairs read", f"{record.pairs:,}"),
        ("identities", f"{record.info.identities:,}"),
        ("code digest", record.code),
    ]
    if chosen := record.score_weight:
        why = f"best validation Rank-1, {half_up(chosen.val_rank1)} %"
        facts.insert(1, ("weight of the global score", f"{chosen.weight:g} ({why})"))
    if times:
        memory = f", {times.peak_mib:,.0f} MiB at most" if times.peak_mib else ""
        facts.append(("took", f"{duration(times.wall)} of one job, {duration(times.cpu)} of CPU{memory}"))
    return tuple(facts)


def _score(ranked: Ranked, page: Path) -> Score:
    result, metrics = ranked.result, ranked.metrics
    facts = [(f"Rank-{k}", f"{half_up(ranked.rank(k))} %") for k in (1, 5, 10)]
    if metrics:
        facts += [("mAP", half_up(metrics.map)), ("mINP", half_up(metrics.minp))]
    draws = len(ranked.summary.galleries)
    facts += [("queries", f"{ranked.summary.n_queries:,}{f' in {draws} draws' if draws > 1 else ''}")]
    facts += [("gallery", f"{ranked.summary.n_gallery:,} images")]
    named = (("ranks", result.ranks), ("metrics", result.metrics), ("log", result.log), ("specification", result.job))
    return Score(
        name=f"{', '.join(result.scenarios)}: test set {result.testset}",
        facts=tuple(facts),
        links=tuple((name, address) for name, path in named if (address := link(path, page))),
        command=f"glalign run predict {result.job}",
        code=ranked.summary.code,
    )


def _loss(row: Any) -> tuple[float, float] | None:
    """(step, loss) of a line of the log; None for a line with other values.

    Raises: TypeError or ValueError for a line of another kind, or a number that no training has.
    """
    if not isinstance(row, dict):
        raise TypeError(f"{type(row).__name__}, not names and numbers")
    if "loss" not in row:
        return None
    step: Any = row.get("step")
    loss: Any = row["loss"]
    for name, value, low in (("step", step, 0), ("loss", loss, -LARGEST)):
        if type(value) not in (int, float):
            raise TypeError(f"{name} {value!r:.40} is no number")
        if not low <= value <= LARGEST:
            raise ValueError(f"{name} {value!r:.40} is out of range")
    return float(step), float(loss)


def _validation(record: RunRecord) -> Chart | None:
    points = [(float(step), rank1) for step, rank1 in record.validations if rank1 is not None]
    chosen = [point for point in points if point[0] == record.selected.step]
    marked = chosen[0] if chosen else None
    lines = {"validation": thinned(points)}
    return line_chart(lines, "step", "validation Rank-1 (%)", height=150, marked=marked)


def thinned(points: list[Any]) -> list[Any]:
    """At most MOST of the points, evenly chosen, with the last one.

    >>> len(thinned(list(range(1000)))), thinned(list(range(1000)))[-1], thinned([1, 2])
    (120, 999, [1, 2])
    """
    if len(points) <= MOST:
        return points
    return [points[round(place * (len(points) - 1) / (MOST - 1))] for place in range(MOST)]


def _pretty(spec: Mapping[str, Any]) -> str:
    return json.dumps(spec, indent=1, sort_keys=True, ensure_ascii=False)
