"""CLIP's two towers, with every token of both projected to the joint space."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from glalign.contract.tokenizer import MarkedTokenizer
from glalign.models.data_parallel import run_sharded
from glalign.models.length_buckets import eot_tokens, length_buckets, look_up, restore_order
from glalign.models.towers.clip_block import QuickGELU, ResidualAttentionBlock, Transformer
from glalign.models.towers.clip_image import ClipImageTower
from glalign.models.towers.positions import fit_positions, grid_metadata
from glalign.storage.weight_files import LOGIT_SCALE
from glalign.support.errors import UserError

POSITIONS = "visual.positional_embedding"
"""Name of the image tower's position table in open_clip's files."""


@dataclass(frozen=True)
class ClipShape:
    """Sizes of a CLIP with a vision transformer: widths in channels, `context` in tokens.

    merges: number of merges of the byte pair encoding, None for CLIP's own vocabulary. quick_gelu: OpenAI's
    x sigmoid(1.702x) in place of GELU.
    """

    patch: int
    joint: int
    vision_width: int
    vision_layers: int
    text_width: int
    text_layers: int
    head_width: int = 64
    mlp_ratio: float = 4.0
    context: int = 77
    merges: int | None = None
    quick_gelu: bool = True


class ClipTowers(nn.Module):
    """CLIP under the parameter names of open_clip's files; returns projected tokens instead of two vectors.

    The logit scale belongs to the system (D1); `stored_logit_scale` is the logarithm that the weight file holds, None
    without a file or where the file has none. class_token (D23): "clip" puts it in front of the patches,
    adds N + 1 positions and normalises; "paper" gives position and normalisation to the patches only, then puts it in
    front (Eqs. 2-4). dropout (D24): after each attention and MLP block of both towers, before the residual sum; in
    training only. Random weights are drawn as open_clip does. Attributes: embed_dim, width E of the joint space;
    patch_grid, (h, w); text_depth, number of blocks of the text tower that are run, all of them except in PLOT.
    """

    stored_logit_scale: float | None = None

    def __init__(
        self,
        shape: ClipShape,
        image_size: tuple[int, int],
        tokenizer: MarkedTokenizer,
        dropout: float,
        class_token: str,
    ):
        if class_token not in ("clip", "paper"):
            raise UserError(f"model.class_token: {class_token!r}; choose clip or paper")
        super().__init__()
        act = QuickGELU if shape.quick_gelu else nn.GELU
        depth, sizes = shape.vision_layers, (shape.vision_width, shape.head_width, shape.mlp_ratio)
        self.visual = ClipImageTower(image_size, shape.patch, depth, *sizes, shape.joint, act, dropout, class_token)
        width = shape.text_width
        sizes = width, shape.head_width, shape.mlp_ratio
        words = nn.Embedding(tokenizer.vocab_size, width)  # drawn first, and second in the state dict
        self.transformer, self.token_embedding = Transformer(shape.text_layers, *sizes, act, dropout), words
        self.positional_embedding = nn.Parameter(torch.empty(shape.context, width))
        self.ln_final = nn.LayerNorm(width)
        self.text_projection = nn.Parameter(torch.empty(width, shape.joint))
        nn.init.normal_(self.token_embedding.weight, std=0.02)
        nn.init.normal_(self.positional_embedding, std=0.01)
        self.transformer.init_weights()
        nn.init.normal_(self.text_projection, std=width**-0.5)
        self.embed_dim, self.patch_grid = shape.joint, self.visual.patch_grid
        self.tokenizer, self.text_depth = tokenizer, shape.text_layers

    def image_tokens(self, pixels: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 1 + N, E): class token, then patches row by row, not L2-normalised (Eqs. 1-5, D22)."""
        return run_sharded(self.visual, pixels)

    def text_tokens(self, ids: Tensor) -> Tensor:
        """(B, T) int64, T at most the context length -> (B, T, E), not L2-normalised (Eq. 6, D22).

        The attention is causal: the tokens after a caption's end mark do not change those before it. Captions of
        similar length are encoded together; a token beyond the longest caption of its bucket is 0. The ids may lie on
        the host, which then does not wait for a GPU.
        """
        buckets = length_buckets(self.lengths(ids))
        words = look_up(self.token_embedding, [ids[rows, :length] for rows, length in buckets])
        return restore_order([run_sharded(self.encode_words, part) for part in words], buckets, ids.shape[1])

    def texts(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T) ids, also on the host -> captions (B, E), their end-of-text tokens, and tokens (B, T, E), not unit."""
        tokens = self.text_tokens(ids)
        return eot_tokens(tokens, ids), tokens

    def lengths(self, ids: Tensor) -> Tensor:
        """Return the number of tokens (B,) of captions (B, T) up to the end-of-text mark, which has the largest id."""
        return ids.argmax(dim=1) + 1

    def drop_text_attention(self, share: float) -> None:
        """Set the dropout of the text tower's attention weights."""
        for block in self.transformer.resblocks:
            cast("ResidualAttentionBlock", block).attn.dropout = share

    def without_text(self) -> "ClipTowers":
        """Delete the text tower, for a system with another one; returns the module itself."""
        del self.transformer, self.token_embedding, self.positional_embedding
        del self.ln_final, self.text_projection, self.tokenizer
        return self

    def encode_words(self, words: Tensor) -> Tensor:
        """(B, T, width) word vectors -> (B, T, E), in one process; padding is encoded, end marks may be missing."""
        x = words + self.positional_embedding[: words.shape[1]]
        return self.ln_final(self.transformer(x, causal=True, depth=self.text_depth)) @ self.text_projection

    def adapt(self, tensors: dict[str, Tensor], about: Mapping[str, str]) -> dict[str, Tensor]:
        """Take the logit scale out of a weight file and resize its positions (see `load_weights`, `fit_positions`)."""
        self.stored_logit_scale, tensors = without_logit_scale(tensors)
        return fit_positions(tensors, POSITIONS, about, self.patch_grid, antialias=True)

    def about(self) -> dict[str, str]:
        """Return the metadata to store with the weights, for `adapt`."""
        return grid_metadata(self.patch_grid)


def without_logit_scale(tensors: Mapping[str, Tensor]) -> tuple[float | None, dict[str, Tensor]]:
    """Split the tensors of a CLIP's file into the logarithm of its logit scale, None without one, and all others.

    Raises: UserError for a scale of several values.
    """
    others = {name: value for name, value in tensors.items() if name != LOGIT_SCALE}
    scale = tensors.get(LOGIT_SCALE)
    if scale is not None and scale.numel() != 1:
        raise UserError(
            f"tensor `{LOGIT_SCALE}` has {scale.numel()} values, a CLIP's has one; the file is of another model"
        )
    return (None if scale is None else float(scale)), others
