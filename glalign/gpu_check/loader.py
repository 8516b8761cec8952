"""Whether the loader keeps up with a step: images per second of batches that threads make ahead."""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from glalign.config.training import Data
from glalign.contract.records import Record
from glalign.data.images import ImageStore, PartStore
from glalign.data.pairs import Pairs
from glalign.engine.prefetch import Prefetcher
from glalign.gpu_check.lines import Line, Setting
from glalign.gpu_check.originals import Original
from glalign.language.tokenizers import WordTokenizer
from glalign.support.class_source import class_outline
from glalign.support.torch_settings import processors

WORDS = ("a", "man", "in", "red", "and", "blue")
IMAGES, FILES = 1024, 16  # names in the mapped file, and different pictures behind them
THREADS = 4  # `runtime.prefetch` of the paper profile
WARM, STEPS = 2 * THREADS, 24  # more than are made ahead when the clock starts


def check_loader(original: Original, setting: Setting) -> Iterator[Line]:
    """Yield a line about the batches of a system against those that its step takes, in fp32 and in bf16."""
    threads = min(THREADS, processors())
    with tempfile.TemporaryDirectory() as folder:
        parts = "parts" in class_outline(str(original.entry.class_path)).needs
        pairs = random_pairs(Path(folder), original.spec.data, parts=parts, count=64 if setting.small else IMAGES)
        ahead = Prefetcher(pairs.batch, 10**6, threads, pin=setting.cuda)
        rate = images_per_second(ahead.batch, original.pairs, steps=STEPS, clock=time.perf_counter)
    demands = {kind: setting.pairs_per_second.get(f"{original.name} {kind}") for kind in ("fp32", "bf16")}
    known = {kind: demand for kind, demand in demands.items() if demand}
    text = f"{rate:.0f} images/s of {threads} threads; " + (
        ", ".join(f"a {kind} step takes {demand:.0f}" for kind, demand in known.items()) or "no step was measured"
    )
    slow = any(rate < demand for demand in known.values())
    values = {"images_per_second": rate, "threads": threads, "demand": known}
    yield Line("loader", original.name, "differs" if slow else "ok", text, values)


def random_pairs(folder: Path, options: Data, *, parts: bool, count: int) -> Pairs:
    """Training pairs of random pictures, decoded once into a mapped file; label maps are read once, as in an epoch."""
    images = random_images(folder, count, options.image_size)
    records = [Record(str(n), n // 2, "train", (" ".join(WORDS),)) for n in range(count)]
    height, width = options.image_size
    maps = None
    if parts:
        maps = PartStore([Path(f"{file}.png") for file in images.files], (height // 16, width // 16))
        maps.batch(range(count))
    return Pairs(records, images, WordTokenizer(WORDS, 20), options, seed=0, parts=maps)


def random_images(folder: Path, count: int, size: tuple[int, int]) -> ImageStore:
    """A store of `count` names of a few random files of noise, with label maps beside them, in a mapped file."""
    noise = np.random.default_rng(0)
    for number in range(0 if (folder / "0.png").exists() else FILES):
        Image.fromarray(noise.integers(0, 256, (*size, 3), dtype=np.uint8)).save(folder / f"{number}.png")
        Image.fromarray(noise.integers(0, 18, size, dtype=np.uint8)).save(folder / f"{number}.png.png")
    files = [folder / f"{number % FILES}.png" for number in range(count)]
    return ImageStore(files, size, cache_bytes=0, threads=2, cache=folder / "cache")


def images_per_second(
    make: Callable[[int], object], batch: int, *, steps: int, clock: Callable[[], float], warm: int = WARM
) -> float:
    """Images per second of a clock over the batches of `steps` steps, after `warm`."""
    for step in range(warm):
        make(step)
    start = clock()
    for step in range(warm, warm + steps):
        make(step)
    return steps * batch / (clock() - start)
