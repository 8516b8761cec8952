"""Batches for encoding: every image or every caption once, in order, without augmentation."""

from collections.abc import Iterator

import torch

from glalign.contract.retriever import ABSENT, Batch
from glalign.data.augment import normalise
from glalign.data.caption_tensors import TokenTable
from glalign.data.images import ImageStore, PartStore


def image_batches(images: ImageStore, normalisation: str, size: int, parts: PartStore | None = None) -> Iterator[Batch]:
    """Yield batches of at most `size` images: pixels and, if given, parts. normalisation: a key of STATISTICS."""
    for start in range(0, len(images), size):
        indices = range(start, min(start + size, len(images)))
        yield Batch(
            pixels=normalise(torch.from_numpy(images.batch(indices)), normalisation),
            parts=ABSENT if parts is None else torch.from_numpy(parts.batch(indices)),
        )


def caption_batches(table: TokenTable, size: int) -> Iterator[Batch]:
    """Yield batches of at most `size` captions of the table: tokens, lengths and, if it has them, phrases."""
    for indices in torch.arange(len(table)).split(size):
        yield Batch(**table.batch(indices))
