"""A text encoder that takes the place of CLIP's, projected to the joint space."""

from typing import Protocol

from torch import Tensor, nn

from glalign.contract.tokenizer import Tokenizer
from glalign.models.data_parallel import run_sharded
from glalign.models.length_buckets import length_buckets, restore_order
from glalign.models.towers.gpt2 import Gpt2
from glalign.models.towers.phobert import PhoBert

TextEncoder = PhoBert | Gpt2
"""Ids (B, T) and lengths (B,) -> hidden states (B, T, width), 0 at the padding; both may lie on the host."""


class EndedTokenizer(Tokenizer, Protocol):
    """A tokenizer whose captions end in a mark, and may begin with one."""

    @property
    def sot_id(self) -> int | None:
        """Id of the start mark; None if captions have none."""

    @property
    def eot_id(self) -> int:
        """Id of the end mark, which may be that of the padding."""


class ProjectedText(nn.Module):
    """A text encoder and a new linear projection of every token to the joint width (D2, D3).

    The projection has no bias and is initialised like CLIP's.
    """

    def __init__(self, encoder: TextEncoder, embed_dim: int, tokenizer: EndedTokenizer):
        super().__init__()
        self.encoder, self.embed_dim, self.tokenizer = encoder, embed_dim, tokenizer
        self.projection = nn.Linear(encoder.width, embed_dim, bias=False)
        nn.init.normal_(self.projection.weight, std=encoder.width**-0.5)

    def lengths(self, ids: Tensor) -> Tensor:
        """Return the number of tokens (B,) of captions (B, T), marks included."""
        tokens = (ids != self.tokenizer.pad_id).sum(dim=1)
        return tokens + 1 if self.tokenizer.eot_id == self.tokenizer.pad_id else tokens

    def text_tokens(self, ids: Tensor) -> Tensor:
        """(B, T) int64 -> (B, T, E), not L2-normalised, 0 at the padding; similar lengths are encoded together.

        The ids may lie on the host.
        """
        lengths = self.lengths(ids)
        buckets = length_buckets(lengths)
        states = [run_sharded(self.encoder, ids[rows, :longest], lengths[rows]) for rows, longest in buckets]
        return restore_order([self.projection(part) for part in states], buckets, ids.shape[1])
