"""BERT's text tower (Devlin et al. 2019) of torch's own layers."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glalign.config.from_mapping import named
from glalign.models.data_parallel import sharded
from glalign.models.towers.attention import use_lean_attention
from glalign.models.towers.layer_stack import Layers

INIT_STD = 0.02
"""Standard deviation of BERT's initial weights (google-research/bert, `initializer_range`)."""


@dataclass(frozen=True)
class BertShape:
    """Sizes of a BERT. ratio: of the feed-forward layers' hidden width to `width`."""

    width: int
    layers: int
    heads: int
    positions: int
    dropout: float = 0.1
    eps: float = 1e-12
    ratio: int = 4


SHAPES = {
    "bert-base": BertShape(width=768, layers=12, heads=12, positions=512),
    "tiny/bert": BertShape(width=64, layers=2, heads=2, positions=128),
}


def bert_shape(name: str) -> BertShape:
    """Return the sizes of a BERT by its name. Raises: UserError for an unknown one."""
    return named(SHAPES, name, "model.text: unknown BERT")


def bert(name: str, vocabulary_size: int) -> "Bert":
    """Build a BERT with random weights. Raises: UserError for an unknown size."""
    return Bert(bert_shape(name), vocabulary_size)


class Bert(nn.Module):
    """Word piece ids (B, T) and lengths (B,) -> (B, T, width) hidden states of the last layer.

    Lengths are at least 1, T is at most `shape.positions`. No token attends to padding, whose own states have no
    meaning. No pooler. One sentence: token type 0.
    """

    def __init__(self, shape: BertShape, vocabulary_size: int):
        super().__init__()
        self.shape, self.width = shape, shape.width
        self.words = nn.Embedding(vocabulary_size, shape.width)
        self.positions = nn.Embedding(shape.positions, shape.width)
        self.types = nn.Embedding(2, shape.width)
        self.norm = nn.LayerNorm(shape.width, shape.eps)
        self.dropout = nn.Dropout(shape.dropout)
        self.layers = Layers(bert_layer(nn.TransformerEncoderLayer, shape) for _ in range(shape.layers))
        self.apply(init_weights)

    @sharded
    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        hidden = self.words(ids) + self.positions.weight[: ids.shape[1]] + self.types.weight[0]
        hidden, padding = self.dropout(self.norm(hidden)), padding_mask(lengths, ids.shape[1])
        return self.layers(hidden, src_key_padding_mask=padding)

    def adapt(self, tensors: dict[str, Tensor], about: object) -> dict[str, Tensor]:
        """Rename the tensors of a Hugging Face BERT file; heads and layers beyond this module's are dropped.

        Names may have the prefix `bert.`; a file with this module's own names is returned as it is.
        """
        if "words.weight" in tensors:
            return tensors
        bare = {name.removeprefix("bert."): value for name, value in tensors.items() if not name.startswith("cls.")}
        layers = tuple(f"layers.{number}." for number in range(len(self.layers)))
        named = from_hugging_face(bare)
        return {k: v for k, v in named.items() if not k.startswith("layers.") or k.startswith(layers)}


def bert_layer(kind: Callable[..., nn.Module], shape: BertShape) -> nn.Module:
    """Build a layer of BERT. kind: torch's encoder layer, or its decoder layer, which adds cross-attention.

    Dropout is applied to the attention weights and to both outputs, but not after the activation. `gelu` is not
    torch's own function object, so that evaluation does not take torch's fused path: the arithmetic is the same in
    training, evaluation and any batch.
    """
    hidden, eps = shape.ratio * shape.width, shape.eps
    layer = kind(shape.width, shape.heads, hidden, shape.dropout, gelu, layer_norm_eps=eps, batch_first=True)
    layer.dropout = nn.Identity()
    return use_lean_attention(layer)


def gelu(x: Tensor) -> Tensor:
    """Return x times the normal distribution function of x (Hendrycks and Gimpel 2016)."""
    return F.gelu(x)


def padding_mask(lengths: Tensor, size: int) -> Tensor:
    """Return (B, size) bool, true at the padding: from each row's length (B,) on."""
    return torch.arange(size, device=lengths.device) >= lengths[:, None]


def init_weights(module: nn.Module, std: float = INIT_STD) -> None:
    """Initialise a layer other than a layer norm: normal weights, zero biases; for `Module.apply`."""
    match module:
        case nn.Linear() | nn.Embedding():
            nn.init.normal_(module.weight, std=std)
            if isinstance(bias := getattr(module, "bias", None), Tensor):
                nn.init.zeros_(bias)
        case nn.MultiheadAttention():
            nn.init.normal_(module.in_proj_weight, std=std)


HUGGING_FACE = (
    (r"\.gamma$", ".weight"),
    (r"\.beta$", ".bias"),
    (r"^embeddings\.word_embeddings\.", "words."),
    (r"^embeddings\.position_embeddings\.", "positions."),
    (r"^embeddings\.token_type_embeddings\.", "types."),
    (r"^embeddings\.LayerNorm\.", "norm."),
    (r"^encoder\.layer\.", "layers."),
    (r"\.crossattention\.self\.", ".multihead_attn."),
    (r"\.crossattention\.output\.dense\.", ".multihead_attn.out_proj."),
    (r"\.crossattention\.output\.LayerNorm\.", ".norm2."),
    (r"\.attention\.self\.", ".self_attn."),
    (r"\.attention\.output\.dense\.", ".self_attn.out_proj."),
    (r"\.attention\.output\.LayerNorm\.", ".norm1."),
    (r"\.intermediate\.dense\.", ".linear1."),
    (r"(layers\.\d+)\.output\.dense\.", r"\1.linear2."),
    (r"(layers\.\d+)\.output\.LayerNorm\.", r"\1.last_norm."),
)
"""Patterns of Hugging Face's names and their replacements, applied in this order."""


def from_hugging_face(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename Hugging Face's tensors (without `bert.`) to those of `Bert`; queries, keys and values are concatenated.

    Pooler and position numbers are dropped. A layer with cross-attention gets the names of torch's decoder layer.
    """
    kept = {k: v for k, v in tensors.items() if not (k.startswith("pooler.") or k.endswith("position_ids"))}
    named = renamed(kept, HUGGING_FACE)
    crossed = {name.split(".multihead_attn.")[0] for name in named if ".multihead_attn." in name}
    result = {}
    for name, value in named.items():
        place, last, end = name.partition(".last_norm")
        if last:
            result[f"{place}.norm{3 if place in crossed else 2}{end}"] = value
        elif re.search(r"_attn\.query\.", name):
            three = (named.get(name.replace(".query.", f".{part}.")) for part in ("query", "key", "value"))
            found = [part for part in three if part is not None]
            result[name.replace(".query.", ".in_proj_")] = torch.cat(found)
        elif not re.search(r"_attn\.(key|value)\.", name):
            result[name] = value
    return result


def renamed(tensors: Mapping[str, Tensor], patterns: Iterable[tuple[str, str]]) -> dict[str, Tensor]:
    """Apply regular expressions and their replacements, in order, to the names of tensors."""
    result = {}
    for name, value in tensors.items():
        for pattern, new in patterns:
            name = re.sub(pattern, new, name)  # noqa: PLW2901
        result[name] = value
    return result
