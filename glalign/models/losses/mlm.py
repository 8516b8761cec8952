"""Masked words predicted from a caption and its image: the trainable parts that IRRA and its descendants share."""

from torch import Tensor, nn
from torch.nn import functional as F

HEAD_WIDTH = 64
"""Channels per attention head, as everywhere in CLIP."""


def cross_attention(width: int, depth: int) -> nn.MultiheadAttention:
    """Attention of captions to images in front of `depth` blocks, initialised as theirs (see `clip_blocks`)."""
    attention = nn.MultiheadAttention(width, max(1, width // HEAD_WIDTH), batch_first=True)
    _start_attention(attention, width, depth)
    return attention


def clip_blocks(width: int, depth: int) -> nn.Sequential:
    """CLIP's residual blocks with QuickGELU and an MLP of four times the width, over (B, T, width), without a mask.

    Weights are normal: attention inputs width^-.5, outputs of residual branches width^-.5 (2 depth)^-.5, MLP inputs
    (2 width)^-.5; biases stay as torch makes them. Source: anosorae/IRRA@cfc2378, its model file, after CLIP.
    """
    from open_clip.transformer import QuickGELU, ResidualAttentionBlock  # noqa: PLC0415  (3 s, like the towers)

    heads = max(1, width // HEAD_WIDTH)
    blocks = [ResidualAttentionBlock(width, heads, act_layer=QuickGELU) for _ in range(depth)]
    for block in blocks:
        _start_attention(block.attn, width, depth)
        nn.init.normal_(block.mlp.c_fc.weight, std=_inner(width))
        nn.init.normal_(block.mlp.c_proj.weight, std=_outer(width, depth))
    return nn.Sequential(*blocks)


def vocabulary_head(width: int, words: int, depth: int) -> nn.Sequential:
    """(..., width) -> (..., words) logits: linear, QuickGELU, LayerNorm, linear; initialised as MLPs of `clip_blocks`.

    Source: anosorae/IRRA@cfc2378, its model file.
    """
    from open_clip.transformer import QuickGELU  # noqa: PLC0415

    head = nn.Sequential(nn.Linear(width, width), QuickGELU(), nn.LayerNorm(width), nn.Linear(width, words))
    nn.init.normal_(head[0].weight, std=_inner(width))
    nn.init.normal_(head[3].weight, std=_outer(width, depth))
    return head


def outputs_at_mask(blocks: nn.Sequential, tokens: Tensor, wanted: Tensor) -> Tensor:
    """`blocks(tokens)` at the wanted positions only: tokens (B, L, E), wanted (B, T <= L) bool -> (wanted.sum(), E).

    The last block's attention is asked by the first T tokens alone and its MLP sees the wanted ones alone: what the
    others become there is read by nobody.
    """
    *before, last = blocks
    for block in before:
        tokens = block(tokens)
    keys = last.ln_1(tokens)
    asking = keys[:, : wanted.shape[1]]
    mixed = (tokens[:, : wanted.shape[1]] + last.attention(asking, keys, keys))[wanted]
    return mixed + last.mlp(last.ln_2(mixed))


def mlm_loss(logits: Tensor, words: Tensor) -> Tensor:
    """Mean cross-entropy of the `words` (M,) under `logits` (M, V); 0 and still differentiable where M is 0."""
    return F.cross_entropy(logits, words, reduction="sum") / max(1, len(words))


def _start_attention(attention: nn.MultiheadAttention, width: int, depth: int) -> None:
    nn.init.normal_(attention.in_proj_weight, std=width**-0.5)
    nn.init.normal_(attention.out_proj.weight, std=_outer(width, depth))


def _inner(width: int) -> float:
    return (2 * width) ** -0.5


def _outer(width: int, depth: int) -> float:
    return width**-0.5 * (2 * depth) ** -0.5
