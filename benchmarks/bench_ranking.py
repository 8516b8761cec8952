"""Time and memory of the ranker against a full argsort with per-row average precision, at CUHK-PEDES's test size.

python benchmarks/bench_ranking.py [Q G]     prints CPU seconds (best of five), ratios and the peak resident memory, MB.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from glalign.evaluation.metrics import percentages
from glalign.evaluation.ranking import find_positives, hit_ranks, rank_blocks
from glalign.evaluation.scores import evaluate_scores


def naive(scores: np.ndarray, query_ids: np.ndarray, gallery_ids: np.ndarray) -> tuple[float, float]:
    """Rank-1 and mAP by sorting every row in full."""
    first, precision = [], []
    for row, person in zip(scores, query_ids, strict=True):
        ranks = np.flatnonzero(gallery_ids[np.argsort(-row)] == person) + 1
        first.append(ranks[0] == 1)
        precision.append(np.mean(np.arange(1, len(ranks) + 1) / ranks))
    return 100 * float(np.mean(first)), 100 * float(np.mean(precision))


def best_of(action: Callable[[], object], times: int = 5) -> float:
    """Shortest of `times` runs in seconds of this process: other processes slow the clock, not the work."""
    seconds = []
    for _ in range(times):
        start = time.process_time()
        action()
        seconds.append(time.process_time() - start)
    return min(seconds)


def peak() -> float:
    """Peak resident memory of this process so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(n_queries: int = 6156, n_gallery: int = 3074) -> None:
    rng = np.random.default_rng(0)
    query_ids, gallery_ids = np.arange(n_queries) % 1000, np.arange(n_gallery) % 1000
    scores = rng.standard_normal((n_queries, n_gallery)).astype(np.float32)
    scores[query_ids[:, None] == gallery_ids] += 2

    def ranks() -> dict[str, float]:
        return percentages(hit_ranks([scores], find_positives(query_ids.tolist(), gallery_ids.tolist()), n_gallery))

    def file_rows() -> list:
        blocks = (scores[low : low + 512] for low in range(0, n_queries, 512))
        names = [str(i) for i in range(n_queries)], [str(i) for i in range(n_gallery)]
        return list(rank_blocks(blocks, *names, query_ids.tolist(), gallery_ids.tolist()))

    expected, found = naive(scores, query_ids, gallery_ids), ranks()
    assert abs(found["rank1"] - expected[0]) < 1e-9 and abs(found["map"] - expected[1]) < 1e-9
    print(f"{n_queries} x {n_gallery} scores in memory: peak {peak():.0f} MB")
    slow = best_of(lambda: naive(scores, query_ids, gallery_ids))
    print(f"argsort and per-row average precision  {slow:7.3f} s")
    for name, action in (("ranks and percentages", ranks), ("rows of the ranks file, top 10", file_rows)):
        seconds = best_of(action)
        print(f"{name:38} {seconds:7.3f} s  ratio {seconds / slow:.3f}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scores.npz"
        np.savez(path, similarity=scores, query_ids=query_ids, gallery_ids=gallery_ids)
        seconds = best_of(lambda: evaluate_scores(path))
        print(f"{'evaluate_scores, reading included':38} {seconds:7.3f} s  ratio {seconds / slow:.3f}")
    print(f"peak {peak():.0f} MB")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
