"""Masked language modelling with an image as context: the layers and the loss of IRRA and its descendants.

Source: anosorae/IRRA@cfc2378, its model file, after CLIP.
"""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glalign.contract.retriever import Batch
from glalign.models.data_parallel import run_sharded
from glalign.models.host_copies import sent
from glalign.models.length_buckets import length_buckets
from glalign.models.towers.attention import Attention
from glalign.models.towers.clip_block import QuickGELU, ResidualAttentionBlock
from glalign.models.towers.layer_stack import Layers

Function = Callable[..., Tensor]

HEAD_WIDTH = 64
"""Channels per attention head, as everywhere in CLIP."""


def cross_attention(width: int, depth: int) -> Attention:
    """Attention from captions to images, followed by `depth` blocks and initialised like theirs (see `clip_blocks`)."""
    attention = Attention(width, max(1, width // HEAD_WIDTH), batch_first=True)
    nn.init.normal_(attention.in_proj_weight, std=width**-0.5)
    nn.init.normal_(attention.out_proj.weight, std=_outer(width, depth))
    return attention


def clip_blocks(width: int, depth: int) -> Layers:
    """CLIP's residual blocks over (B, T, width), with QuickGELU and an MLP of four times the width, without a mask.

    Weights are normal, see `ResidualAttentionBlock.init_weights`. Biases start as torch's.
    """
    heads = max(1, width // HEAD_WIDTH)
    blocks = [ResidualAttentionBlock(width, heads) for _ in range(depth)]
    for block in blocks:
        block.init_weights(depth)
    return Layers(blocks)


def vocabulary_head(width: int, vocab_size: int, depth: int) -> nn.Sequential:
    """Linear, QuickGELU, LayerNorm, linear, initialised as in `clip_blocks`: (..., width) -> (..., vocab_size)."""
    first, last = nn.Linear(width, width), nn.Linear(width, vocab_size)
    nn.init.normal_(first.weight, std=(2 * width) ** -0.5)
    nn.init.normal_(last.weight, std=_outer(width, depth))
    return nn.Sequential(first, QuickGELU(), nn.LayerNorm(width), last)


def outputs_at_mask(blocks: Layers, tokens: Tensor, mask: Tensor) -> Tensor:
    """Return `blocks(tokens)` where `mask` is true: tokens (B, L, E), mask (B, T <= L) bool -> (mask.sum(), E).

    The mask lies on the host, which has to know its sum. The queries of the last block are the first T tokens, and its
    MLP runs at the mask: nothing uses the rest.
    """
    tokens, last = blocks(tokens, depth=-1), cast(ResidualAttentionBlock, blocks[-1])
    keys = last.ln_1(tokens)
    queries = keys[:, : mask.shape[1]]
    mixed = at_mask(tokens[:, : mask.shape[1]] + last.attn(queries, keys, keys)[0], mask)
    return mixed + last.mlp(last.ln_2(mixed))


def at_mask(tokens: Tensor, mask: Tensor) -> Tensor:
    """Return `tokens[mask]`, (mask.sum(), E); tokens (B, T, E), mask (B, T) bool, on the host so that nothing waits."""
    return tokens.flatten(0, 1)[sent(mask.flatten().nonzero()[:, 0], tokens)]


def masked_word_loss(
    encode: Function, head: Function, text: Tensor, image: Tensor, batch: Batch, chosen: Tensor
) -> Tensor:
    """Cross-entropy of the batch's own words at the chosen positions.

    encode: (text, image, mask) of a length bucket -> states (mask.sum(), E) of the caption at the mask. head: states
    (M, E) -> logits (M, V). text: (B, T, E) tokens of the masked captions. image: (B, N, E) tokens of the images.
    chosen: (B, T) bool, the positions to predict, on the host.
    """
    states, words = [], []
    for rows, length in length_buckets(batch.on_host.lengths):
        mask, numbers = chosen[rows, :length], sent(rows, text)
        states.append(run_sharded(encode, text[numbers, :length], image[numbers], mask, sizes=mask.sum(dim=1)))
        words.append(batch.on_host.tokens[rows, :length][mask])
    return mlm_loss(head(torch.cat(states)), sent(torch.cat(words), text))


def mlm_loss(logits: Tensor, words: Tensor) -> Tensor:
    """Mean cross-entropy of `words` (M,) under `logits` (M, V); 0 and still differentiable if M is 0."""
    return F.cross_entropy(logits, words, reduction="sum") / max(1, len(words))


def _outer(width: int, depth: int) -> float:
    return width**-0.5 * (2 * depth) ** -0.5
