"""Ranks of a query's positives, block by block: ties count against the query, memory is bounded by the block.

A positive's rank is 1 + the negatives that score at least as high + the positives placed before it, so a model that
scores everything alike finds nothing. The best case (a tie in the query's favour) is kept beside it as a bound.
Protocol: every gallery entry competes, no camera exclusion, a hit is any gallery entry with the query's target (D27).
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np

from glalign.evaluation.people_ahead import GalleryPeople
from glalign.support.errors import UserError

LONG = 1 << 13  # scores of a row from which NumPy's count of one row is the faster one (measured, benchmarks/)
SEGMENT = 512  # scores of a row whose maximum is taken at once, where a row has many times `top` segments
WORKING_SET = 1 << 20  # bytes of scores compared at a time: stays in cache between the passes (measured, benchmarks/)
SORT_ABOVE = 16  # positives per query from which one sort is cheaper than one pass per positive (measured, benchmarks/)


@dataclass(frozen=True)
class RankRow:
    """One query's result. hits: ranks of its positives, ascending, ties against it; best: the same, ties in its favour.

    top: the first gallery entries as (id, score), score descending, negatives before positives, then gallery order.
    cosines: for each entry of top the cosine of each part that the system compares, None for a part that the query or
    the entry lacks; empty for a system without parts.
    ahead: how many other people have 1, 2, ... entries before the first hit, up to the last number that is not 0; None
    where it is not known.
    """

    query: str
    person: int | str
    hits: tuple[int, ...]
    best: tuple[int, ...]
    top: tuple[tuple[str, float], ...] = ()
    cosines: tuple[tuple[float | None, ...], ...] = ()
    ahead: tuple[int, ...] | None = None


class HitRanks(NamedTuple):
    """Ranks of all positives of all queries: those of query q lie in [starts[q], starts[q + 1]), ascending.

    starts (Q + 1,), ranks (P,) with ties against the query, best (P,) with ties in its favour, all int64.
    """

    starts: np.ndarray
    ranks: np.ndarray
    best: np.ndarray

    @property
    def first(self) -> np.ndarray:
        """(Q,) rank of each query's first hit, ties against the query."""
        return np.take(self.ranks, self.starts[:-1])


class Positives(NamedTuple):
    """Gallery indices of every query's positives, flattened: those of query q are columns[starts[q]:starts[q + 1]]."""

    starts: np.ndarray
    columns: np.ndarray


def find_positives(
    query_targets: Sequence[Hashable], gallery_targets: Sequence[Hashable], names: Sequence[object] | None = None
) -> Positives:
    """Pair every query with the gallery entries of equal target. Raises: UserError naming the first without one."""
    places: dict[Hashable, list[int]] = {}
    for column, target in enumerate(gallery_targets):
        places.setdefault(target, []).append(column)
    groups = []
    for row, target in enumerate(query_targets):
        if target not in places:
            lacking = f"{_row(row, names)}: id {target!r} has no gallery entry"
            raise UserError(f"{lacking}; remove the query or complete the gallery")
        groups.append(places[target])
    columns = np.fromiter(chain.from_iterable(groups), np.int64)
    return Positives(np.cumsum([0, *map(len, groups)], dtype=np.int64), columns)


def hit_ranks(blocks: Iterable[np.ndarray], positives: Positives, n_gallery: int) -> HitRanks:
    """Rank the positives of consecutive blocks (b, G) of scores, higher is better; real scores of any type.

    Raises: UserError naming the row of a score that is not finite, or when the blocks do not fit the queries.
    """
    parts = [_block_ranks(block, positives, offset) for offset, block in _checked(blocks, positives, n_gallery)]
    ranks, best = (np.concatenate(side) for side in zip(*parts, strict=True)) if parts else (np.zeros(0, int),) * 2
    return HitRanks(positives.starts, ranks, best)


