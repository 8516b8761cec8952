"""A batch depends on (data, options, seed, step) alone, and an epoch is every pair once."""

import dataclasses
import itertools
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from glalign.config.training import Data
from glalign.contract.records import Record
from glalign.contract.regions import REGIONS
from glalign.contract.retriever import Batch
from glalign.data.batches import caption_batches, image_batches
from glalign.data.caption_tensors import TokenTable, read_phrases
from glalign.data.pairs import Pairs, classes
from glalign.language.tokenizers import WordTokenizer
from glalign.support.errors import UserError

WORDS = WordTokenizer([str(n) for n in range(200)] + ["left", "Right", "red", "shirt", "a"], max_words=12)


class Coloured:
    """A store whose item i holds a ramp that starts at i: an asymmetric picture that tells its number."""

    def __init__(self, count: int, channels: int = 3, size: tuple[int, int] = (8, 4), kind: type = np.uint8) -> None:
        ramp = np.arange(size[1]).astype(kind)
        self.rows = np.broadcast_to(ramp, (count, channels, *size)) + np.arange(count, dtype=kind)[:, None, None, None]

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, indices: object) -> np.ndarray:
        return self.rows[np.asarray(indices)]


def make(
    counts: list[int],
    *,
    people: int = 3,
    seed: int = 7,
    sampling: str = "pairs",
    other: str | None = None,
    **data: object,
) -> Pairs:
    """Pairs over len(counts) images with so many captions each; caption k (over all) is the word k."""
    numbers = itertools.count()
    records = [
        Record(f"{i}.png", 100 - i % people, "train", tuple(str(next(numbers)) for _ in range(count)))
        for i, count in enumerate(counts)
    ]
    options = Data(image_size=(8, 4), **{"flip": False, "batch_size": 8, **data})
    return Pairs(
        records,
        Coloured(len(records)),
        WORDS,
        options,
        seed=seed,
        sampling=sampling,
        parts=Coloured(len(records), 5, (2, 4), np.float32),
        other=other,
    )


def equal(one: Batch, other: Batch) -> bool:
    def same(name: str) -> bool:
        mine, theirs = getattr(one, name), getattr(other, name)
        if isinstance(mine, torch.Generator):
            return bool((mine.get_state() == theirs.get_state()).all())
        return mine is theirs if mine is None else bool(torch.equal(mine, theirs))

    return all(same(field.name) for field in dataclasses.fields(Batch))


