"""PhoBERT (Nguyen and Nguyen 2020) as a text encoder: transformers' RoBERTa with PhoBERT's sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from glalign.config.from_mapping import named
from glalign.models.host_copies import sent
from glalign.support.clock import clock

PAD_ID = 1
"""Id of the padding in every RoBERTa's vocabulary; the used rows of the position table follow it."""

DROPPED = ("lm_head.", "pooler.", "embeddings.position_ids")
"""Prefixes of a released file's tensors that no feature needs."""


@dataclass(frozen=True)
class PhoBertShape:
    """Sizes of a RoBERTa. hidden: of the feed-forward layers. positions: two more than the longest caption."""

    width: int
    layers: int
    heads: int
    hidden: int
    positions: int = 258


SHAPES = {
    "phobert-base": PhoBertShape(width=768, layers=12, heads=12, hidden=3072),
    "tiny/phobert": PhoBertShape(width=64, layers=2, heads=2, hidden=192),
}
"""The real one: vinai/phobert-base, whose vocabulary has 64,001 entries (D3)."""


def roberta_sizes(shape: PhoBertShape, vocabulary_size: int, dropout: float) -> dict[str, Any]:
    """Return arguments of transformers' RoBERTa configurations. dropout: of hidden states and attention weights."""
    return {
        "vocab_size": vocabulary_size,
        "hidden_size": shape.width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.hidden,
        "max_position_embeddings": shape.positions,
        "type_vocab_size": 1,
        "layer_norm_eps": 1e-5,
        "hidden_dropout_prob": dropout,
        "attention_probs_dropout_prob": dropout,
    }


def phobert(name: str, vocabulary_size: int, dropout: float = 0.1) -> PhoBert:
    """Build a PhoBERT with random weights. dropout: .1 is its own. Raises: UserError for an unknown name."""
    return PhoBert(named(SHAPES, name, "model.text_backbone: unknown PhoBERT"), vocabulary_size, dropout)


class PhoBert(nn.Module):
    """Ids (B, T) and lengths (B,) -> (B, T, width) hidden states of the last layer, 0 at the padding.

    Lengths are at least 1, T is at most 256. No token attends to padding. No pooler. Parameters are named as in the
    released file. Ids and lengths may lie on the host.
    """

    def __init__(self, shape: PhoBertShape, vocabulary_size: int, dropout: float):
        with clock.span("imports"):
            from transformers import RobertaConfig, RobertaModel  # noqa: PLC0415  (seconds)

        super().__init__()
        self.width = shape.width
        sizes = roberta_sizes(shape, vocabulary_size, dropout)
        self.roberta = RobertaModel(RobertaConfig(**sizes, pad_token_id=PAD_ID), add_pooling_layer=False)

    @property
    def words(self) -> nn.Embedding:
        """The word embeddings."""
        return self.roberta.embeddings.word_embeddings

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        index = torch.arange(ids.shape[1], device=ids.device)
        ids, mask, visible = sent_to_roberta(ids, index < lengths[:, None], self.words.weight)
        positions = sent((PAD_ID + 1 + index).expand_as(ids), ids)
        output = self.roberta(input_ids=ids, attention_mask=visible, position_ids=positions)
        return output.last_hidden_state * mask[..., None]

    def adapt(self, tensors: dict[str, Tensor], about: Mapping[str, str]) -> dict[str, Tensor]:
        """Drop the word head and the pooler of a released file; its names may lack the prefix `roberta.`."""
        bare = {name.removeprefix("roberta."): value for name, value in tensors.items()}
        return {f"roberta.{name}": value for name, value in bare.items() if not name.startswith(DROPPED)}


def sent_to_roberta(ids: Tensor, mask: Tensor, to: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return ids (B, T) and mask (B, T) bool, true at tokens, on the device of `to`, and transformers' attention mask.

    The latter is (B, 1, 1, T), or None if there is no padding: transformers would ask the GPU whether there is any.
    """
    padded = not mask.all()
    ids, mask = sent(ids, to), sent(mask, to)
    return ids, mask, mask[:, None, None] if padded else None
