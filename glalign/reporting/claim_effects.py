"""The effect that a comparison of a claim measures, from ranks files or from the records of other stages."""

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from glalign.config.typed_json import NOT_MADE, read_typed
from glalign.contract.phrase_counts import CoverageRecord
from glalign.contract.query_ids import draw_of, in_first_draw, query_id, split_query
from glalign.contract.results import AlphaScores
from glalign.evaluation import effects
from glalign.evaluation.effects import Effect, Share, Side
from glalign.evaluation.gallery_size import ahead_of, hit_chances, other_people
from glalign.evaluation.metrics import LEVEL, wilson
from glalign.evaluation.paired_tests import McNemarResult, PairedHits, mcnemar
from glalign.evaluation.ranks_file import read_ranks
from glalign.planning.claim_specs import (
    AnyCompared,
    CellRanks,
    ClaimsSpec,
    PairsCompared,
    PhrasesCompared,
    RanksCompared,
    WeightsCompared,
)
from glalign.reporting.first_hits import FirstHits, read_seeds
from glalign.storage.csv_files import read_rows
from glalign.support.random_streams import seed_for

EFFECTS = {
    "difference": effects.difference,
    "drops": effects.drop_difference,
    "kept": effects.kept_difference,
}
PAIRED, UNPAIRED = "bootstrap over persons, paired", "bootstrap over persons, unpaired"
"""Unpaired where the sides ask for people of several numberings: each is redrawn on its own."""


class Found(NamedTuple):
    """What a comparison found. test: how its p-value is made. tested: McNemar's test, where the claim names it."""

    effect: Effect | None
    test: str = ""
    tested: McNemarResult | None = None
    note: str = ""


def find_effect(one: AnyCompared, spec: ClaimsSpec) -> Found:
    """The effect of a comparison; without one where the note of the comparison says why, or ours does."""
    if one.note:
        return Found(None)
    match one:
        case RanksCompared():
            return _of_ranks(one, spec)
        case PhrasesCompared():
            return _of_phrases(one)
        case PairsCompared():
            return _of_pairs(one)
        case WeightsCompared():
            return _of_weights(one, spec)


def _of_ranks(one: RanksCompared, spec: ClaimsSpec) -> Found:
    if one.equal_gallery:
        sides = _at_equal_gallery(one.sides, one.rank)
        if sides is None:
            return Found(None, note="its ranks are of an older version, without who stands ahead: make them again")
    else:
        ranked = [read_seeds(side.ranks) for side in one.sides]
        if one.queries != "other":
            places = _places(ranked[0][0].queries, ranked[1][0].queries)
            if places is None or (one.queries == "same" and len(places) < len(ranked[1][0].queries)):
                return Found(None, note="its sides ask other queries")
            ranked[1] = [_picked(file, places) for file in ranked[1]]
        hits = [np.stack([file.first <= one.rank for file in files]).astype(float) for files in ranked]
        sides = [
            Side(own, files[0].persons, side.people) for own, files, side in zip(hits, ranked, one.sides, strict=True)
        ]
    found = _by_bootstrap(sides, one.effect, spec)
    if found.effect is not None and one.test == "mcnemar":
        tested = _mcnemar(ranked)
        counts = f"effect of {found.effect.n} queries; McNemar: b {tested.b}, c {tested.c}"
        return Found(found.effect, f"McNemar on the first caption of each person, and {PAIRED}", tested, counts)
    return found


def _by_bootstrap(sides: Sequence[Side], effect: str, spec: ClaimsSpec) -> Found:
    """The effect of these sides, by redrawing their people."""
    seed = seed_for(spec.root_seed, "cluster bootstrap")
    found = effects.estimate(sides, EFFECTS[effect], spec.bootstrap, seed)
    if found is None:
        return Found(None, note=f"a rate of 0, or fewer than {effects.FEWEST} people")
    return Found(found, PAIRED if len({side.people for side in sides}) == 1 else UNPAIRED)


