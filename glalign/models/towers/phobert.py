"""PhoBERT (Nguyen and Nguyen 2020): transformers' RoBERTa with PhoBERT's sizes, and its way into a joint space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glalign.language.phobert_tokenizer import MAX_TOKENS, PhoBertFileTokenizer
from glalign.models.batch_shares import spread
from glalign.models.lengths import length_groups
from glalign.support.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PAD_ID = 1
"""Of PhoBERT's vocabulary, as of every RoBERTa's; the table of positions begins behind it."""

DROPPED = ("lm_head.", "pooler.", "embeddings.position_ids")
"""What a released file has and no feature needs."""


@dataclass(frozen=True)
class PhoBertShape:
    """Sizes of a RoBERTa. inner: of the feed-forward layers. positions: two more than the longest caption."""

    width: int
    layers: int
    heads: int
    inner: int
    positions: int = 258


SHAPES = {
    "phobert-base": PhoBertShape(width=768, layers=12, heads=12, inner=3072),
    "tiny/phobert": PhoBertShape(width=64, layers=2, heads=2, inner=192),
}
"""The real one: vinai/phobert-base, whose vocabulary has 64,001 entries (D3)."""


def phobert(name: str, vocabulary_size: int, dropout: float = 0.1) -> PhoBert:
    """A PhoBERT with random weights. dropout: .1 is its own. Raises: UserError for an unknown name."""
    if name not in SHAPES:
        raise UserError(f"model.text_backbone: unknown PhoBERT {name!r}; known: {', '.join(SHAPES)}")
    return PhoBert(SHAPES[name], vocabulary_size, dropout)


def phobert_text(
    name: str,
    files: tuple[Path, Path],
    embed_dim: int,
    *,
    dropout: float = 0.1,
    context_length: int | None = None,
    lower_case: bool = False,
) -> PhoBertText:
    """A PhoBERT with random weights, its tokenizer from two `files` and a projection to `embed_dim`.

    context_length: None for PhoBERT's own 256 (D4). lower_case (D6).
    """
    tokenizer = PhoBertFileTokenizer(*files, context_length or MAX_TOKENS, lower_case=lower_case)
    return PhoBertText(phobert(name, tokenizer.vocab_size, dropout), embed_dim, tokenizer)


class PhoBert(nn.Module):
    """Ids (B, T) and their numbers (B,) -> (B, T, width) hidden states of the last layer, 0 behind a caption's end.

    Padding is attended to by nothing. No pooler. Parameters are named as in the released file.
    """

    def __init__(self, shape: PhoBertShape, vocabulary_size: int, dropout: float):
        from transformers import RobertaConfig, RobertaModel  # noqa: PLC0415  (seconds)

        super().__init__()
        self.width = shape.width
        config = RobertaConfig(
            vocab_size=vocabulary_size,
            hidden_size=shape.width,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            intermediate_size=shape.inner,
            max_position_embeddings=shape.positions,
            type_vocab_size=1,
            layer_norm_eps=1e-5,
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=dropout,
            pad_token_id=PAD_ID,
        )
        self.roberta = RobertaModel(config, add_pooling_layer=False)

    @property
    def words(self) -> nn.Embedding:
        """The vectors of the pieces."""
        return self.roberta.embeddings.word_embeddings

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """See the class; `lengths` are at least 1, T at most 256."""
        places = torch.arange(ids.shape[1], device=ids.device)
        real = places < lengths[:, None]
        positions = (PAD_ID + 1 + places).expand_as(ids)
        output = self.roberta(input_ids=ids, attention_mask=real.long(), position_ids=positions)
        return output.last_hidden_state * real[..., None]

    def adapt(self, tensors: dict[str, Tensor], about: Mapping[str, str]) -> dict[str, Tensor]:
        """The tensors of a released file, its word head and pooler dropped; names may lack the prefix `roberta.`."""
        bare = {name.removeprefix("roberta."): value for name, value in tensors.items()}
        return {f"roberta.{name}": value for name, value in bare.items() if not name.startswith(DROPPED)}


class PhoBertText(nn.Module):
    """PhoBERT and a linear projection of every token to the joint width, which no release has (D3).

    A `glalign.models.towers.text_tower.TextTower`; the projection starts as CLIP's own does, without a bias.
    """

    def __init__(self, encoder: PhoBert, embed_dim: int, tokenizer: PhoBertFileTokenizer):
        super().__init__()
        self.encoder, self.embed_dim, self.tokenizer = encoder, embed_dim, tokenizer
        self.projection = nn.Linear(encoder.width, embed_dim, bias=False)
        nn.init.normal_(self.projection.weight, std=encoder.width**-0.5)

    def lengths(self, ids: Tensor) -> Tensor:
        """(B,) tokens of each caption, marks included; ids (B, T)."""
        return (ids != PAD_ID).sum(dim=1)

    def text_tokens(self, ids: Tensor) -> Tensor:
        """(B, T) int64 -> (B, T, E), not L2-normalised, 0 behind a caption's end.

        Captions of similar length are read together, so that little padding is computed.
        """
        lengths, wide = self.lengths(ids), ids.shape[1]
        groups = length_groups(lengths)
        parts = [
            F.pad(self.projection(spread(self.encoder, ids[rows, :longest], lengths[rows])), (0, 0, 0, wide - longest))
            for rows, longest in groups
        ]
        return torch.cat(parts)[torch.cat([rows for rows, _ in groups]).argsort()]
