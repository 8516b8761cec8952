"""Time and memory of the ranker against a full argsort with per-row average precision, at CUHK-PEDES's test size.

python benchmarks/bench_ranking.py [Q G]     prints CPU seconds (best of five), ratios and the peak resident memory, MB.
python benchmarks/bench_ranking.py --gallery 1000000 [--queries 500] [--width 512]     the same of scoring and ranking a
gallery from features, four images a person, against the matrix product alone; on one core.
"""

import argparse
import resource
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from glalign.contract.retriever import Retriever
from glalign.engine.encode import scored
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


def large(n_queries: int, n_gallery: int, width: int) -> None:
    """Scores and ranks of normalised random features."""
    torch.set_num_threads(1)
    random = torch.Generator().manual_seed(0)
    images, texts = (torch.empty(count, width).normal_(generator=random) for count in (n_gallery, n_queries))
    for features in (images, texts):
        features.div_(features.norm(dim=1, keepdim=True))
    persons = (np.arange(n_gallery) // 4).tolist()
    names = [str(i) for i in range(n_queries)], [str(i) for i in range(n_gallery)]
    held = (images.nbytes + texts.nbytes) >> 20
    print(f"{n_queries} x {n_gallery}, width {width}: features {held} MB, peak {peak():.0f} MB")
    out = torch.empty(min(n_queries, 256), min(n_gallery, 1 << 16))

    def product() -> None:
        for low in range(0, n_queries, len(out)):
            for left in range(0, n_gallery, out.shape[1]):
                part, tile = texts[low : low + len(out)], images[left : left + out.shape[1]]
                torch.mm(part, tile.T, out=out[: len(part), : len(tile)])

    def scores() -> Iterator[np.ndarray]:
        similarity = Retriever.similarity
        blocks = scored(lambda *sides: similarity(None, *sides), {"global": texts}, {"global": images}, 512)
        return (block for _, block in blocks)

    def ranked() -> None:
        for _ in rank_blocks(scores(), *names, persons[:n_queries], persons):
            pass

    alone = best_of(product, 3)
    rate = 2 * n_queries * n_gallery * width / alone / 1e9
    print(f"{'matrix product alone':38} {alone:7.3f} s  {rate:.0f} Gflop/s, peak {peak():.0f} MB")
    for name, action in (("scores", lambda: deque(scores(), 0)), ("scores, ranks and top 10", ranked)):
        seconds = best_of(action, 3)
        print(f"{name:38} {seconds:7.3f} s  {alone / seconds:.0%} of the product, peak {peak():.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("sizes", nargs="*", type=int)
    parser.add_argument("--gallery", type=int)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--width", type=int, default=512)
    given = parser.parse_args()
    if given.gallery:
        large(given.queries, given.gallery, given.width)
    else:
        main(*given.sizes)
