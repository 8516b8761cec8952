"""GPT-2 (Radford et al. 2019) as a text encoder: the states of its last layer, without its word head."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glalign.config.from_mapping import named
from glalign.models.host_copies import sent
from glalign.models.towers.bert import init_weights, renamed
from glalign.models.towers.clip_block import ResidualAttentionBlock, Transformer

INIT_STD = 0.02
"""Standard deviation of GPT-2's initial weights (openai/gpt-2, src/model.py, and transformers' `initializer_range`)."""


@dataclass(frozen=True)
class Gpt2Shape:
    """Sizes of a GPT-2. ratio: of the feed-forward layers' hidden width to `width`. positions: longest caption."""

    width: int
    layers: int
    heads: int
    ratio: float
    positions: int


SHAPES = {
    "gpt2": Gpt2Shape(width=768, layers=12, heads=12, ratio=4.0, positions=1024),
    "tiny/gpt2": Gpt2Shape(width=64, layers=2, heads=2, ratio=3.0, positions=256),
}
"""The real one: openai-community/gpt2, the smallest of four, whose vocabulary has 50,257 entries (D2)."""


def gpt2(name: str, vocabulary_size: int, dropout: float = 0.1) -> "Gpt2":
    """Build a GPT-2 with random weights. dropout: .1 is its own. Raises: UserError for an unknown name."""
    return Gpt2(named(SHAPES, name, "model.text_backbone: unknown GPT-2"), vocabulary_size, dropout)


class Gpt2(nn.Module):
    """Ids (B, T) and lengths (B,) -> (B, T, width) states of the last layer after the last norm, 0 at the padding.

    T is at most `shape.positions`. Attention is causal: a token attends to itself and to the tokens before it, never to
    the padding, which comes last. The blocks are those of CLIP's text tower, with the tanh approximation of GELU.
    dropout: of the embeddings, of the attention weights, and after the attention and the MLP of each block, in training
    only. Ids and lengths may lie on the host.
    """

    def __init__(self, shape: Gpt2Shape, vocabulary_size: int, dropout: float):
        super().__init__()
        self.shape, self.width, self.dropout = shape, shape.width, dropout
        self.words = nn.Embedding(vocabulary_size, shape.width)
        self.positions = nn.Embedding(shape.positions, shape.width)
        gelu = partial(nn.GELU, approximate="tanh")
        head_width = shape.width // shape.heads
        self.transformer = Transformer(shape.layers, shape.width, head_width, shape.ratio, gelu, dropout)
        self.norm = nn.LayerNorm(shape.width)
        self.apply(partial(init_weights, std=INIT_STD))
        for block in self.transformer.resblocks:
            block = cast("ResidualAttentionBlock", block)
            block.attn.dropout = dropout
            for layer in (block.attn.out_proj, block.mlp.get_submodule("c_proj")):
                nn.init.normal_(layer.get_parameter("weight"), std=INIT_STD * (2 * shape.layers) ** -0.5)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        mask = torch.arange(ids.shape[1], device=ids.device) < lengths[:, None]
        ids, mask = sent(ids, self.words.weight), sent(mask, self.words.weight)
        hidden = self.words(ids) + self.positions.weight[: ids.shape[1]]
        hidden = self.transformer(F.dropout(hidden, self.dropout, self.training), causal=True)
        return cast("Tensor", self.norm(hidden)) * mask[..., None]

    def adapt(self, tensors: dict[str, Tensor], about: Mapping[str, str]) -> dict[str, Tensor]:
        """Rename the tensors of transformers' GPT-2 and transpose its matrices, which are stored as (in, out).

        Names may have the prefix `transformer.`. Word head and causal masks are dropped; a file with this module's own
        names is returned as it is.
        """
        if "words.weight" in tensors:
            return tensors
        bare = {name.removeprefix("transformer."): value for name, value in tensors.items()}
        kept = {name: value for name, value in bare.items() if not name.startswith("lm_head.")}
        kept = {name: value for name, value in kept.items() if not name.endswith(CAUSAL_MASKS)}
        turned = {name: value.T if name.endswith(CONV1D) else value for name, value in kept.items()}
        return renamed(turned, TRANSFORMERS)


CAUSAL_MASKS = (".attn.bias", ".attn.masked_bias")
"""Ends of the names of the buffers that transformers stored beside the weights."""

CONV1D = (".c_attn.weight", ".c_proj.weight", ".c_fc.weight")
"""Ends of the names of the matrices of transformers' `Conv1D`, a linear layer with a transposed matrix."""

TRANSFORMERS = (
    (r"^wte\.", "words."),
    (r"^wpe\.", "positions."),
    (r"^ln_f\.", "norm."),
    (r"^h\.", "transformer.resblocks."),
    (r"\.attn\.c_attn\.", ".attn.in_proj_"),
    (r"\.attn\.c_proj\.", ".attn.out_proj."),
)
"""Patterns of transformers' names and their replacements, applied in this order."""
