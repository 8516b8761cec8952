"""ALBEF (Li et al., NeurIPS 2021): an image tower, a text tower, and fusion layers from captions to images."""

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glalign.config.from_mapping import named
from glalign.contract.tokenizer import Span
from glalign.language.tokenizers import FileTokenizer
from glalign.models.data_parallel import sharded
from glalign.models.towers import bert
from glalign.models.towers.layer_stack import Layers
from glalign.models.towers.vit import VisionTransformer

PIECES = 50
"""Longest caption in ids, the start mark included (Flame-Chasers/RaSa@bd16aa1, its evaluation)."""

TEMPERATURE = 0.07
"""First value of the learned temperature."""

DELETED = frozenset(",.'!?\"()*#:;~")
"""Characters that ALBEF deletes from captions; - and / become blanks (salesforce/ALBEF@b9727e4, dataset code)."""


@dataclass(frozen=True)
class AlbefShape:
    """Sizes of an ALBEF.

    text: BERT's layers below the fusion; the image tower has the same width and ratio. fusion_layers: those with
    cross-attention.
    """

    patch: int
    vision_layers: int
    vision_heads: int
    text: bert.BertShape
    fusion_layers: int
    joint: int


SHAPES = {
    "albef": AlbefShape(16, 12, 12, replace(bert.SHAPES["bert-base"], layers=6), fusion_layers=6, joint=256),
    "tiny/albef": AlbefShape(8, 2, 2, replace(bert.SHAPES["tiny/bert"], ratio=3), fusion_layers=1, joint=128),
}
"""The original's and its twin's. The twin's two towers have the depth, width and ratio of tiny/clip's."""


def albef(name: str, image_size: tuple[int, int], vocabulary_size: int, dropout: float = 0.1) -> "Albef":
    """Build an ALBEF with random weights. dropout: of BERT's layers. Raises: UserError for an unknown name or size."""
    shape = named(SHAPES, name, "model.backbone: unknown ALBEF")
    return Albef(replace(shape, text=replace(shape.text, dropout=dropout)), image_size, vocabulary_size)


class AlbefTokenizer(FileTokenizer):
    """BERT's word pieces of a caption without its punctuation, after [CLS] and without an end mark, as in RaSa."""

    end_mark = False

    def __init__(self, path: Path | str, context_length: int = PIECES):
        super().__init__(path, context_length, "bert")

    def encode(self, text: str) -> tuple[list[int], list[Span]]:
        """Return the ids with the start mark, and the span in `text` of each."""
        kept = [index for index, character in enumerate(text) if character not in DELETED]
        ids, spans = super().encode("".join(" " if text[index] in "-/" else text[index] for index in kept))
        return ids, [(kept[start], kept[end - 1] + 1) if end else (0, 0) for start, end in spans]


