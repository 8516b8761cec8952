"""The interface of a text encoder beside CLIP's image tower."""

from typing import Protocol

import torch
from torch import Tensor

from glalign.contract.tokenizer import Tokenizer

TOKENS = {"clip": ("eot", "last"), "phobert": ("first", "eot", "last")}
"""Tokens that may stand for the caption (D5), the default first: CLIP's end mark, PhoBERT's <s>.

A causal encoder such as CLIP's cannot use its first token.
"""


class TextTower(Protocol):
    """Captions as tokens in the joint space: CLIP's text side (`ClipTowers`) or PhoBERT's (`PhoBertText`)."""

    embed_dim: int

    @property
    def tokenizer(self) -> Tokenizer: ...

    def text_tokens(self, ids: Tensor) -> Tensor:
        """(B, T) int64 -> (B, T, E), not L2-normalised; padding does not change the tokens of the caption."""
        ...

    def lengths(self, ids: Tensor) -> Tensor:
        """Return the number of tokens (B,) of captions (B, T), marks included."""
        ...


def text_token(tokens: Tensor, lengths: Tensor, which: str) -> Tensor:
    """Return the token (B, E) that stands for each caption; tokens (B, T, E), lengths (B,).

    which: first; eot, the end mark; last, the word piece before it, as with an encoder that appends no mark.
    """
    place = {"first": torch.zeros_like(lengths), "eot": lengths - 1, "last": lengths - 2}[which]
    return tokens[torch.arange(len(tokens), device=tokens.device), place]
