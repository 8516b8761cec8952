"""A CLIP with XLM-R as its text tower, for captions in any language: open_clip's, and a tiny twin of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from torch import Tensor, nn
from transformers import XLMRobertaConfig, XLMRobertaModel

from glalign.config.from_mapping import named
from glalign.language.tokenizers import FileTokenizer
from glalign.models.data_parallel import run_sharded
from glalign.models.length_buckets import length_buckets, restore_order
from glalign.models.towers.clip import POSITIONS, without_logit_scale
from glalign.models.towers.clip_image import ClipImageTower
from glalign.models.towers.phobert import PhoBertShape, roberta_sizes, sent_to_roberta
from glalign.models.towers.positions import fit_positions, grid_metadata
from glalign.support.errors import UserError

CONTEXT = 77
"""Longest caption in tokens, marks included: open_clip's default for this model."""


@dataclass(frozen=True)
class MultilingualShape:
    """Sizes of a vision transformer and of an XLM-R (a RoBERTa): widths in channels.

    The rows of XLM-R's position table up to the padding id are unused.
    """

    patch: int
    joint: int
    vision_width: int
    vision_layers: int
    head_width: int
    mlp_ratio: float
    text: PhoBertShape


SHAPES = {
    "tiny/multilingual": MultilingualShape(8, 128, 64, 2, 32, 3.0, PhoBertShape(64, 2, 2, 192, 80)),
    "xlm-roberta-base-vit-b-32": MultilingualShape(32, 512, 768, 12, 64, 4.0, PhoBertShape(768, 12, 12, 3072, 514)),
}
"""The real one: open_clip's xlm-roberta-base-ViT-B-32 and Conneau et al. 2020 (XLM-R base). The tiny twin has the image
tower of tiny/clip."""


def multilingual_towers(
    name: str, image_size: tuple[int, int], vocabulary: Path | str, dropout: float = 0.1
) -> "MultilingualTowers":
    """Build both towers with random weights, and the tokenizer of the file `vocabulary`.

    image_size: (H, W) in pixels, multiples of the patch size. dropout: of hidden states and attention weights of XLM-R
    (its own is .1). Raises: UserError for an unknown name, an impossible size or dropout, or a vocabulary of another
    model.
    """
    shape = named(SHAPES, name, "model.backbone: unknown multilingual CLIP")
    if not 0.0 <= dropout <= 0.9:  # more would leave next to nothing of a feature
        raise UserError(f"model.text_dropout: {dropout} does not lie between 0 and 0.9")
    return MultilingualTowers(shape, image_size, FileTokenizer(vocabulary, CONTEXT, "roberta"), dropout)


class TextTower(nn.Module):
    """XLM-R, mean pooling over a caption's tokens, and a projection without biases; open_clip's parameter names."""

    def __init__(self, shape: MultilingualShape, tokenizer: FileTokenizer, dropout: float):
        super().__init__()
        self.pad_id = tokenizer.pad_id
        marks = {"pad_token_id": tokenizer.pad_id, "bos_token_id": tokenizer.sot_id, "eos_token_id": tokenizer.eot_id}
        config = XLMRobertaConfig(**roberta_sizes(shape.text, tokenizer.vocab_size, dropout), **marks)
        self.transformer = XLMRobertaModel(config, add_pooling_layer=False)
        width, between = shape.text.width, (shape.text.width + shape.joint) // 2
        layers = nn.Linear(width, between, bias=False), nn.GELU(), nn.Linear(between, shape.joint, bias=False)
        self.proj = nn.Sequential(*layers)

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T) ids -> the projected mean (B, E) of the tokens without padding, and all tokens projected (B, T, E).

        The ids may lie on the host.
        """
        words = self.transformer.embeddings.word_embeddings.weight
        ids, mask, visible = sent_to_roberta(ids, ids.ne(self.pad_id), words)
        hidden = self.transformer(input_ids=ids, attention_mask=visible).last_hidden_state
        mean = (hidden * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)
        return self.proj(mean), self.proj(hidden)


class MultilingualTowers(nn.Module):
    """Image and text tower with every token of both in the joint space; open_clip's parameter names.

    embed_dim: width E of the joint space. patch_grid: (h, w). stored_logit_scale: see `ClipTowers`.
    """

    stored_logit_scale: float | None = None

    def __init__(self, shape: MultilingualShape, image_size: tuple[int, int], tokenizer: FileTokenizer, dropout: float):
        super().__init__()
        sizes = shape.vision_layers, shape.vision_width, shape.head_width, shape.mlp_ratio
        self.visual = ClipImageTower(image_size, shape.patch, *sizes, shape.joint, nn.GELU)
        self.text = TextTower(shape, tokenizer, dropout)
        self.embed_dim, self.tokenizer = shape.joint, tokenizer
        self.patch_grid = self.visual.patch_grid

    def image_tokens(self, pixels: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 1 + N, E): class token, then patches row by row, not L2-normalised."""
        return run_sharded(self.visual, pixels)

    def lengths(self, ids: Tensor) -> Tensor:
        """Return the number of tokens (B,) of captions (B, T), marks included."""
        return ids.ne(self.tokenizer.pad_id).sum(dim=1)

    def texts(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T) ids -> captions (B, E) and tokens (B, T, E), neither L2-normalised.

        No token attends to padding, which is no part of the mean. Captions of similar length are encoded together; a
        token beyond the longest caption of its bucket is 0. The ids may lie on the host.
        """
        buckets = length_buckets(self.lengths(ids))
        outputs = [run_sharded(self.text, ids[rows, :length]) for rows, length in buckets]
        means, tokens = zip(*outputs, strict=True)
        return restore_order(means, buckets), restore_order(tokens, buckets, ids.shape[1])

    def drop_text_attention(self, share: float) -> None:
        """Set the dropout of the text tower's attention weights."""
        for layer in self.text.transformer.encoder.layer:
            cast(Any, layer).attention.self.dropout.p = share

    def adapt(self, tensors: dict[str, Tensor], about: Mapping[str, str]) -> dict[str, Tensor]:
        """Fit a file of open_clip's model, or of our own, to this one (see `load_weights`, `fit_positions`).

        The logit scale is taken out; a pooler and XLM-R's position numbers, which older releases of transformers
        stored, are dropped; the image positions are resized.
        """
        self.stored_logit_scale, tensors = without_logit_scale(tensors)
        dropped = ("text.transformer.pooler.", "text.transformer.embeddings.position_ids")
        tensors = {name: value for name, value in tensors.items() if not name.startswith(dropped)}
        return fit_positions(tensors, POSITIONS, about, self.patch_grid, antialias=True)

    def about(self) -> dict[str, str]:
        """Return the metadata to store with the weights, for `adapt`."""
        return grid_metadata(self.patch_grid)
