"""A CLIP whose text tower is XLM-R, so that it reads any language: open_clip's, and a tiny twin of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from open_clip.transformer import LayerNorm, VisionTransformer
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import XLMRobertaConfig, XLMRobertaModel

from glalign.language.tokenizers import FileTokenizer
from glalign.models.data_parallel import run_sharded
from glalign.models.length_buckets import length_buckets
from glalign.models.towers.clip import fit_positions, image_tokens
from glalign.support.errors import UserError

CONTEXT = 77
"""Longest caption in tokens, marks included: what open_clip reads of this model's captions by default."""

MOST_DROPOUT = 0.9
"""More would leave next to nothing of a feature."""


@dataclass(frozen=True)
class MultilingualShape:
    """Sizes of a vision transformer and of an XLM-R; widths in channels. positions: rows of XLM-R's position table, of
    which the first ones, up to the number of its padding id, stay unused."""

    patch: int
    joint: int
    vision_width: int
    vision_layers: int
    head_width: int
    mlp_ratio: float
    text_width: int
    text_layers: int
    text_heads: int
    text_inner: int
    positions: int


SHAPES = {
    "tiny/multilingual": MultilingualShape(8, 128, 64, 2, 32, 3.0, 64, 2, 2, 192, 80),
    "xlm-roberta-base-vit-b-32": MultilingualShape(32, 512, 768, 12, 64, 4.0, 768, 12, 12, 3072, 514),
}
"""The real one: open_clip's xlm-roberta-base-ViT-B-32 and Conneau et al. 2020 (XLM-R base). The tiny twin has the image
tower of tiny/clip."""


def multilingual_towers(
    name: str, image_size: tuple[int, int], vocabulary: Path | str, dropout: float = 0.1
) -> "MultilingualTowers":
    """Both towers with random weights, and the tokenizer of the file `vocabulary`.

    image_size: (H, W) in pixels, multiples of the patch size. dropout: of XLM-R, everywhere it has one (its own is .1).
    Raises: UserError for an unknown name, an impossible size or dropout, or a vocabulary of another model.
    """
    if name not in SHAPES:
        raise UserError(f"model.backbone: unknown multilingual CLIP {name!r}; known: {', '.join(SHAPES)}")
    shape = SHAPES[name]
    if any(side % shape.patch for side in image_size):
        raise UserError(f"data.image_size: {list(image_size)} is not a multiple of the patch size {shape.patch}")
    if not 0.0 <= dropout <= MOST_DROPOUT:
        raise UserError(f"model.text_dropout: {dropout} does not lie between 0 and {MOST_DROPOUT}")
    return MultilingualTowers(shape, image_size, FileTokenizer(vocabulary, CONTEXT, "roberta"), dropout)


class TextTower(nn.Module):
    """XLM-R, the mean over the tokens of a caption, and a projection without biases; open_clip's parameter names."""

    def __init__(self, shape: MultilingualShape, tokenizer: FileTokenizer, dropout: float):
        super().__init__()
        self.pad_id = tokenizer.pad_id
        config = XLMRobertaConfig(
            vocab_size=tokenizer.vocab_size,
            hidden_size=shape.text_width,
            num_hidden_layers=shape.text_layers,
            num_attention_heads=shape.text_heads,
            intermediate_size=shape.text_inner,
            max_position_embeddings=shape.positions,
            type_vocab_size=1,
            layer_norm_eps=1e-5,
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=dropout,
            pad_token_id=tokenizer.pad_id,
            bos_token_id=tokenizer.sot_id,
            eos_token_id=tokenizer.eot_id,
        )
        self.transformer = XLMRobertaModel(config, add_pooling_layer=False)
        between = (shape.text_width + shape.joint) // 2
        self.proj = nn.Sequential(
            nn.Linear(shape.text_width, between, bias=False), nn.GELU(), nn.Linear(between, shape.joint, bias=False)
        )

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T) ids -> (B, E), the projected mean of the tokens that are no padding, and (B, T, E), all projected."""
        real = ids != self.pad_id
        hidden = self.transformer(input_ids=ids, attention_mask=real.long()).last_hidden_state
        mean = (hidden * real[..., None]).sum(dim=1) / real.sum(dim=1, keepdim=True)
        return self.proj(mean), self.proj(hidden)


class MultilingualTowers(nn.Module):
    """Image and text tower with every token of both in the joint space; open_clip's parameter names.

    embed_dim: width E of the joint space. patch_grid: (h, w). tokenizer: the one whose ids the text tower reads.
    """

    def __init__(self, shape: MultilingualShape, image_size: tuple[int, int], tokenizer: FileTokenizer, dropout: float):
        super().__init__()
        self.visual = VisionTransformer(
            image_size=image_size,
            patch_size=shape.patch,
            width=shape.vision_width,
            layers=shape.vision_layers,
            heads=shape.vision_width // shape.head_width,
            mlp_ratio=shape.mlp_ratio,
            output_dim=shape.joint,
            act_layer=nn.GELU,
            norm_layer=LayerNorm,
        )
        self.text = TextTower(shape, tokenizer, dropout)
        self.embed_dim, self.tokenizer = shape.joint, tokenizer
        self.patch_grid: tuple[int, int] = self.visual.grid_size

    def image_tokens(self, pixels: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 1 + N, E): class token, then patches row by row, not L2-normalised."""
        return run_sharded(lambda own: image_tokens(self.visual, own), pixels)

    def lengths(self, ids: Tensor) -> Tensor:
        """(B,) tokens of each caption that are no padding."""
        return (ids != self.tokenizer.pad_id).sum(dim=1)

    def texts(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T) ids -> (B, E) captions and (B, T, E) tokens, neither L2-normalised.

        Padding is attended to by no token and is no part of the mean. Captions of similar length are read together; a
        token past the longest of its group is 0.
        """
        wide = ids.shape[1]
        groups = length_buckets(self.lengths(ids))
        means, tokens = zip(*(run_sharded(self.text, ids[rows, :length]) for rows, length in groups), strict=True)
        order = torch.cat([rows for rows, _ in groups]).argsort()
        padded = [F.pad(part, (0, 0, 0, wide - part.shape[1])) for part in tokens]
        return torch.cat(means)[order], torch.cat(padded)[order]

    def drop_text_attention(self, share: float) -> None:
        """Drop that share of the text tower's attention weights in training."""
        for layer in self.text.transformer.encoder.layer:
            layer.attention.self.dropout.p = share

    def adapt(self, tensors: dict[str, Tensor], about: Mapping[str, str]) -> dict[str, Tensor]:
        """Fit a weight file to this model (see `load_weights`): a checkpoint of open_clip's model, or our own.

        Its logit scale, a pooler and XLM-R's numbering of positions, which older releases of transformers stored, are
        dropped, its table of image positions is resized. about: as of ClipTowers.adapt.
        """
        dropped = ("logit_scale", "text.transformer.pooler.", "text.transformer.embeddings.position_ids")
        tensors = {name: value for name, value in tensors.items() if not name.startswith(dropped)}
        return fit_positions(tensors, about, self.patch_grid)

    def about(self) -> dict[str, str]:
        """Metadata to store with the weights so that `adapt` can read them."""
        return {"grid": "x".join(str(side) for side in self.patch_grid)}
