"""Images per second of the training batches, from decoded pixels in a memory-mapped file.

python benchmarks/bench_loader.py [HEIGHT WIDTH BATCH IMAGES]     prints, for the augmentations of four kinds of
systems, images per CPU second on one thread (independent of other processes) and images per second with two threads
that make batches ahead; 4,096 random images by default.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from glalign.config.training import Data
from glalign.contract.records import Record
from glalign.data.images import ImageStore, PartStore
from glalign.data.pairs import Pairs
from glalign.engine.prefetch import Prefetcher
from glalign.language.tokenizers import WordTokenizer

STEPS = 40
WORDS = ("a", "man", "in", "red", "and", "blue")
KINDS = {
    "flip": {"flip": True},
    "flip, crop, erase (IRRA)": {"flip": True, "crop": 10, "erase": 0.5},
    "flip, crop, erase, parts": {"flip": True, "crop": 10, "erase": 0.5},
    "flip, jitter, rotate (TBPS-CLIP)": {"flip": True, "jitter": 0.1, "rotate": 15.0},
}


def pictures(folder: Path, count: int, size: tuple[int, int]) -> ImageStore:
    """A store of `count` names of a few random files, decoded once into a mapped file."""
    noise = np.random.default_rng(0)
    files = []
    for number in range(16):
        Image.fromarray(noise.integers(0, 256, (*size, 3), dtype=np.uint8)).save(folder / f"{number}.png")
        Image.fromarray(noise.integers(0, 18, size, dtype=np.uint8)).save(folder / f"{number}.png.png")
    files = [folder / f"{number % 16}.png" for number in range(count)]
    return ImageStore(files, size, cache_bytes=0, threads=2, cache=folder / "cache")


def rate(make: Pairs | Prefetcher, batch: int, clock: Callable[[], float]) -> float:
    """Images per second of a clock over STEPS batches, after five."""
    for step in range(5):
        make.batch(step)
    start = clock()
    for step in range(5, 5 + STEPS):
        make.batch(step)
    return STEPS * batch / (clock() - start)


def main(height: int = 384, width: int = 128, batch: int = 64, count: int = 4096) -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder, size = Path(name), (height, width)
        images = pictures(folder, count, size)
        records = [Record(str(n), n // 2, "train", (" ".join(WORDS),)) for n in range(count)]
        parts = PartStore([Path(f"{file}.png") for file in images.files], (height // 16, width // 16))
        parts.batch(range(count))  # read once, as in the first epoch
        print(f"{count} images of {height} x {width}, batches of {batch}")
        for kind, changes in KINDS.items():
            options = Data(image_size=size, batch_size=batch, **changes)
            tokenizer = WordTokenizer(WORDS, 20)
            given = {"seed": 0, "parts": parts if "parts" in kind else None}
            pairs = Pairs(records, images, tokenizer, options, **given)
            alone = rate(pairs, batch, time.process_time)
            both = rate(Prefetcher(pairs.batch, 10**6, 2), batch, time.perf_counter)
            print(f"{kind:34} {alone:6.0f} images per CPU second on one thread, {both:6.0f}/s with two ahead")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