def rank_blocks(
    blocks: Iterable[np.ndarray],
    query_ids: Sequence[str],
    gallery_ids: Sequence[str],
    query_persons: Sequence[int | str],
    gallery_persons: Sequence[int | str],
    top: int = 10,
    query_targets: Sequence[Hashable] | None = None,
    gallery_targets: Sequence[Hashable] | None = None,
) -> Iterator[RankRow]:
    """Yield one row per query, in order, from consecutive blocks (b, G) of its scores.

    A gallery entry is a hit if its target equals the query's; targets default to the persons (D27 has another
    reading: the images). Raises: as `hit_ranks` and `find_positives`.
    """
    targets = query_persons if query_targets is None else query_targets
    places = gallery_persons if gallery_targets is None else gallery_targets
    positives = find_positives(targets, places, query_ids)
    people = GalleryPeople(gallery_persons)
    for offset, block in _checked(blocks, positives, len(gallery_ids)):
        ranks, best = _block_ranks(block, positives, offset, query_ids)
        base = positives.starts[offset]
        for row, top_columns in enumerate(_top_columns(block, positives, offset, top), start=offset):
            pairs = slice(positives.starts[row] - base, positives.starts[row + 1] - base)
            line = block[row - offset]
            shown = tuple((gallery_ids[c], round(float(line[c]), 6) + 0.0) for c in top_columns)
            hits, in_favour = tuple(ranks[pairs].tolist()), tuple(best[pairs].tolist())
            own = positives.columns[positives.starts[row] : positives.starts[row + 1]]
            ahead = people.ahead(line, own, query_persons[row]) if hits[0] > 1 else ()
            yield RankRow(query_ids[row], query_persons[row], hits, in_favour, shown, ahead=ahead)


def _checked(blocks: Iterable[np.ndarray], positives: Positives, n_gallery: int) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (offset, block) after checking the shapes. offset: number of the block's first query."""
    n_queries, offset = len(positives.starts) - 1, 0
    for given in blocks:
        block = np.asarray(given)
        if block.ndim != 2 or block.shape[1] != n_gallery or offset + len(block) > n_queries:
            wanted = f"{n_queries} queries and {n_gallery} gallery entries"
            raise UserError(f"scores of query rows from {offset}: shape {block.shape} does not fit {wanted}")
        yield offset, block
        offset += len(block)
    if offset != n_queries:
        raise UserError(f"scores end after query row {offset - 1}: {n_queries} queries were announced")


def _require_finite(chunk: np.ndarray, offset: int, left: int, names: Sequence[object] | None) -> None:
    """Raise a UserError naming the first row of `chunk` with a score not finite.

    Its first row is query `offset`, its first column is gallery column `left`.
    """
    # the extremes of a row are finite exactly when all of it is; cheaper than a mask
    finite = np.isfinite(chunk.max(axis=1)) & np.isfinite(chunk.min(axis=1))
    if not finite.all():
        row = int(np.argmin(finite))
        column = int(np.argmin(np.isfinite(chunk[row])))
        place = f"{_row(offset + row, names)}: score {chunk[row, column]} at gallery column {left + column}"
        raise UserError(f"{place}; scores must be finite numbers")


def _row(row: int, names: Sequence[object] | None) -> str:
    """A query in an error message."""
    return f"query row {row}" + (f" ({names[row]})" if names is not None else "")


