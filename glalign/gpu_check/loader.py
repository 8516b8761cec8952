"""Whether the loader keeps up with a step, and whether a device changes pixels as the host does."""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
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
EVERY = {"flip": True, "crop": 10, "rotate": 15.0, "jitter": 0.1, "erase": 0.5}
ROUNDING, TIES = 1e-4, 1e-3  # of a normalised value; share of rotated pixels that lie between two
WARM, STEPS = 2 * THREADS, 24  # more than are made ahead when the clock starts


def check_loader(original: Original, setting: Setting) -> Iterator[Line]:
    """Yield a line about the batches of a system against those that its step takes, in fp32 and in bf16."""
    threads = min(THREADS, processors())
    with tempfile.TemporaryDirectory() as folder:
        parts = "parts" in class_outline(str(original.entry.class_path)).needs
        count, data = 64 if setting.small else IMAGES, original.spec.data
        other = other_pixels(Path(folder), data.model_copy(update=EVERY), setting.device, count)
        pairs = random_pairs(Path(folder), data, parts=parts, count=count, defer=setting.cuda)
        ahead = Prefetcher(pairs.batch, 10**6, threads, pin=setting.cuda)
        rate = images_per_second(ahead.batch, original.pairs, steps=STEPS, clock=time.perf_counter)
    demands = {kind: setting.pairs_per_second.get(f"{original.name} {kind}") for kind in ("fp32", "bf16")}
    known = {kind: demand for kind, demand in demands.items() if demand}
    text = f"{rate:.0f} images/s of {threads} threads; " + (
        ", ".join(f"a {kind} step takes {demand:.0f}" for kind, demand in known.items()) or "no step was measured"
    )
    text += f"; {other:.2%} of the pixels are augmented to other values than by the host"
    differs = other > TIES or any(rate < demand for demand in known.values())
    values = {"images_per_second": rate, "threads": threads, "demand": known, "other_pixels": other}
    yield Line("loader", original.name, "differs" if differs else "ok", text, values)


def other_pixels(folder: Path, options: Data, device: torch.device, count: int) -> float:
    """Share of the pixels of a batch, augmented on the device, that differ from the host's by more than rounding."""
    mine, theirs = (random_pairs(folder, options, parts=False, count=count, defer=later) for later in (True, False))
    found = mine.batch(0).to(device).pixels.cpu()
    return float(((found - theirs.batch(0).pixels).abs() > ROUNDING).any(dim=1).float().mean())


def random_pairs(folder: Path, options: Data, *, parts: bool, count: int, defer: bool = False) -> Pairs:
    """Training pairs of random pictures, decoded once into a mapped file; label maps are read once, as in an epoch.

    defer: see `Pairs`.
    """
    images = random_images(folder, count, options.image_size)
    records = [Record(str(n), n // 2, "train", (" ".join(WORDS),)) for n in range(count)]
    height, width = options.image_size
    maps = None
    if parts:
        maps = PartStore([Path(f"{file}.png") for file in images.files], (height // 16, width // 16))
        maps.batch(range(count))
    return Pairs(records, images, WordTokenizer(WORDS, 20), options, seed=0, parts=maps, defer=defer)


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
