"""Groups of captions of similar length."""

import torch

from glalign.models.length_buckets import bucketed, length_buckets, restore_order


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
