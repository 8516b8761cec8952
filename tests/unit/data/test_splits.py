"""Identities move as wholes, the same ones every time, and never onto both sides."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glalign.contract.records import Record
from glalign.data.splits import check_disjoint, check_train_test_disjoint, hold_out, select_identities
from glalign.support.errors import UserError

RECORDS = [Record(f"{person}_{view}.png", person, "train", ("a man",)) for view in range(3) for person in range(1, 41)]


@given(count=st.integers(1, 39), seed=st.integers(0, 2**62), shuffle=st.randoms(use_true_random=False))
def test_hold_out_moves_whole_people_whatever_the_order(count: int, seed: int, shuffle: random.Random) -> None:
    held = hold_out(RECORDS, count, seed)
    assert [r.image for r in held] == [r.image for r in RECORDS]
    val = {r.person for r in held if r.split == "val"}
    assert len(val) == count
    assert val.isdisjoint(r.person for r in held if r.split == "train")
    mixed = RECORDS[:]
    shuffle.shuffle(mixed)
    assert {r.person for r in hold_out(mixed, count, seed) if r.split == "val"} == val


def test_seeds_and_streams_differ() -> None:
    def drawn(seed: int) -> set[int]:
        return {r.person for r in select_identities(RECORDS, 10, seed)}

    assert drawn(1) != drawn(2)
    assert drawn(1) != {r.person for r in hold_out(RECORDS, 10, 1) if r.split == "val"}


def test_selection_keeps_every_image_of_the_chosen() -> None:
    chosen = select_identities(RECORDS, 7, 3)
    assert chosen == [r for r in RECORDS if r.person in {c.person for c in chosen}]
    assert len(chosen) == 21


@pytest.mark.parametrize("count", [-1, 40, 41])
def test_hold_out_leaves_somebody_to_train_on(count: int) -> None:
    with pytest.raises(UserError, match=r"holdout: .* of 40 training identities"):
        hold_out(RECORDS, count, 0)


def test_hold_out_does_not_mix_with_a_val_split() -> None:
    records = [*RECORDS, Record("v.png", 99, "val", ("a man",))]
    assert hold_out(records, 0, 0) == records
    with pytest.raises(UserError, match="there is a val split"):
        hold_out(records, 2, 0)


def test_leakage_names_sets_and_people() -> None:
    train = [Record("a", p, "train", ("x",)) for p in range(10)]
    test = [Record("b", p, "test", ("x",)) for p in range(8, 30)]
    with pytest.raises(UserError, match=r"vn3k test and cuhk_vi train share 2 identities \(8, 9\)"):
        check_train_test_disjoint(train, test, "cuhk_vi train", "vn3k test")
    check_train_test_disjoint(train[:8], test, "cuhk_vi train", "vn3k test")
    with pytest.raises(UserError, match=r"c and a share 6 identities \(0, 1, 2, 3, 4, \.\.\.\)"):
        check_disjoint({"a": range(6), "b": [7], "c": range(7)})
