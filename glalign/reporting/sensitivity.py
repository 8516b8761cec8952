"""The table of other readings of the paper: how far each moves Rank-1, paired with the configured reading."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from glalign.config.typed_json import read_typed
from glalign.contract.results import MetricsRecord, RunRecord
from glalign.evaluation import effects
from glalign.evaluation.effects import Effect, Side
from glalign.evaluation.metrics import LEVEL, half_up
from glalign.evaluation.verdicts import Assertion, adjusted, needed_queries, p_value
from glalign.planning.reading_stages import SensitivityRow, SensitivitySpec, SideRun
from glalign.reporting.first_hits import FirstHits, read_seeds
from glalign.reporting.mcnemar import format_p_value
from glalign.reporting.partial_releases import join_notes, with_partial_notes, with_partial_title
from glalign.reporting.plain_table import number, write_plain
from glalign.reporting.tex_text import escape
from glalign.support.random_streams import seed_for

COLUMNS = (
    "reading", "about", "scenario", "system", "rank1", "configured", "gap", "low", "high", "p", "p_holm", "n", "seeds",
    "needed_queries", "draws_sd", "val_rank1", "configured_val_rank1", "note", "profile",
)  # fmt: skip
HEADS = {
    "reading": ("Reading", escape), "about": ("What differs", escape), "scenario": ("Scenario", escape),
    "system": ("System", escape), "rank1": ("Rank-1", number(2)), "configured": ("Configured", number(2)),
    "gap": ("Gap", number(2)), "low": ("from", number(2)), "high": ("to", number(2)),
    "p_holm": ("p (Holm)", format_p_value), "n": ("n", number(0)),
}  # fmt: skip
NOTES = (
    "Gap: Rank-1 under the reading minus Rank-1 as configured, in points, with its 95\\,\\% interval by a bootstrap "
    "over persons, with the spread over seeds where there are several. p: of a gap of 0, by Holm over all readings of "
    "the table. One training says nothing about other seeds. No reading is chosen by this table: it has test people."
)


class Found(NamedTuple):
    """What a row compares. effect: None where a note says why."""

    rank1: float
    configured: float
    effect: Effect | None
    note: str = ""


def make_sensitivity(spec: SensitivitySpec, csv: Path, tex: Path) -> None:
    """Write one row per reading as CSV and LaTeX, Holm's p-values over all rows that were compared."""
    found = [_compare(row, spec) for row in spec.rows]
    p_values = [p_value(one.effect, Assertion()) if one and one.effect else None for one in found]
    holm = adjusted(p_values)
    level = (1 - LEVEL) / max(1, sum(p is not None for p in p_values))
    rows = []
    for row, one, p, p_holm in zip(with_partial_notes(spec.rows), found, p_values, holm, strict=True):
        cells = dict.fromkeys(COLUMNS, "") | row.model_dump(include={"reading", "about", "scenario", "note"})
        cells |= {"system": row.label, "profile": spec.profile}
        if one and row.sides:
            cells |= {"rank1": half_up(one.rank1), "configured": half_up(one.configured)} | _of_sides(row.sides)
            cells["note"] = join_notes(row.note, one.note)
        if one and one.effect and p is not None:
            bounds = map(half_up, (one.effect.value, *one.effect.interval()))
            needed = needed_queries(one.effect, Assertion(), level)
            cells |= dict(zip(("gap", "low", "high"), bounds, strict=True))
            cells |= {"p": f"{p:.6g}", "p_holm": "" if p_holm is None else f"{p_holm:.6g}"}
            cells |= {"n": str(one.effect.n), "seeds": str(one.effect.seeds)}
            cells["needed_queries"] = "" if needed is None else str(needed)
        rows.append(cells)
    own = [f"{escape(cells['reading'])}: {escape(cells['note'])}." for cells in rows if cells["note"]]
    write_plain(rows, HEADS, with_partial_title(spec.title, spec.rows), csv, tex, " ".join([NOTES, *own]))


def _compare(row: SensitivityRow, spec: SensitivitySpec) -> Found | None:
    """Rank-1 of both sides and their gap; None without sides.

    Queries of the same people are paired whatever the galleries: a redrawn person brings its queries on both sides.
    """
    if row.sides is None:
        return None
    seeds = [read_seeds(side.ranks) for side in row.sides]
    sides = [_hits(one, row.people) for one in seeds]
    rates = [100 * float(side.hits.mean()) for side in sides]
    seed = seed_for(spec.root_seed, "cluster bootstrap")
    if all(_same(*pair) for pair in zip(*seeds, strict=True)):
        return Found(rates[0], rates[1], None, "every query has the same rank as configured")
    effect = effects.estimate(sides, effects.difference, spec.bootstrap, seed)
    return Found(rates[0], rates[1], effect, "" if effect else f"fewer than {effects.FEWEST} people")


def _same(one: FirstHits, other: FirstHits) -> bool:
    """Whether a reading changed no rank, as a centre crop of pictures that have the input's shape."""
    return one.queries == other.queries and np.array_equal(one.first, other.first)


def _hits(seeds: Sequence[FirstHits], people: str) -> Side:
    return Side(np.stack([one.first <= 1 for one in seeds]).astype(float), seeds[0].persons, people)


def _of_sides(sides: tuple[SideRun, SideRun]) -> dict[str, str]:
    """Spread over the draws of the reading's test set, where it has some; validation Rank-1 of both."""
    draws = [read_typed(path, MetricsRecord).draws for path in sides[0].metrics]
    spread = [statistics.stdev(one.rank1) for one in draws if one and len(one.rank1) > 1]
    validated = [_validation(side.runs) for side in sides]
    return {
        "draws_sd": half_up(statistics.mean(spread)) if spread else "",
        **dict(zip(("val_rank1", "configured_val_rank1"), validated, strict=True)),
    }


def _validation(runs: Sequence[str]) -> str:
    """Mean validation Rank-1 of trainings, with the score's weight where it was chosen; empty where none was."""
    records = [read_typed(path, RunRecord) for path in runs]
    known = [(record.score_weight or record.selected).val_rank1 for record in records]
    scores = [score for score in known if score is not None]
    return half_up(statistics.mean(scores)) if scores else ""
