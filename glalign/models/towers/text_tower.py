"""What a text encoder offers to a system whose image tower is CLIP's."""

from typing import Protocol

import torch
from torch import Tensor

from glalign.contract.tokenizer import Tokenizer

TOKENS = {"clip": ("eot", "last"), "phobert": ("first", "eot", "last")}
"""Which token may stand for the caption (D5), the encoder's own first: CLIP's end mark; PhoBERT's <s>, which a causal
encoder could not use."""


class TextTower(Protocol):
    """Captions as tokens in the joint space: CLIP's text side (`ClipTowers`) or PhoBERT's (`PhoBertText`)."""

    tokenizer: Tokenizer
    embed_dim: int

    def text_tokens(self, ids: Tensor) -> Tensor:
        """(B, T) int64 -> (B, T, E), not L2-normalised; what stands behind a caption's end changes nothing before."""
        ...

    def lengths(self, ids: Tensor) -> Tensor:
        """(B,) tokens of each caption, marks included; ids (B, T)."""
        ...


def text_token(tokens: Tensor, lengths: Tensor, which: str) -> Tensor:
    """(B, E) the token of (B, T, E) that stands for each caption.

    which: first; eot, the end mark; last, the word piece before it, as of an encoder that appends no mark.
    """
    place = {"first": torch.zeros_like(lengths), "eot": lengths - 1, "last": lengths - 2}[which]
    return tokens[torch.arange(len(tokens), device=tokens.device), place]
