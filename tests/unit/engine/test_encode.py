"""Scores of a gallery of any size, in bounded memory."""

import numpy as np
import pytest
import torch
from torch import Tensor

from glalign.contract.retriever import Features
from glalign.engine import encode


def cosine(texts: Features, images: Features) -> Tensor:
    return texts["global"] @ images["global"].T


def features(count: int, seed: int) -> Features:
    """Whole numbers, whose products are exact whatever the order of their sums."""
    random = torch.Generator().manual_seed(seed)
    return {"global": torch.randint(-9, 9, (count, 8), generator=random).float()}


def test_a_large_gallery_is_scored_tile_by_tile_in_one_buffer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encode, "TILE", 10)
    monkeypatch.setattr(encode, "TILED_ABOVE", 36)
    monkeypatch.setattr(encode, "BLOCK_BYTES", 4 * 37 * 3 + 1)
    texts, images = features(8, 1), features(37, 2)
    expected, widths, places, start = cosine(texts, images).numpy(), [], set(), 0

    def similarity(some: Features, tile: Features) -> Tensor:
        widths.append(len(tile["global"]))
        return cosine(some, tile)

    for part, scores in encode.scored(similarity, texts, images, 512):
        assert len(part["global"]) == len(scores) <= 3
        np.testing.assert_array_equal(scores, expected[start : start + len(scores)])
        places.add(scores.ctypes.data)
        start += len(scores)
    assert start == 8
    assert len(places) == 1
    assert widths == [10, 10, 10, 7] * 3


def test_a_small_gallery_is_scored_at_once_and_its_blocks_stay() -> None:
    texts, images = features(8, 1), features(37, 2)
    blocks = [scores for _, scores in encode.scored(cosine, texts, images, 5)]
    assert [len(block) for block in blocks] == [5, 3]
    np.testing.assert_array_equal(np.concatenate(blocks), cosine(texts, images).numpy())
