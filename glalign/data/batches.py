"""Batches for encoding: every image or every caption once, in order, without augmentation."""

from collections.abc import Iterator

import torch

from glalign.contract.retriever import ABSENT, Batch
from glalign.data.augment import normalise
from glalign.data.caption_tensors import TokenTable
from glalign.data.deferred import deferred
from glalign.data.draws import Draws
from glalign.data.images import ImageStore, PartStore


def image_batches(
    images: ImageStore, normalisation: str, size: int, parts: PartStore | None = None, *, defer: bool = False
) -> Iterator[Batch]:
    """Yield batches of at most `size` images: pixels and, if given, parts. normalisation: a key of STATISTICS.

    defer: leave the normalisation to `Batch.to`, on the device of the model.
    """
    for start in range(0, len(images), size):
        indices = range(start, min(start + size, len(images)))
        pixels = torch.from_numpy(images.batch(indices))
        yield Batch(
            **(deferred(pixels, Draws(), normalisation) if defer else {"pixels": normalise(pixels, normalisation)}),
            parts=ABSENT if parts is None else torch.from_numpy(parts.batch(indices)),
        )


def caption_batches(table: TokenTable, size: int) -> Iterator[Batch]:
    """Yield batches of at most `size` captions of the table: tokens, lengths and, if it has them, phrases."""
    for indices in torch.arange(len(table)).split(size):
        yield Batch(**table.batch(indices))
