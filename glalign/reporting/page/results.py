"""The results of the page: ranks of every query of a run on a test set, as arrays."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from glalign.config.typed_json import read_typed
from glalign.contract.query_ids import in_first_draw
from glalign.contract.results import MetricsRecord, RanksSummary
from glalign.evaluation.gallery_size import Ahead, ahead_of, other_people
from glalign.evaluation.paired_tests import PairedHits
from glalign.evaluation.ranking import RankRow
from glalign.evaluation.ranks_file import read_ranks
from glalign.planning.page_stage import PageResult, PageRun


@dataclass(frozen=True)
class Ranked:
    """The ranks of a run on a test set.

    first (Q,): rank of each query's first positive. ahead: who stands before it, where the file of ranks says so.
    queries, persons: of each. shown: rows of the first draw, which the page lists. summary: the record beside the
    ranks.
    """

    run: PageRun
    result: PageResult
    metrics: MetricsRecord | None
    summary: RanksSummary
    queries: tuple[str, ...]
    persons: tuple[int | str, ...]
    first: NDArray[np.int64]
    ahead: Ahead | None
    shown: tuple[RankRow, ...]

    def rank(self, k: int) -> float:
        """Rank-k in percent."""
        return 100 * float(np.mean(self.first <= k))


def read_results(runs: Iterable[PageRun]) -> dict[str, Ranked]:
    """Key -> ranks of every result whose files are there. Raises: UserError for one that is no ranks file."""
    pairs = [(run, result) for run in runs for result in run.results]
    present = [(run, one) for run, one in pairs if all(map(Path.is_file, (Path(one.ranks), _summary(one))))]
    return {result.key: _read(run, result) for run, result in present}


def _summary(result: PageResult) -> Path:
    return Path(result.ranks).with_suffix(".json")


def _read(run: PageRun, result: PageResult) -> Ranked:
    rows, summary = read_ranks(result.ranks)
    metrics = Path(result.metrics)
    return Ranked(
        run=run,
        result=result,
        metrics=read_typed(metrics, MetricsRecord) if metrics.is_file() else None,
        summary=summary,
        queries=tuple(row.query for row in rows),
        persons=tuple(row.person for row in rows),
        first=np.array([row.hits[0] for row in rows], np.int64),
        ahead=ahead_of(rows, other_people(rows)),
        shown=tuple(row for row in rows if in_first_draw(row.query)),
    )


def pair(first: Ranked, second: Ranked) -> PairedHits | None:
    """The Rank-1 hits of two results on the queries of the first draw; None if they did not rank the same ones."""
    if first.queries != second.queries:
        return None
    kept = [in_first_draw(query) for query in first.queries]
    persons = tuple(person for person, keep in zip(first.persons, kept, strict=True) if keep)
    return PairedHits(first.first[kept] <= 1, second.first[kept] <= 1, persons)


def by_testset(results: Mapping[str, Ranked]) -> dict[str, list[Ranked]]:
    """Test set -> its results, in their order."""
    found: dict[str, list[Ranked]] = {}
    for one in results.values():
        found.setdefault(one.result.testset, []).append(one)
    return found