@settings(max_examples=40, deadline=None)
@given(counts=st.lists(st.integers(1, 4), min_size=1, max_size=12), size=st.integers(1, 30), seed=st.integers(0, 2**62))
def test_each_pair_exactly_once_per_epoch(counts: list[int], size: int, seed: int) -> None:
    pairs = make(counts, seed=seed, batch_size=size)
    total = sum(counts)
    assert pairs.per_epoch == total
    steps = [pairs.items(step) for step in range(3 * total // size + 1)]
    images, captions = (torch.cat(side).tolist() for side in zip(*steps, strict=True))
    owner = [image for image, count in enumerate(counts) for _ in range(count)]
    assert images == [owner[caption] for caption in captions]
    for epoch in range(3 if len(captions) >= 3 * total else 2):
        assert sorted(captions[epoch * total : (epoch + 1) * total]) == list(range(total))
    assert all(len(image) == size for image, _ in steps)


def test_orders_differ_between_epochs_and_seeds() -> None:
    def order(epoch: int, seed: int) -> list[int]:
        return make([2] * 32, seed=seed, batch_size=64).items(epoch)[1].tolist()

    assert len({tuple(order(epoch, seed)) for epoch in range(3) for seed in (1, 2)}) == 6


@pytest.mark.parametrize("sampling", ["pairs", "identity"])
def test_a_step_is_the_same_bytes_whenever_and_wherever_it_is_asked_for(sampling: str) -> None:
    def fresh() -> Pairs:
        return make([2, 3, 1, 2], sampling=sampling, flip=True, crop=2, erase=0.5, jitter=0.2)

    forward = fresh()
    batches = [forward.batch(step) for step in range(9)]
    torch.manual_seed(3)  # the global stream must not matter
    resumed, backward = fresh(), fresh()
    assert all(equal(resumed.batch(step), batches[step]) for step in range(5, 9))
    assert all(equal(backward.batch(step), batches[step]) for step in reversed(range(9)))
    assert not equal(batches[0], batches[1])


def test_an_augmentation_moves_no_other_stream() -> None:
    plain, flipped = make([2] * 6), make([2] * 6, flip=True)
    both = make([2] * 6, flip=True, erase=0.3)
    for step in range(5):
        a, b, c = (p.batch(step) for p in (plain, flipped, both))
        assert torch.equal(a.tokens, b.tokens) and torch.equal(b.tokens, c.tokens)
        assert a.generator.initial_seed() == c.generator.initial_seed()
        kept = (c.pixels == b.pixels).flatten(1).all(1)
        assert kept.any()


def test_shares_flip_with_their_pixels() -> None:
    pairs = make([1] * 40, flip=True, normalise="half", batch_size=40)
    batch = pairs.batch(0)
    left = batch.pixels[:, 0, 0, 0] > batch.pixels[:, 0, 0, -1]
    assert 8 < left.sum() < 32
    assert torch.equal(left, batch.parts[:, 0, 0, 0] > batch.parts[:, 0, 0, -1])


def test_captions_that_say_left_or_right_are_not_mirrored() -> None:
    captions = ["left red", "a Right shirt", "tay trái", "red shirt"]
    records = [Record(f"{i}.png", i, "train", (captions[i % 4],)) for i in range(64)]
    options = Data(image_size=(8, 4), flip="no_sides", batch_size=64)
    pairs = Pairs(records, Coloured(64), WORDS, options, seed=1)
    mirrored = pairs.batch(0).pixels[:, 0, 0, 0] > pairs.batch(0).pixels[:, 0, 0, -1]
    plain = pairs.items(0)[0] % 4 == 3
    assert not mirrored[~plain].any()
    assert mirrored[plain].any()


def test_identity_sampling_pairs_images_with_captions_of_their_person() -> None:
    counts = [2, 3, 1, 2, 4, 1]
    pairs = make(counts, sampling="identity", batch_size=6)
    person_of_image = [i % 3 for i in range(6)]
    person_of_caption = [i % 3 for i, count in enumerate(counts) for _ in range(count)]
    seen: Counter[tuple[int, int]] = Counter()
    for step in range(1500):
        images, captions = (side.tolist() for side in pairs.items(step))
        assert sorted(images) == list(range(6))
        seen.update(zip(images, captions, strict=True))
    allowed = {(i, c) for i in range(6) for c in range(13) if person_of_image[i] == person_of_caption[c]}
    assert set(seen) == allowed
    for image, caption in allowed:
        mine = person_of_caption.count(person_of_image[image])
        assert seen[image, caption] == pytest.approx(1500 / mine, rel=0.2), (image, caption)


def test_batch_holds_what_its_pairs_are() -> None:
    pairs = make([2, 1, 3], normalise="half")
    batch = pairs.batch(4)
    images, captions = pairs.items(4)
    assert batch.pixels.shape == (8, 3, 8, 4) and batch.pixels.dtype == torch.float32
    np.testing.assert_allclose(batch.pixels[:, 0, 0, 0] * 127.5 + 127.5, images, atol=1e-3)
    assert batch.tokens[:, 0].tolist() == (captions + 1).tolist()
    assert batch.lengths.tolist() == [1] * 8
    assert batch.person.tolist() == [[2, 1, 0][i] for i in images]
    assert batch.phrases is None


def test_classes_are_dense_sorted_and_apart_for_other_numberings() -> None:
    records = [Record("a", 9, "train", ("x",)), Record("b", 2, "train", ("x",)), Record("c", 9, "train", ("x",))]
    assert classes(records).tolist() == [1, 0, 1]
    assert classes(records, ["vn3k", "cuhk", "cuhk"]).tolist() == [2, 0, 1]


def test_tokens_are_cut_to_the_longest_of_the_batch_and_padded() -> None:
    table = TokenTable(["1 2 3 4", "5", "unknown words only", "6 7"], WORDS)
    short = table.batch(torch.tensor([1, 3]))
    assert short["tokens"].tolist() == [[6, 0], [7, 8]]
    assert short["lengths"].tolist() == [1, 2]
    assert table.batch(torch.tensor([2]))["tokens"].tolist() == [[0]]


def test_phrases_cover_the_tokens_they_touch() -> None:
    caption = "a red shirt, 1 2"
    phrases = [
        {"text": "a red shirt", "start": 0, "end": 11, "region": "UPPERBODY"},
        {"text": "2", "start": 15, "end": 16, "region": "HEAD"},
        {"text": "1", "start": 13, "end": 14, "region": None},
    ]
    table = TokenTable([caption, "1"], WORDS, [phrases, []])
    masks = table.batch(torch.tensor([1, 0]))["phrases"]
    assert masks.shape == (2, 5, 5) and masks.dtype == torch.bool
    assert not masks[0].any()
    rows = {REGIONS[r]: masks[1, r].nonzero()[:, 0].tolist() for r in range(5) if masks[1, r].any()}
    assert rows == {"UPPERBODY": [0, 1, 2], "HEAD": [4]}
    assert table.batch(torch.tensor([1]))["phrases"].shape == (1, 5, 1)


def test_phrase_files_must_fit_their_manifest(tmp_path: Path) -> None:
    records = [Record("a.png", 1, "train", ("red shirt", "a red shirt"))]
    file = tmp_path / "p.jsonl"
    with pytest.raises(UserError, match=r"p\.jsonl: no such file"):
        read_phrases(file, records)
    phrase = {"text": "shirt", "start": 4, "end": 9, "region": "UPPERBODY"}
    rows = [{"image": "a.png", "index": 0, "phrases": [phrase]}, {"image": "a.png", "index": 1, "phrases": []}]

    def write() -> None:
        file.write_text("".join(json.dumps(row) + "\n" for row in reversed(rows)), encoding="utf-8")

    write()
    assert read_phrases(file, records) == [[phrase], []]
    rows[1]["phrases"] = [phrase]  # at another place in that caption
    write()
    with pytest.raises(UserError, match=r"does not fit caption 1 of a\.png"):
        read_phrases(file, records)
    del rows[1]
    write()
    with pytest.raises(UserError, match=r"does not fit caption 1 of a\.png"):
        read_phrases(file, records)
    file.write_text('{"image": "a.png"', encoding="utf-8")
    with pytest.raises(UserError, match=r"p\.jsonl:1: not a row of phrases"):
        read_phrases(file, records)


def test_encoding_batches_cover_everything_in_order() -> None:
    batches = list(image_batches(Coloured(7), "half", 3, Coloured(7, 5, (2, 2), np.float32)))
    assert [len(batch.pixels) for batch in batches] == [3, 3, 1]
    pixels = torch.cat([batch.pixels for batch in batches])
    np.testing.assert_allclose(pixels[:, 1, 0, 0] * 127.5 + 127.5, np.arange(7), atol=1e-3)
    assert torch.cat([batch.parts for batch in batches])[:, 0, 0, 0].tolist() == list(range(7))
    texts = list(caption_batches(TokenTable([str(n) for n in range(5)], WORDS), 2))
    assert [batch.tokens.tolist() for batch in texts] == [[[1], [2]], [[3], [4]], [[5]]]
    assert texts[0].pixels is None and texts[0].phrases is None and batches[0].tokens is None


def test_groups_hold_pairs_of_few_persons() -> None:
    pairs = make([3] * 12, people=4, sampling="groups", batch_size=8, group=4)
    for step in range(4):
        image, caption = pairs.items(step)
        assert torch.equal(caption // 3, image)
        assert len(set(pairs.classes[image].tolist())) == 2


def test_a_second_caption_is_of_the_person_evenly() -> None:
    pairs = make([2, 1, 3, 2, 2, 2], people=2, other="person")
    seen: Counter[tuple[int, int]] = Counter()
    for step in range(400):
        image, caption = pairs.items(step)
        other = pairs.others(caption, step)
        assert torch.equal(pairs.classes[pairs._image_of[other]], pairs.classes[image])
        seen.update(zip(caption.tolist(), other.tolist(), strict=True))
    counts = [seen[0, other] for other in range(12) if seen[0, other]]
    assert len(counts) == 7  # all captions of images 0, 2 and 4, its own included
    assert max(counts) < 2.5 * min(counts)


def test_a_second_caption_of_another_image_is_never_of_its_own() -> None:
    pairs = make([2, 1, 3, 2, 2, 2], people=2, other="image")
    seen = set()
    for step in range(200):
        image, caption = pairs.items(step)
        other = pairs.others(caption, step)
        assert torch.equal(pairs.classes[pairs._image_of[other]], pairs.classes[image])
        assert not (pairs._image_of[other] == image).any()
        seen |= set(zip(caption.tolist(), other.tolist(), strict=True))
    assert {other for caption, other in seen if caption == 0} == {3, 4, 5, 8, 9}


def test_a_person_with_one_image_gets_another_of_its_captions_or_the_same() -> None:
    pairs = make([3, 1], people=2, other="image", batch_size=4)
    seen = set()
    for step in range(50):
        _, caption = pairs.items(step)
        seen |= set(zip(caption.tolist(), pairs.others(caption, step).tolist(), strict=True))
    assert seen == {(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1), (3, 3)}


def test_a_batch_carries_the_second_caption_and_whether_it_reads_the_same() -> None:
    pairs = make([2, 2], people=1, other="person", batch_size=4)
    batch = pairs.batch(0)
    _, caption = pairs.items(0)
    other = pairs.others(caption, 0)
    assert torch.equal(batch.other_tokens, pairs.text.batch(other)["tokens"])
    assert batch.other_same.tolist() == (caption == other).tolist()
    assert make([2, 2]).batch(0).other_tokens is None
