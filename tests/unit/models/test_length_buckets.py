"""Groups of captions of similar length."""

import pytest
import torch
from torch import nn

from glalign.cost.launches import Launches
from glalign.models.length_buckets import bucketed, length_buckets, look_up, restore_order


def test_rows_are_grouped_by_length_and_come_back_in_order() -> None:
    lengths, values = torch.tensor([5, 2, 9, 4, 7, 3]), torch.arange(6.0)
    for count, longest in ((4, [3, 5, 9]), (1, [9]), (6, [2, 3, 4, 5, 7, 9])):
        with bucketed(count):
            buckets = length_buckets(lengths)
        assert [length for _, length in buckets] == longest
        assert torch.equal(restore_order([values[rows] for rows, _ in buckets], buckets), values)


def test_the_number_of_groups_is_four_again_behind_the_context() -> None:
    lengths = torch.arange(1, 9)
    with bucketed(1), bucketed(2):
        assert len(length_buckets(lengths)) == 2
    assert len(length_buckets(lengths)) == 4


@pytest.mark.parametrize("count", [1, 2, 4])
def test_words_are_looked_up_once_with_the_bits_of_a_look_up_per_bucket(count: int) -> None:
    """The same words in every bucket, with gradients of many sizes: another order would round differently."""
    stream = torch.Generator().manual_seed(0)
    table = nn.Embedding(50, 8, padding_idx=0)
    buckets = [torch.randint(0, 9, (3, 5 + 2 * number), generator=stream) for number in range(count)]
    scales = [torch.randn(*ids.shape, 8, generator=stream).exp() for ids in buckets]

    def gradient(vectors: list[torch.Tensor]) -> torch.Tensor:
        total = sum((v * scale).sum() for v, scale in zip(vectors, scales, strict=True))
        return torch.autograd.grad(total, table.weight)[0]

    found, expected = look_up(table, buckets), [table(ids) for ids in buckets]
    for mine, other in zip(found, expected, strict=True):
        assert torch.equal(mine, other)
    with Launches(lambda tensor: tensor.shape == table.weight.shape) as seen:
        mine = gradient(found)
    assert dict(seen.launches) == {"embedding_dense_backward": 1}
    assert torch.equal(mine, gradient(expected))
