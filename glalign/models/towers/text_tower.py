"""The token that stands for a caption in a text encoder beside CLIP's image tower."""

import torch
from torch import Tensor

from glalign.models.length_buckets import token_at

TOKENS = {"clip": ("eot", "last"), "phobert": ("first", "eot", "last"), "gpt2": ("last", "eot")}
"""Tokens that may stand for the caption (D5), the default first: CLIP's end mark, PhoBERT's <s>, GPT-2's last piece.

A causal encoder such as CLIP's cannot use its first token.
"""


def text_token(tokens: Tensor, lengths: Tensor, which: str) -> Tensor:
    """Return the token (B, E) that stands for each caption; tokens (B, T, E), lengths (B,).

    which: first; eot, the end mark; last, the word piece before it, as with an encoder that appends no mark, or the
    mark of a caption without a word.
    """
    place = {"first": torch.zeros_like(lengths), "eot": lengths - 1, "last": (lengths - 2).clamp(min=0)}[which]
    return token_at(tokens, place)