def _block_ranks(
    block: np.ndarray, positives: Positives, offset: int, names: Sequence[object] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Ranks (against, in favour) of the positives of one block, flattened as in Positives, best first in each row.

    A rank is 1 + the positives that are placed before it + the negatives with a score at least as high (against), or
    higher (in favour).
    """
    starts = positives.starts[offset : offset + len(block) + 1]
    rows = np.repeat(np.arange(len(block)), np.diff(starts))
    scores = block[rows, positives.columns[starts[0] : starts[-1]]]
    scores = scores[np.lexsort((scores, -rows))[::-1]]  # rows ascending, scores descending inside a row
    at_least, above = _counts(block, starts - starts[0], scores, offset, names)
    before = np.arange(len(rows)) - (starts - starts[0])[rows]
    own_at_least, own_above = _own_counts(rows, scores, before)
    return at_least - own_at_least + before + 1, above - own_above + before + 1


def _counts(
    block: np.ndarray, starts: np.ndarray, scores: np.ndarray, offset: int, names: Sequence[object] | None
) -> tuple[np.ndarray, np.ndarray]:
    """How many entries of its row have (at least the score, a higher score) of each positive, itself included.

    scores: of the positives, those of row r at starts[r] .. starts[r + 1] - 1.
    """
    at_least, above = np.zeros(len(scores), np.int64), np.zeros(len(scores), np.int64)
    width = max(1, min(block.shape[1], WORKING_SET // block.itemsize))  # a longer row is read in parts
    step = max(1, WORKING_SET // (width * block.itemsize))
    truth = np.zeros((min(step, len(block)), -(-width // 8) * 8), dtype=bool)
    for low in range(0, len(block), step):
        chunk = block[low : low + step]
        begin, size = starts[low : low + len(chunk)], np.diff(starts[low : low + len(chunk) + 1])
        for left in range(0, block.shape[1], width):
            part = chunk[:, left : left + width]
            _require_finite(part, offset + low, left, names)
            truth[:, part.shape[1] :] = False
            # A pass over the rows for the first positive of each, one for the second, ...; of many, sorting is cheaper.
            for turn in range(min(SORT_ABOVE, int(size.max()))):
                chosen = np.flatnonzero((size > turn) & (size <= SORT_ABOVE))
                pairs = begin[chosen] + turn
                lines = part if len(chosen) == len(part) else part[chosen]
                at_least[pairs] += _count_rows(np.greater_equal, lines, scores[pairs], truth)
                above[pairs] += _count_rows(np.greater, lines, scores[pairs], truth)
        for row in np.flatnonzero(size > SORT_ABOVE):
            own, line = slice(begin[row], begin[row] + size[row]), np.sort(chunk[row])
            at_least[own] = len(line) - np.searchsorted(line, scores[own], side="left")
            above[own] = len(line) - np.searchsorted(line, scores[own], side="right")
    return at_least, above


def _own_counts(rows: np.ndarray, scores: np.ndarray, before: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same counts among the positives of the row alone, scores descending; before: how many precede each."""
    first_of_tie = np.ones(len(rows) + 1, dtype=bool)
    first_of_tie[1:-1] = (np.diff(rows) > 0) | (scores[1:] != scores[:-1])
    edges, tie = np.flatnonzero(first_of_tie), np.cumsum(first_of_tie[:-1]) - 1
    return before[edges[1:] - 1][tie] + 1, before[edges[:-1]][tie]


def _count_rows(compare: np.ufunc, lines: np.ndarray, thresholds: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Number of entries per line (b, G) for which `compare(entry, threshold)` holds, int64 (b,).

    truth: boolean scratch, zero beyond column G, its width a multiple of 8: eight truth bytes are added at a time as
    one 64-bit word, and up to 255 words fit before a byte overflows. Long lines are counted one by one.
    """
    compare(lines, thresholds[:, None], out=truth[: len(lines), : lines.shape[1]])
    if lines.shape[1] > LONG:
        return np.array([np.count_nonzero(row) for row in truth[: len(lines)]], np.int64)
    packed, total = truth[: len(lines)].view(np.uint64), np.zeros(len(lines), np.int64)
    for low in range(0, packed.shape[1], 255):
        lanes = np.add.reduce(packed[:, low : low + 255], axis=1)
        total += lanes.view(np.uint8).reshape(-1, 8).sum(axis=1, dtype=np.int64)
    return total


def _top_columns(block: np.ndarray, positives: Positives, offset: int, top: int) -> Iterator[np.ndarray]:
    """Gallery columns of the `top` first entries of every row, in the order of the tie rule."""
    size = block.shape[1]
    top = min(top, size)
    negative = np.ones(size, dtype=bool)
    for row, columns in enumerate(_candidates(block, top) if top else [np.zeros(0, np.int64)] * len(block)):
        line = block[row]
        own = positives.columns[positives.starts[offset + row] : positives.starts[offset + row + 1]]
        negative[own] = False
        order = np.lexsort((-columns, negative[columns], line[columns]))[::-1]
        negative[own] = True
        yield columns[order[:top]]


def _candidates(block: np.ndarray, top: int) -> Iterator[np.ndarray]:
    """Columns of every row, ascending, whose scores reach a bound that the `top` best of the row reach too.

    In a short row the bound is the score of the last of them. In a long one it is the score that the maxima of `top`
    segments reach: one pass, without a copy of the row, leaves few segments to look at.
    """
    size = block.shape[1]
    segments = size // SEGMENT
    if segments < 4 * top:
        limits = np.partition(block, size - top, axis=1)[:, size - top]
        for line, limit in zip(block, limits, strict=True):
            yield np.flatnonzero(line >= limit)
        return
    rest = np.arange(segments * SEGMENT, size)
    for line in block:
        maxima = line[: segments * SEGMENT].reshape(segments, SEGMENT).max(axis=1)
        limit = np.partition(maxima, segments - top)[segments - top]
        chosen = np.flatnonzero(maxima >= limit)[:, None] * SEGMENT + np.arange(SEGMENT)
        columns = np.concatenate([chosen.ravel(), rest])
        yield columns[line[columns] >= limit]
