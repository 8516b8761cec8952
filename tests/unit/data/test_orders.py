"""Orders of items: an epoch is what it says, and any step can be asked for at any time."""

from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from glalign.data.orders import Grouped, Shuffled
from glalign.support.errors import UserError
from glalign.support.random_streams import seed_for


def stream(name: str, number: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed_for(3, name, number))


def test_shuffled_shows_every_item_once_per_epoch_across_batches() -> None:
    order = Shuffled(10, 4, stream)
    seen = torch.cat([order.batch(step) for step in range(5)]).tolist()
    assert sorted(seen[:10]) == sorted(seen[10:]) == list(range(10))
    assert seen[:10] != seen[10:]


@given(st.lists(st.integers(1, 11), min_size=4, max_size=9), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_a_batch_of_groups_has_so_many_items_of_so_many_persons(counts: list[int], group: int) -> None:
    classes = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    order = Grouped(classes, 3 * group, group, stream)
    for step in range(6):
        persons = classes[order.batch(step)].reshape(3, group)
        assert (persons == persons[:, :1]).all()
        assert len(set(persons[:, 0].tolist())) == 3


def test_an_epoch_of_groups_repeats_no_item_and_drops_remainders() -> None:
    counts = [9, 8, 8, 8, 2]
    classes = torch.repeat_interleave(torch.arange(5), torch.tensor(counts))
    order = Grouped(classes, 8, 4, stream)
    seen: Counter[int] = Counter()
    step = 0
    while order._epoch < 1:  # the first step of the second epoch ends the first
        items = order.batch(step)
        if order._epoch == 0:
            seen.update(items.tolist())
        step += 1
    own = {item: classes[item].item() for item in seen}
    assert all(seen[item] == 1 for item, person in own.items() if person != 4)
    assert all(seen[item] == 2 for item, person in own.items() if person == 4)  # two items make a group of four
    assert sum(1 for person in own.values() if person == 0) <= 8  # the ninth is the remainder


def test_steps_of_groups_can_be_asked_for_in_any_order() -> None:
    classes = torch.arange(6).repeat_interleave(5)
    straight = [Grouped(classes, 8, 4, stream).batch(step) for step in range(9)]
    order = Grouped(classes, 8, 4, stream)
    for step in (8, 2, 5, 0, 8):
        assert torch.equal(order.batch(step), straight[step])


@pytest.mark.parametrize(("batch", "group"), [(6, 4), (20, 4)])
def test_impossible_groups_are_refused(batch: int, group: int) -> None:
    with pytest.raises(UserError, match=f"groups of {group}"):
        Grouped(torch.arange(4), batch, group, stream)
