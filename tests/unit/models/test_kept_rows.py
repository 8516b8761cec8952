"""Rows of a frozen encoder: computed once, within a limit."""

import torch
from torch import Tensor

from glalign.models.kept_rows import KeptRows

IDS = torch.tensor([[1, 2, 0], [3, 0, 0], [1, 2, 0], [1, 2, 4]])
LENGTHS = torch.tensor([2, 1, 2, 3])


def test_rows_are_computed_once_and_no_more_than_the_limit_are_kept() -> None:
    calls: list[int] = []

    def encode(ids: Tensor, lengths: Tensor) -> Tensor:
        calls.append(len(ids))
        return torch.stack([ids, lengths[:, None].expand_as(ids)], dim=-1).double()

    expected = encode(IDS, LENGTHS)
    kept = KeptRows(limit=2 * expected[0].nbytes)
    calls.clear()
    assert torch.equal(kept.of(encode, IDS[:2], LENGTHS[:2], "train"), expected[:2])
    assert torch.equal(kept.of(encode, IDS[:3], LENGTHS[:3], "train"), expected[:3])
    assert calls == [2]
    assert torch.equal(kept.of(encode, IDS, LENGTHS, "train"), expected)
    assert torch.equal(kept.of(encode, IDS, LENGTHS, "train"), expected)
    assert calls == [2, 1, 1]  # no room for the last row
    kept.of(encode, IDS[:2], LENGTHS[:2], "other")
    kept.clear()
    kept.of(encode, IDS[:2], LENGTHS[:2], "train")
    assert calls == [2, 1, 1, 2, 2]
