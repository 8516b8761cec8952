"""Distances between tensors, against sums by hand."""

import math

import pytest
import torch

from glalign.gpu_check.differences import FLOOR, furthest, same_bytes


def test_the_tensor_that_differs_most_is_named_with_its_share() -> None:
    expected = {"a": torch.tensor([3.0, 4.0]), "b": torch.tensor([2.0])}
    found = {"a": torch.tensor([3.0, 4.5]), "b": torch.tensor([2.1])}
    name, share = furthest(found, expected)
    assert (name, share) == ("a", pytest.approx(0.1))


def test_a_tensor_of_rounding_is_compared_with_the_norm_of_all() -> None:
    expected = {"weight": torch.tensor([100.0]), "bias": torch.tensor([1e-9])}
    found = {"weight": torch.tensor([100.0]), "bias": torch.tensor([3e-9])}
    assert furthest(found, expected).share == pytest.approx(2e-9 / (FLOOR * 100))


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_is_infinitely_far(value: float) -> None:
    one = {"a": torch.tensor([1.0, 2.0])}
    assert furthest({"a": torch.tensor([1.0, value])}, one) == ("a", math.inf)
    mask = {"a": torch.tensor([1.0, -math.inf])}
    assert furthest(mask, mask).share == 0.0
    assert furthest({"a": torch.tensor([2.0, -math.inf])}, mask).share == pytest.approx(1.0)


def test_names_on_one_side_only_differ() -> None:
    one, two = {"a": torch.zeros(1)}, {"a": torch.zeros(1), "b": torch.zeros(1)}
    assert furthest(one, two).share == furthest(two, one).share == math.inf
    assert same_bytes(one, two) == "b"


def test_bytes_tell_apart_what_is_equal() -> None:
    assert same_bytes({"a": torch.tensor(0.0)}, {"a": torch.tensor(-0.0)}) == "a"
    same = {"a": torch.tensor([math.nan, 1.0]), "b": torch.tensor([True, False]), "c": torch.tensor(3)}
    assert same_bytes(same, {name: value.clone() for name, value in same.items()}) is None
