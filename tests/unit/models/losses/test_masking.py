"""Masked words: the rule against a plain loop over tokens, its shares, and that it depends on the stream alone."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from glalign.language.tokenizers import clip_tokenizer
from glalign.models.losses.masking import at_least_one, mask_clip_tokens, mask_tokens

TOKENIZER = clip_tokenizer(merges=100)


def caption_ids(count: int, length: int, stream: torch.Generator) -> torch.Tensor:
    """Random captions with marks and padding, as the tokenizer lays them out."""
    words = torch.randint(1, length - 1, (count,), generator=stream)
    ids = torch.randint(1, TOKENIZER.mask_id, (count, length), generator=stream)
    ids = ids * (torch.arange(length) <= words[:, None])
    ids[:, 0] = TOKENIZER.sot_id
    ids[torch.arange(count), words + 1] = TOKENIZER.eot_id
    return ids


def looped(ids: list[list[int]], draws: list, random_ids: list[list[int]]) -> tuple[list[list[int]], list[list[bool]]]:
    """IRRA's rule token by token, from the description of its dataset code."""
    mask, masked, chosen = TOKENIZER.mask_id, [], []
    for row, caption in enumerate(ids):
        new, asked = list(caption), [False] * len(caption)
        for place, token in enumerate(caption):
            if 0 < token < mask and draws[0][row][place] < 0.15:
                asked[place] = True
                if draws[1][row][place] < 0.8:
                    new[place] = mask
                elif draws[1][row][place] < 0.9:
                    new[place] = random_ids[row][place]
        if not any(asked) and any(0 < token < mask for token in caption):
            place = next(place for place, token in enumerate(caption) if 0 < token < mask)
            new[place], asked[place] = mask, True
        masked.append(new)
        chosen.append(asked)
    return masked, chosen


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(3, 40))
def test_the_rule_is_the_plain_loop(seed, captions, length):
    ids = caption_ids(captions, length, torch.Generator().manual_seed(seed))
    masked, chosen = mask_clip_tokens(ids, TOKENIZER, torch.Generator().manual_seed(seed))
    stream = torch.Generator().manual_seed(seed)
    draws = torch.rand(2, *ids.shape, generator=stream).tolist()
    random_ids = torch.randint(1, TOKENIZER.mask_id, ids.shape, generator=stream).tolist()
    expected = looped(ids.tolist(), draws, random_ids)
    assert masked.tolist() == expected[0]
    assert chosen.tolist() == expected[1]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(3, 40))
def test_ordinary_tokens_only_and_one_at_least(seed, captions, length):
    stream = torch.Generator().manual_seed(seed)
    ids = caption_ids(captions, length, stream)
    kept = ids.clone()
    masked, chosen = mask_clip_tokens(ids, TOKENIZER, stream)
    ordinary = (ids > 0) & (ids < TOKENIZER.mask_id)
    assert torch.equal(ids, kept)  # the argument is left alone; sharing the masked ids is the model's choice
    assert not (chosen & ~ordinary).any()
    assert torch.equal(masked[~chosen], ids[~chosen])
    assert chosen.any(dim=1).all()
    assert torch.equal(masked.argmax(dim=1), ids.argmax(dim=1))  # the end mark is still found
    assert ((masked[chosen] > 0) & (masked[chosen] <= TOKENIZER.mask_id)).all()


def test_shares():
    stream = torch.Generator().manual_seed(0)
    ids = torch.randint(1, TOKENIZER.mask_id, (2_000, 50), generator=stream)
    masked, chosen = mask_clip_tokens(ids, TOKENIZER, stream)
    to_mask = (masked == TOKENIZER.mask_id)[chosen].float().mean()
    kept = (masked == ids)[chosen].float().mean()
    assert float(chosen.float().mean()) == pytest.approx(0.15, abs=0.005)
    assert float(to_mask) == pytest.approx(0.8, abs=0.015)
    assert float(kept) == pytest.approx(0.1, abs=0.01)


def test_random_words_are_any_but_padding_and_marks():
    ids = torch.full((400, 400), 7)
    masked, chosen = mask_clip_tokens(ids, TOKENIZER, torch.Generator().manual_seed(0))
    drawn = masked[chosen & (masked != TOKENIZER.mask_id) & (masked != 7)]
    assert int(drawn.min()) == 1
    assert int(drawn.max()) == TOKENIZER.mask_id - 1


def test_a_short_caption_has_its_first_word_masked_when_none_is_chosen():
    ids = torch.tensor([[TOKENIZER.sot_id, 7, 9, TOKENIZER.eot_id, 0]]).repeat(400, 1)
    masked, chosen = mask_clip_tokens(ids, TOKENIZER, torch.Generator().manual_seed(0))
    single = chosen.sum(dim=1) == 1
    first = single & chosen[:, 1]
    # none of two: .85^2 forced to the first; only the first: .15 * .85
    assert float(first.float().mean()) == pytest.approx(0.85**2 + 0.15 * 0.85, abs=0.06)
    assert (masked[first, 1] == TOKENIZER.mask_id).float().mean() > 0.9


def test_a_caption_without_words_stays_as_it_is():
    ids = torch.tensor([[TOKENIZER.sot_id, TOKENIZER.eot_id, 0, 0]])
    masked, chosen = mask_clip_tokens(ids, TOKENIZER, torch.Generator().manual_seed(0))
    assert torch.equal(masked, ids)
    assert not chosen.any()


def test_at_least_one_leaves_captions_with_a_choice_alone():
    ids, chosen = torch.tensor([[1, 2, 3], [1, 2, 3]]), torch.tensor([[False, False, True], [False] * 3])
    ordinary = torch.tensor([[False, True, True]] * 2)
    masked, asked = at_least_one(ids, chosen, ordinary, 9)
    assert masked.tolist() == [[1, 2, 3], [1, 9, 3]]
    assert asked.tolist() == [[False, False, True], [False, True, False]]


def test_it_depends_on_the_stream_alone():
    ids = caption_ids(4, 20, torch.Generator().manual_seed(0))
    torch.manual_seed(1)
    one = mask_clip_tokens(ids, TOKENIZER, torch.Generator().manual_seed(3))
    torch.manual_seed(2)
    two = mask_clip_tokens(ids, TOKENIZER, torch.Generator().manual_seed(3))
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))


def test_what_is_ordinary_moves_no_other_draw():
    ids = torch.randint(5, 90, (6, 30), generator=torch.Generator().manual_seed(0))
    every = torch.ones_like(ids, dtype=torch.bool)
    some = every.clone()
    some[:, ::2] = False
    whole, _ = mask_tokens(ids, every, 99, (5, 90), 0.5, torch.Generator().manual_seed(1))
    part, chosen = mask_tokens(ids, some, 99, (5, 90), 0.5, torch.Generator().manual_seed(1))
    assert torch.equal(whole[some], part[some])
    assert not chosen[~some].any()
