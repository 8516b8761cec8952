"""Images per second of the training batches, from decoded pixels in a memory-mapped file.

python benchmarks/bench_loader.py [HEIGHT WIDTH BATCH IMAGES]     prints, for the augmentations of four kinds of
systems, images per CPU second on one thread (independent of other processes) and images per second with two threads
that make batches ahead; 4,096 random images by default.
"""

import sys
import tempfile
import time
from pathlib import Path

import torch

from glalign.config.training import Data
from glalign.engine.prefetch import Prefetcher
from glalign.gpu_check.loader import images_per_second, random_pairs

LENGTH = {"warm": 5, "steps": 40}
KINDS = {
    "flip": {"flip": True},
    "flip, crop, erase (IRRA)": {"flip": True, "crop": 10, "erase": 0.5},
    "flip, crop, erase, parts": {"flip": True, "crop": 10, "erase": 0.5},
    "flip, jitter, rotate (TBPS-CLIP)": {"flip": True, "jitter": 0.1, "rotate": 15.0},
}


def main(height: int = 384, width: int = 128, batch: int = 64, count: int = 4096) -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder, size = Path(name), (height, width)
        print(f"{count} images of {height} x {width}, batches of {batch}")
        for kind, changes in KINDS.items():
            options = Data(image_size=size, batch_size=batch, **changes)
            pairs = random_pairs(folder, options, parts="parts" in kind, count=count)
            ahead = Prefetcher(pairs.batch, 10**6, 2)
            alone = images_per_second(pairs.batch, batch, clock=time.process_time, **LENGTH)
            both = images_per_second(ahead.batch, batch, clock=time.perf_counter, **LENGTH)
            print(f"{kind:34} {alone:6.0f} images per CPU second on one thread, {both:6.0f}/s with two ahead")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