class Albef(nn.Module):
    """The two towers, the fusion layers, the heads for words and for matching, and the temperature.

    The text tower has BERT's first layers; the fusion layers are BERT's with cross-attention to the image. The word
    head shares its matrix with the word embeddings.
    """

    def __init__(self, shape: AlbefShape, image_size: tuple[int, int], vocabulary_size: int):
        super().__init__()
        width, ratio = shape.text.width, shape.text.ratio
        self.width = width  # of the states of captions and of images
        self.vision = VisionTransformer(image_size, shape.patch, width, shape.vision_layers, shape.vision_heads, ratio)
        self.text = bert.Bert(shape.text, vocabulary_size)
        # torch's decoder layer without a causal mask is BERT's layer with cross-attention; widths are equal (768).
        layers = (bert.bert_layer(nn.TransformerDecoderLayer, shape.text) for _ in range(shape.fusion_layers))
        self.fusion = Layers(layers)
        self.word_head = nn.ModuleDict({"dense": nn.Linear(width, width), "norm": nn.LayerNorm(width, shape.text.eps)})
        self.word_bias = nn.Parameter(torch.zeros(vocabulary_size))
        self.image_proj = nn.Linear(width, shape.joint)
        self.text_proj = nn.Linear(width, shape.joint)
        self.matching = nn.Linear(width, 2)
        self.temperature = nn.Parameter(torch.tensor(TEMPERATURE))
        # BERT's .02 at its width of 768; scaled, so that narrower twins start with activations of the same size, and
        # their image tower with positions that are seen beside the patches.
        wider = bert.SHAPES["bert-base"].width / width
        self.apply(partial(bert.init_weights, std=bert.INIT_STD * wider**0.5))
        for table in (self.vision.class_token, self.vision.positions):
            nn.init.normal_(table, std=bert.INIT_STD * wider)

    def image_feature(self, states: Tensor) -> Tensor:
        """Return the normalised projection (B, E) of the class token of image states (B, 1 + N, width)."""
        return F.normalize(self.image_proj(states[:, 0]), dim=-1)

    def text_feature(self, states: Tensor) -> Tensor:
        """Return the normalised projection (B, E) of the class token of text states (B, T, width)."""
        return F.normalize(self.text_proj(states[:, 0]), dim=-1)

    @sharded
    def fuse(self, text: Tensor, lengths: Tensor, image: Tensor, positions: Tensor | None = None) -> Tensor:
        """Run the fusion layers; returns states of the captions, (B, T, width) or (B, M, width).

        text, image: states of the towers, (B, T, width) and (B, 1 + N, width). lengths: (B,) of the captions.
        positions: (B, M), where states are returned; None for all T.
        """
        padding = bert.padding_mask(lengths, text.shape[1])
        if positions is None:
            return self.fusion(text, image, tgt_key_padding_mask=padding)
        text = self.fusion(text, image, depth=-1, tgt_key_padding_mask=padding)
        last = cast(nn.TransformerDecoderLayer, self.fusion[-1])
        return decode_at(last, positions, text, image, padding)

    def fuse_ids(self, ids: Tensor, lengths: Tensor, image: Tensor, positions: Tensor | None = None) -> Tensor:
        """As `fuse`, from the ids (B, T) of captions."""
        return self.fuse(self.text(ids, lengths), lengths, image, positions)

    def fused_class_token(self, text: Tensor, lengths: Tensor, image: Tensor) -> Tensor:
        """Return the class state (B, width) of the fusion, the input of the heads for pairs."""
        return self.fuse(text, lengths, image, torch.zeros_like(lengths)[:, None])[:, 0]

    def word_logits(self, states: Tensor) -> Tensor:
        """Return logits (..., V) of all word pieces, from fused states (..., width)."""
        hidden = self.word_head["norm"](bert.gelu(self.word_head["dense"](states)))
        return F.linear(hidden, self.text.words.weight, self.word_bias)

    def momentum_copy(self) -> "Albef":
        """Return a frozen copy without the matching head and the temperature, which have no momentum version."""
        model = copy.deepcopy(self)
        del model.matching, model.temperature
        return model.requires_grad_(False)

    @torch.no_grad()
    def momentum_update(self, online: "Albef", momentum: float) -> None:
        """Set every parameter of this copy to momentum * own + (1 - momentum) * online, in a few kernels for all."""
        own, values = dict(self.named_parameters()), dict(online.named_parameters())
        torch._foreach_lerp_(list(own.values()), [values[name] for name in own], 1 - momentum)

    def adapt(self, tensors: dict[str, Tensor], about: Mapping[str, str]) -> dict[str, Tensor]:
        """Fit a file of ALBEF, of RaSa or of our own to this model: names and image size (see `load_weights`).

        The online encoders, the heads for words and matching and the temperature are kept; momentum copies, queues and
        other heads are dropped.
        """
        if "visual_encoder.cls_token" in tensors:
            tensors = from_albef(tensors)
        vision = {name.removeprefix("vision."): v for name, v in tensors.items() if name.startswith("vision.")}
        others = {name: value for name, value in tensors.items() if not name.startswith("vision.")}
        return others | {f"vision.{name}": value for name, value in self.vision.adapt(vision, about).items()}

    def about(self) -> dict[str, str]:
        """Return the metadata to store with the weights, for `adapt`."""
        return self.vision.about()


def decode_at(
    layer: nn.TransformerDecoderLayer, positions: Tensor, text: Tensor, image: Tensor, padding: Tensor
) -> Tensor:
    """Return the output (B, M, width) of `layer` at `positions` (B, M) of `text` only."""
    x = text.gather(1, positions[..., None].expand(-1, -1, text.shape[2]))
    own = layer.self_attn(x, text, text, key_padding_mask=padding)[0]
    x = layer.norm1(x + layer.dropout1(own))
    x = layer.norm2(x + layer.dropout2(layer.multihead_attn(x, image, image)[0]))
    return layer.norm3(x + layer.dropout3(layer.linear2(layer.activation(layer.linear1(x)))))


HEADS = (
    (r"^text_encoder\.cls\.predictions\.bias$", "word_bias"),
    (r"^text_encoder\.cls\.predictions\.transform\.dense\.", "word_head.dense."),
    (r"^text_encoder\.cls\.predictions\.transform\.LayerNorm\.", "word_head.norm."),
    (r"^vision_proj\.", "image_proj."),
    (r"^text_proj\.", "text_proj."),
    (r"^itm_head\.", "matching."),
    (r"^temp$", "temperature"),
    (r"^visual_encoder\.", "vision."),
)
"""Patterns of ALBEF's names of the heads and of the image tower, and their replacements."""


def from_albef(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the tensors of an ALBEF checkpoint to those of `Albef`; all others are dropped.

    The text layers with cross-attention are its fusion layers.
    """
    known = {name: value for name, value in tensors.items() if any(re.search(old, name) for old, _ in HEADS)}
    found, prefix = bert.renamed(known, HEADS), "text_encoder.bert."
    text = bert.from_hugging_face(
        {name.removeprefix(prefix): v for name, v in tensors.items() if name.startswith(prefix)}
    )
    numbers = {name: int(layer[1]) for name in text if (layer := re.match(r"layers\.(\d{1,3})\.", name))}
    crossed = sorted({number for name, number in numbers.items() if ".multihead_attn." in name})
    for name, value in text.items():
        if (number := numbers.get(name)) is not None and number in crossed:
            found[name.replace(f"layers.{number}.", f"fusion.{crossed.index(number)}.")] = value
        else:
            found[f"text.{name}"] = value
    return found