def _places(first: Sequence[str], second: Sequence[str]) -> np.ndarray | None:
    """The place of each query of `first` in `second`; None where one is missing.

    Where only the first test set is drawn several times, a query is the same in every draw.
    """
    place = {query: number for number, query in enumerate(second)}
    drawn = draw_of(second[0]) is None
    found = [place.get(query_id(*split_query(query).key) if drawn else query) for query in first]
    return None if None in found else np.array(found)


def _picked(ranked: FirstHits, places: np.ndarray) -> FirstHits:
    return FirstHits(
        tuple(ranked.queries[place] for place in places),
        tuple(ranked.persons[place] for place in places),
        ranked.first[places],
    )


def _mcnemar(ranked: Sequence[Sequence[FirstHits]]) -> McNemarResult:
    """McNemar's test of the first seed on the first caption of each person, in the first draw (D15)."""
    first: dict[int | str, int] = {}
    for place, (query, person) in enumerate(zip(ranked[0][0].queries, ranked[0][0].persons, strict=True)):
        if in_first_draw(query):
            first.setdefault(person, place)
    one, other = (files[0].first[list(first.values())] <= 1 for files in ranked)
    return mcnemar(PairedHits(one, other, tuple(first)))


def _at_equal_gallery(cells: Sequence[CellRanks], k: int) -> list[Side] | None:
    """Chances of a hit of both cells in galleries of as many people as the smaller of theirs has.

    None where a file of ranks does not say who stands ahead.
    """
    ranked = [[read_ranks(path)[0] for path in cell.ranks] for cell in cells]
    others = [other_people(files[0]) for files in ranked]
    size, sides = min(map(min, others)), []
    for cell, files, numbers in zip(cells, ranked, others, strict=True):
        chances = []
        for rows in files:
            ahead = ahead_of(rows, numbers)
            if ahead is None:
                return None
            chances.append(hit_chances(ahead, size, k))
        sides.append(Side(np.stack(chances), [row.person for row in files[0]], cell.people))
    return sides


def _of_phrases(one: PhrasesCompared) -> Found:
    record = read_typed(one.coverage, CoverageRecord)
    if record.truth is None:
        return Found(None, note=record.note)
    counts = record.truth.parts[one.part]
    return _share(counts.right_printed, counts.true)


def _of_pairs(one: PairsCompared) -> Found:
    for row in read_rows(one.table, columns=("label", "view", "pairs", "end_to_end_wrong", "note"), remedy=NOT_MADE):
        if (row["label"], row["view"]) == (one.dataset, "all") and row["pairs"]:
            return _share(int(row["end_to_end_wrong"]), int(row["pairs"]))
        if row["label"] == one.dataset and not row["pairs"]:
            return Found(None, note=row["note"])
    return Found(None, note=f"not run: no translation of {one.dataset}")


def _of_weights(one: WeightsCompared, spec: ClaimsSpec) -> Found:
    """The gap of two validation Rank-1, of the same queries."""
    scores = read_typed(one.scores, AlphaScores)
    first = {row.alpha: np.array([row.first]) for row in scores.rows}
    sides = [Side((first[weight] <= 1).astype(float), scores.persons, "validation") for weight in (one.best, one.than)]
    return _by_bootstrap(sides, "difference", spec)


def _share(hits: int, n: int) -> Found:
    """A share in percent. n queries count as independent."""
    if not n:
        return Found(None, note="nothing to count")
    return Found(Share(100 * hits / n, _share_error(hits / n, n), 0.0, math.inf, n), "Wilson's interval, score test")


def _share_error(share: float, n: int) -> float:
    """Standard error of a share, in points: of Wilson's interval, which has a width at 0 and 1, too."""
    low, high = wilson(share * n, n)
    return (high - low) / 2 / statistics.NormalDist().inv_cdf((1 + LEVEL) / 2)
