"""BERT's text tower (Devlin et al. 2019) out of torch's own layers: word pieces become context vectors."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glalign.models.data_parallel import run_sharded
from glalign.models.towers.attention import use_lean_attention
from glalign.support.errors import UserError

INIT_STD = 0.02
"""Spread of BERT's initial weights (google-research/bert, `initializer_range`)."""


@dataclass(frozen=True)
class BertShape:
    """Sizes of a BERT. ratio: of the feed-forward layers' inner width to its own."""

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


def bert(name: str, vocabulary_size: int, layers: int | None = None) -> "Bert":
    """A BERT with random weights. layers: only the first so many. Raises: UserError for an unknown name or size."""
    if name not in SHAPES:
        raise UserError(f"model.text: unknown BERT {name!r}; known: {', '.join(SHAPES)}")
    shape = SHAPES[name]
    if layers is not None and not 0 <= layers <= shape.layers:
        raise UserError(f"model: {name} has {shape.layers} layers, not {layers}")
    return Bert(shape if layers is None else replace(shape, layers=layers), vocabulary_size)


class Bert(nn.Module):
    """Ids (B, T) of word pieces and their numbers (B,) -> (B, T, width) hidden states of the last layer.

    Padding is attended to by nothing; its own states mean nothing. No pooler. One sentence: token type 0.
    """

    def __init__(self, shape: BertShape, vocabulary_size: int):
        super().__init__()
        self.shape, self.width = shape, shape.width
        self.words = nn.Embedding(vocabulary_size, shape.width)
        self.positions = nn.Embedding(shape.positions, shape.width)
        self.types = nn.Embedding(2, shape.width)
        self.norm = nn.LayerNorm(shape.width, shape.eps)
        self.dropout = nn.Dropout(shape.dropout)
        self.layers = nn.ModuleList(bert_layer(nn.TransformerEncoderLayer, shape) for _ in range(shape.layers))
        self.apply(init_weights)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """See the class; `lengths` are at least 1, T at most the number of positions."""
        return run_sharded(self.states, ids, lengths)

    def states(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """The same in one process."""
        hidden = self.words(ids) + self.positions.weight[: ids.shape[1]] + self.types.weight[0]
        hidden, padding = self.dropout(self.norm(hidden)), padding_mask(lengths, ids.shape[1])
        for layer in self.layers:
            hidden = layer(hidden, src_key_padding_mask=padding)
        return hidden

    def adapt(self, tensors: dict[str, Tensor], about: object) -> dict[str, Tensor]:
        """Tensors of a Hugging Face BERT file under this module's names; layers beyond its own and all heads dropped.

        Names may carry the prefix `bert.`; a file with this module's own names passes unchanged.
        """
        if "words.weight" in tensors:
            return tensors
        bare = {name.removeprefix("bert."): value for name, value in tensors.items() if not name.startswith("cls.")}
        layers = tuple(f"layers.{number}." for number in range(len(self.layers)))
        named = from_hugging_face(bare)
        return {
            name: value for name, value in named.items() if not name.startswith("layers.") or name.startswith(layers)
        }


def bert_layer(kind: type[nn.Module], shape: BertShape) -> nn.Module:
    """A layer of BERT: `kind` is torch's encoder layer, or its decoder layer, which has cross-attention besides.

    Dropout follows the attention weights and both outputs, but not the activation. The activation is a function of our
    own, which keeps evaluation off torch's fused path: the same arithmetic in training, evaluation and any batch.
    """
    layer = kind(
        shape.width,
        shape.heads,
        dim_feedforward=shape.ratio * shape.width,
        dropout=shape.dropout,
        activation=gelu,
        layer_norm_eps=shape.eps,
        batch_first=True,
    )
    layer.dropout = nn.Identity()
    return use_lean_attention(layer)


def gelu(x: Tensor) -> Tensor:
    """x times the normal distribution function of x (Hendrycks and Gimpel 2016)."""
    return F.gelu(x)


def padding_mask(lengths: Tensor, size: int) -> Tensor:
    """(B, size) bool: true from each row's length on."""
    return torch.arange(size, device=lengths.device) >= lengths[:, None]


def init_weights(module: nn.Module, std: float = INIT_STD) -> None:
    """Normal weights and zero biases in a layer that is no layer norm; for `Module.apply`."""
    match module:
        case nn.Linear() | nn.Embedding():
            nn.init.normal_(module.weight, std=std)
            if getattr(module, "bias", None) is not None:
                nn.init.zeros_(module.bias)
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
"""Patterns of Hugging Face's names and what stands for them here, applied in this order."""


def from_hugging_face(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Hugging Face's names (without `bert.`) into those of `Bert`, queries, keys and values joined; no pooler, no table
    of position numbers. A layer with cross-attention gets the names of torch's decoder layer."""
    named = {}
    for old, value in tensors.items():
        if old.startswith("pooler.") or old.endswith("position_ids"):
            continue
        name = old
        for pattern, new in HUGGING_FACE:
            name = re.sub(pattern, new, name)
        named[name] = value
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
