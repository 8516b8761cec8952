"""Length bucketing: the captions of a batch are encoded in groups of similar length, with little padding."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glalign.models.host_copies import sent

BUCKETS = 4
"""Captions have 38 tokens on average and up to 77: four groups save a third or more of the time (demo captions)."""

_count: ContextVar[int] = ContextVar("buckets", default=BUCKETS)


@contextmanager
def bucketed(count: int) -> Iterator[None]:
    """Let `length_buckets` make `count` groups inside the context."""
    before = _count.set(count)
    try:
        yield
    finally:
        _count.reset(before)


def length_buckets(lengths: Tensor) -> list[tuple[Tensor, int]]:
    """Group rows by similar length, shortest first; returns (row numbers, longest length) of each group.

    Both are computed, and the row numbers lie, where `lengths` (B,) does: on the host, so that nothing waits for a GPU.
    """
    rows = lengths.argsort(stable=True)
    return [(part, int(lengths[part].max())) for part in rows.chunk(_count.get())]


def look_up(table: nn.Embedding, buckets: Sequence[Tensor]) -> list[Tensor]:
    """Return `[table(ids) for ids in buckets]`, and fill one gradient of the table's size instead of one per bucket.

    The different words of each bucket are taken from the table first, and its captions from those. The gradient has the
    same bits on a CPU: that of a bucket is summed first, and the last one comes first, as autograd adds them. The ids
    may lie on the host.
    """
    if len(buckets) == 1:
        return [table(sent(buckets[0], table.weight))]
    words, places = zip(*(ids.unique(return_inverse=True) for ids in reversed(buckets)), strict=True)
    vectors = table(sent(torch.cat(words), table.weight)).split([len(part) for part in words])
    flat = sent(torch.cat([part.flatten() for part in places]), table.weight).split([part.numel() for part in places])
    found = [F.embedding(p.view_as(q), v) for p, q, v in zip(flat, places, vectors, strict=True)]
    return found[::-1]


def restore_order(outputs: Sequence[Tensor], buckets: Sequence[tuple[Tensor, int]], length: int = 0) -> Tensor:
    """Concatenate the outputs of the buckets, each (rows, ...), and return them in the order of the batch, (B, ...).

    length: if given, outputs are tokens (rows, T, E), which are padded with zeros to (rows, length, E).
    """
    if length:
        outputs = [F.pad(tokens, (0, 0, 0, length - tokens.shape[1])) for tokens in outputs]
    joined = torch.cat(list(outputs))
    return joined[sent(torch.cat([rows for rows, _ in buckets]).argsort(), joined)]


def eot_tokens(tokens: Tensor, ids: Tensor) -> Tensor:
    """Return the token (B, E) at the end-of-text mark, the largest id of a caption; tokens (B, T, E), ids (B, T)."""
    return token_at(tokens, ids.argmax(dim=1))


def token_at(tokens: Tensor, places: Tensor) -> Tensor:
    """Return the token (B, E) of each row at its place; tokens (B, T, E), places (B,), which may lie on the host."""
    return tokens[torch.arange(len(tokens), device=tokens.device), sent(places, tokens)]
