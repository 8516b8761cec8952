"""Time and memory of GNA-RNN's pairwise scores on one thread, against the pairs as training reads them.

python benchmarks/bench_gna_rnn.py [Q G WIDTH]     prints CPU seconds (best of three), pairs per second and the peak
resident memory, MB; WIDTH is that of words, LSTM and units. The captions have 4 to 48 words.
"""

import resource
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor

from baselines.gna_rnn import PAIRS, GnaRnn
from glalign.contract.retriever import Features
from glalign.contract.training_info import TrainingInfo
from glalign.storage.weight_files import UNFILLED


def best_of(action: Callable[[], Tensor], times: int = 3) -> tuple[float, Tensor]:
    """Shortest of `times` runs in seconds of this process, and what the last one gave."""
    seconds, result = [], None
    for _ in range(times):
        start = time.process_time()
        result = action()
        seconds.append(time.process_time() - start)
    return min(seconds), result


def report(name: str, seconds: float, pairs: int) -> None:
    """One line."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:34} {seconds:7.2f} s {pairs / seconds:12,.0f} pairs/s   peak {peak:.0f} MB")


def in_training_order(system: GnaRnn, texts: Features, images: Features) -> Tensor:
    """The same scores from `affinities`, one pair per row and as many rows at a time as `similarity` has."""
    count = len(images["units"])
    pairs = torch.arange(len(texts["tokens"]) * count)
    parts = [
        system.affinities(texts["tokens"], texts["lengths"], images, part // count, part % count)
        for part in pairs.split(PAIRS)
    ]
    return torch.cat(parts).view(-1, count)


def main(queries: int = 900, gallery: int = 450, width: int = 32) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    sizes = {"backbone": "tiny/vgg", "weights": "random", "embedding": width, "hidden": width, "units": width}
    words = tuple((f"word{i}", 9) for i in range(300))
    system = GnaRnn.build(sizes, (64, 32), TrainingInfo(1, 1, words), UNFILLED).eval()
    lengths = torch.randint(4, 49, (queries,))
    tokens = torch.randint(1, 300, (queries, 50)) * (torch.arange(50) < lengths[:, None])
    texts = {"tokens": tokens, "lengths": lengths}
    images = {"language": torch.randn(gallery, width), "units": torch.randn(gallery, width)}
    print(f"{queries} captions x {gallery} images, width {width}, {float(lengths.float().mean()):.1f} words on average")
    with torch.inference_mode():
        seconds, scores = best_of(lambda: system.similarity(texts, images))
        report("similarity", seconds, queries * gallery)
        some = {name: value[::10] for name, value in texts.items()}
        seconds, expected = best_of(lambda: in_training_order(system, some, images), times=1)
        report("a tenth, as training reads pairs", seconds, len(some["lengths"]) * gallery)
        print(f"largest difference {float((scores[::10] - expected).abs().max()):.1e}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
