"""Orders of items: an epoch is what it says, and any step can be asked for at any time."""

from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from glalign.config.training import Data
from glalign.data.orders import Grouped, Order, Shuffled, make_order
from glalign.support.errors import UserError
from glalign.support.random_streams import seed_for


def stream(*names: object) -> torch.Generator:
    return torch.Generator().manual_seed(seed_for(3, *names))


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


def balanced(sources: list[str], batch_size: int, sampling: str = "pairs", group: int = 2) -> Order:
    """An order of items of these sources, of which each four are a person's."""
    options = Data(image_size=(8, 4), batch_size=batch_size, sources="balanced", sampling=sampling, group=group)
    return make_order(sampling, torch.arange(len(sources)) // 4, sources, options, stream)


@given(st.lists(st.integers(1, 30), min_size=2, max_size=3), st.integers(1, 7))
@settings(max_examples=40, deadline=None)
def test_every_batch_and_every_epoch_have_as_many_of_each_source(counts: list[int], share: int) -> None:
    sources = [name for name, count in zip("abc", counts, strict=False) for _ in range(count)]
    order, most = balanced(sources, share * len(counts)), max(counts)
    assert order.per_epoch == len(counts) * most
    drawn = [order.batch(step).tolist() for step in range(2 * most // share + 1)]
    for batch in drawn:
        assert Counter(sources[i] for i in batch) == dict.fromkeys("abc"[: len(counts)], share)
    for name, count in zip("abc", counts, strict=False):
        own = [i for batch in drawn for i in batch if sources[i] == name]
        items = {i for i, source in enumerate(sources) if source == name}
        for first in range(0, len(own) - count + 1, count):  # whole passes over a source, whatever the others do
            assert set(own[first : first + count]) == items


def test_sources_take_turns_so_that_parts_of_a_batch_are_balanced() -> None:
    sources = ["a"] * 40 + ["b"] * 8
    for sampling, turn in (("pairs", 1), ("groups", 2)):
        batch = balanced(sources, 8, sampling).batch(3)
        assert [sources[i] for i in batch.tolist()] == (["a"] * turn + ["b"] * turn) * (4 // turn)
    pairs = batch.reshape(4, 2) // 4
    assert (pairs[:, 0] == pairs[:, 1]).all()  # a group is of one person


def test_steps_of_balanced_sources_can_be_asked_for_in_any_order_and_differ_by_source() -> None:
    sources = ["a"] * 12 + ["b"] * 12
    straight = [balanced(sources, 8).batch(step) for step in range(9)]
    order = balanced(sources, 8)
    for step in (8, 2, 5, 0, 8):
        assert torch.equal(order.batch(step), straight[step])
    first = torch.cat(straight[:3])
    assert (first[first < 12] != first[first >= 12] - 12).any()


def test_another_source_beside_it_leaves_the_order_of_a_source() -> None:
    one, other = (balanced(["a"] * 12 + [name] * count, 8) for name, count in (("b", 8), ("c", 20)))
    for step in range(6):
        a, b = one.batch(step), other.batch(step)
        assert torch.equal(a[a < 12], b[b < 12])


def test_one_source_is_ordered_as_ever() -> None:
    order, plain = balanced(["a"] * 12, 5), Shuffled(12, 5, stream)
    assert all(torch.equal(order.batch(step), plain.batch(step)) for step in range(9))


def test_a_batch_that_sources_cannot_share_is_refused() -> None:
    with pytest.raises(
        UserError, match=r"9 with data\.sources: balanced needs a multiple of 2, for as many items of a, b"
    ):
        balanced(["a"] * 8 + ["b"] * 8, 9)
    with pytest.raises(UserError, match="a multiple of 4"):
        balanced(["a"] * 8 + ["b"] * 8, 6, "groups")
    with pytest.raises(UserError, match=r"balanced, b: data\.batch_size: 4 in groups of 2 .* there are 1"):
        balanced(["a"] * 8 + ["b"] * 4, 8, "groups")
