"""Scores on the device and their ranks: seconds, and the same ranks as from scores on the CPU."""

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from glalign.contract.retriever import Batch, Features, Retriever
from glalign.engine.encode import Encoded
from glalign.evaluation.ranking import HitRanks, find_positives, hit_ranks
from glalign.gpu_check.lines import Line, Setting
from glalign.gpu_check.timing import wait

WIDTH = 512
"""Numbers of a feature, as of CLIP ViT-B."""

LARGEST = 8
"""Features are whole numbers from -8 to 8: scores are whole numbers below 2**24, exact in float32 in any order of the
sums, so that another device has the same scores, ties included, and the same ranks."""

BLOCK = 2048  # queries scored at a time
SUBSET = 256  # queries that are ranked on the CPU, too
IMAGES_OF_PERSON = 3


class Given(Retriever):
    """A system whose features are the pixels of its batches."""

    embed_dim = WIDTH

    def encode_images(self, batch: Batch) -> Features:
        """Return the pixels."""
        return {"global": batch.pixels}

    def encode_texts(self, batch: Batch) -> Features:
        """Return the pixels."""
        return {"global": batch.pixels}


def check_ranks(queries: int, gallery: int, setting: Setting) -> Iterator[Line]:
    """Yield a line about the ranks of the positives of `queries` queries in a gallery."""
    texts, images = random_features(queries, gallery)
    encoded = Encoded(Given(), retrieval_set(texts, images), setting.device)
    ranks_of(encoded, min(queries, BLOCK), gallery, range(min(queries, BLOCK)))  # once, to load kernels
    wait(setting.device)
    start = time.perf_counter()
    found = ranks_of(encoded, BLOCK, gallery, range(queries))
    seconds = time.perf_counter() - start
    rows = range(0, queries, max(1, queries // SUBSET))
    exact = Encoded(Given(), retrieval_set(texts, images), torch.device("cpu"))
    expected, mine = ranks_of(exact, SUBSET, gallery, rows), subset(found, rows)
    same = np.array_equal(mine.ranks, expected.ranks) and np.array_equal(mine.best, expected.best)
    text = f"{seconds:.2f} s; ranks of {len(rows)} queries are {'those' if same else 'not those'} of the CPU"
    values = {"queries": queries, "gallery": gallery, "seconds": seconds, "same": same}
    yield Line("ranks", f"{queries}x{gallery}", "ok" if same else "differs", text, values)


def random_features(queries: int, gallery: int) -> tuple[Tensor, Tensor]:
    """Whole numbers (queries, WIDTH) and (gallery, WIDTH) as float32."""
    generator = torch.Generator().manual_seed(0)
    shapes = ((queries, WIDTH), (gallery, WIDTH))
    texts, images = (torch.randint(-LARGEST, LARGEST + 1, shape, generator=generator).float() for shape in shapes)
    return texts, images


def retrieval_set(texts: Tensor, images: Tensor) -> Any:
    """What `Encoded` reads of a retrieval set."""
    batches = {"caption_batches": lambda: [Batch(pixels=texts)], "image_batches": lambda defer: [Batch(pixels=images)]}
    return SimpleNamespace(**batches, gallery=range(len(images)))


def ranks_of(encoded: Encoded, block: int, gallery: int, rows: range) -> HitRanks:
    """Ranks of the positives of some queries; each person has three images of the gallery."""
    people = -(-gallery // IMAGES_OF_PERSON)
    positives = find_positives([row % people for row in rows], [column % people for column in range(gallery)])
    return hit_ranks(encoded.blocks(block, rows), positives, gallery)


def subset(found: HitRanks, rows: range) -> HitRanks:
    """The ranks of some queries."""
    places = np.concatenate([np.arange(found.starts[row], found.starts[row + 1]) for row in rows])
    starts = np.cumsum([0, *(found.starts[row + 1] - found.starts[row] for row in rows)])
    return HitRanks(starts, found.ranks[places], found.best[places])
