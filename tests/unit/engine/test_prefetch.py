"""Batches made ahead are the batches of their steps, and what fails in a thread fails where it is asked for."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
import torch
from torch import Tensor

from glalign.config.training import Data
from glalign.contract.records import Record
from glalign.contract.retriever import Batch
from glalign.data.images import ImageStore
from glalign.data.pairs import Pairs
from glalign.engine.prefetch import Prefetcher, read_ahead
from glalign.language.tokenizers import WordTokenizer
from glalign.support.errors import UserError

OPTIONS = Data(image_size=(24, 12), batch_size=4, crop=2, erase=0.5, jitter=0.1, rotate=10)


def pairs(root: Path, sampling: str) -> Pairs:
    """Training pairs over the dataset at `root`, made anew: what an order remembers is not shared."""
    files = sorted(f for f in (root / "imgs").rglob("*") if f.is_file())
    records = [
        Record(image=str(f), person=n // 2, split="train", captions=("red shirt", "blue jeans"))
        for n, f in enumerate(files)
    ]
    options = OPTIONS.model_copy(update={"sampling": sampling, "group": 2})
    return Pairs(
        records, ImageStore(files, (24, 12)), WordTokenizer(("red", "blue"), 5), options, seed=3, sampling=sampling
    )


def tensors(batch: Batch) -> dict[str, Tensor]:
    return {f.name: v for f in fields(batch) if isinstance(v := getattr(batch, f.name), Tensor)}


@pytest.mark.parametrize("sampling", ["pairs", "identity", "groups"])
@pytest.mark.parametrize("count", [1, 3])
def test_the_same_bytes_in_the_same_order(pedes: Path, sampling: str, count: int) -> None:
    plain, ahead = pairs(pedes, sampling), Prefetcher(pairs(pedes, sampling).batch, 30, count)
    for step in range(7, 30):  # a training goes on from a checkpoint; several epochs pass
        expected, found = plain.batch(step), ahead.batch(step)
        assert tensors(expected).keys() == tensors(found).keys()
        assert all(torch.equal(value, tensors(found)[name]) for name, value in tensors(expected).items())
        assert torch.equal(torch.rand(3, generator=expected.generator), torch.rand(3, generator=found.generator))


def test_nothing_is_made_past_the_end_and_every_step_once() -> None:
    made: list[int] = []
    ahead = Prefetcher(lambda step: made.append(step) or Batch(), 5, 3)
    for step in range(5):
        ahead.batch(step)
    assert sorted(made) == list(range(5))


def test_an_error_in_a_thread_is_raised_where_the_batch_is_asked_for() -> None:
    def make(step: int) -> Batch:
        if step == 2:
            raise UserError("x.jpg: cannot be read")
        return Batch()

    ahead = Prefetcher(make, 5, 2)
    ahead.batch(0)
    ahead.batch(1)
    with pytest.raises(UserError, match=r"x\.jpg"):
        ahead.batch(2)


@pytest.mark.parametrize("count", [0, 1, 3, 9])
def test_batches_are_read_ahead_in_order_and_what_fails_is_raised_in_its_place(count: int) -> None:
    made: list[int] = []

    def batches(last: int, error: bool) -> Iterator[Batch]:
        for number in range(last):
            made.append(number)
            yield Batch(person=torch.tensor([number]))
        if error:
            raise UserError("x.jpg: cannot be read")

    assert [int(batch.person) for batch in read_ahead(batches(5, error=False), count)] == list(range(5))
    assert list(read_ahead(batches(0, error=False), count)) == []
    made.clear()
    found = read_ahead(batches(5, error=True), count)
    assert int(next(found).person) == 0
    assert len(made) <= 1 + count + 1  # the one that was asked for, and those ahead of it
    with pytest.raises(UserError, match=r"x\.jpg"):
        list(found)


def test_parts_of_a_batch_are_its_rows_and_share_its_stream() -> None:
    stream = torch.Generator().manual_seed(0)
    batch = Batch(pixels=torch.arange(6.0)[:, None], person=torch.arange(6), generator=stream)
    parts = batch.split(3)
    assert [part.person.tolist() for part in parts] == [[0, 1], [2, 3], [4, 5]]
    assert all(part.generator is stream and part.tokens is None for part in parts)
    assert batch.split(1)[0] is batch
