"""A batch of random images and captions with the fields that a system needs."""

from collections.abc import Sequence

import torch

from glalign.contract.regions import REGIONS
from glalign.contract.retriever import ABSENT, Batch, Retriever
from glalign.data.training_data import OTHERS

WORDS = (
    "a", "man", "woman", "wears", "red", "blue", "black", "shirt", "jacket", "skirt", "shoes", "long", "hair", "bag",
)  # fmt: skip
"""Frequent words of descriptions of people, which are in every vocabulary."""

PHRASE_SHARE = 0.3
"""Share of a caption's tokens inside the phrases of a region, about as in real captions."""


def specimen(
    model: Retriever,
    image_size: tuple[int, int],
    person: Sequence[int],
    *,
    words: tuple[int, int] = (4, 15),
    padding: int = 0,
    seed: int = 11,
) -> Batch:
    """Make a batch of len(person) pairs for a model; image_size is (height, width), person the class of each pair.

    words: fewest and most of a caption. padding: additional columns behind the longest caption. The same seed gives the
    same images, captions, phrases and parts for any padding.
    """
    generator = torch.Generator().manual_seed(seed)
    count = len(person)
    tokens, lengths = _captions(model, count, words, padding, generator)
    other, other_lengths = _captions(model, count, words, padding, generator)
    inside = torch.arange(tokens.shape[1])[None] < lengths[:, None] - 1
    inside[:, 0] = False
    chosen = torch.rand(count, len(REGIONS), 1 + words[1] * 8, generator=generator) < PHRASE_SHARE
    chosen = torch.nn.functional.pad(chosen, (0, max(0, tokens.shape[1] - chosen.shape[2])))[..., : tokens.shape[1]]
    shares = (torch.rand(count, len(REGIONS), *model.patch_grid, generator=generator) - 0.5).clamp(min=0)
    second = any(need in OTHERS for need in model.needs)
    return Batch(
        pixels=torch.randn(count, 3, *image_size, generator=generator),
        tokens=tokens,
        lengths=lengths,
        person=torch.tensor(person),
        parts=2 * shares if "parts" in model.needs else ABSENT,
        phrases=chosen & inside[:, None] if "phrases" in model.needs else ABSENT,
        other_tokens=other if second else ABSENT,
        other_lengths=other_lengths if second else ABSENT,
        other_same=torch.arange(count) % 2 == 0 if second else ABSENT,
        generator=torch.Generator().manual_seed(seed + 1),
    )


def _captions(
    model: Retriever, count: int, words: tuple[int, int], padding: int, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Padded token ids (count, T) and lengths (count,) of sentences of random words."""
    long = torch.randint(words[0], words[1] + 1, (count,), generator=generator).tolist()
    pick = torch.randint(0, len(WORDS), (count, words[1]), generator=generator).tolist()
    texts = [" ".join(WORDS[w] for w in row[:n]) for row, n in zip(pick, long, strict=True)]
    ids = [model.tokenizer.encode(text)[0] for text in texts]
    width = min(max(map(len, ids)) + padding, model.tokenizer.context_length)
    tokens = torch.full((count, width), model.tokenizer.pad_id)
    for row, values in enumerate(ids):
        tokens[row, : len(values)] = torch.tensor(values)
    return tokens, torch.tensor([len(values) for values in ids])
