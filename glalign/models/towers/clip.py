"""CLIP's two towers with every token of both brought into the joint space."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg
from torch import Tensor, nn
from torch.nn import functional as F

from glalign.contract.tokenizer import Tokenizer
from glalign.models.data_parallel import run_sharded
from glalign.models.length_buckets import caption_lengths, eot_tokens, length_buckets
from glalign.support.errors import UserError

POSITIONS = "visual.positional_embedding"


@dataclass(frozen=True)
class ClipShape:
    """Sizes of a CLIP with a vision transformer; widths in channels, `context` in tokens.

    merges: of the byte pair encoding, None for CLIP's own vocabulary. quick_gelu: OpenAI's x sigmoid(1.702x), not GELU.
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


class ClipTowers(CLIP):
    """open_clip's CLIP, parameter names included, returning projected tokens instead of two vectors.

    embed_dim: width E of the joint space. patch_grid: (h, w). tokenizer: the one whose ids the text tower reads. The
    logit scale is not here: it belongs to the system (D1).
    class_token (D23): "clip" puts it in front of the patches, adds N + 1 positions and normalises; "paper" gives
    position and normalisation to the patches only, then puts it in front (Eqs. 2-4).
    text_depth: how many blocks of the text tower are run, all of them unless a system says otherwise (PLOT).
    dropout (D24): after each attention and MLP block of both towers, before the residual sum; in training only.
    """

    def __init__(
        self, shape: ClipShape, image_size: tuple[int, int], tokenizer: Tokenizer, dropout: float, class_token: str
    ):
        if any(side % shape.patch for side in image_size):
            raise UserError(f"data.image_size: {list(image_size)} is not a multiple of the patch size {shape.patch}")
        if class_token not in ("clip", "paper"):
            raise UserError(f"model.class_token: {class_token!r}; choose clip or paper")
        vision = CLIPVisionCfg(
            layers=shape.vision_layers,
            width=shape.vision_width,
            head_width=shape.head_width,
            mlp_ratio=shape.mlp_ratio,
            patch_size=shape.patch,
            image_size=tuple(image_size),
        )
        text = CLIPTextCfg(
            context_length=shape.context,
            vocab_size=tokenizer.vocab_size,
            width=shape.text_width,
            heads=shape.text_width // shape.head_width,
            layers=shape.text_layers,
            mlp_ratio=shape.mlp_ratio,
        )
        super().__init__(shape.joint, vision, text, quick_gelu=shape.quick_gelu)
        del self.logit_scale
        self.embed_dim = shape.joint
        self.patch_grid: tuple[int, int] = self.visual.grid_size
        self.tokenizer = tokenizer
        self.class_token = class_token
        self.text_depth = shape.text_layers
        if dropout > 0:
            for block in (*self.visual.transformer.resblocks, *self.transformer.resblocks):
                # The slots of a layer scale, which no CLIP here has, sit exactly before the two residual sums.
                block.ls_1, block.ls_2 = nn.Dropout(dropout), nn.Dropout(dropout)

    def image_tokens(self, pixels: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 1 + N, E): class token, then patches row by row, not L2-normalised (Eqs. 1-5, D22)."""
        return run_sharded(lambda own: image_tokens(self.visual, own, self.class_token), pixels)

    def text_tokens(self, ids: Tensor) -> Tensor:
        """(B, T) int64, T at most the context length -> (B, T, E), not L2-normalised (Eq. 6, D22).

        The attention is causal, so that what stands after a caption's end mark changes nothing before it. Captions of
        similar length are read together and padding is not: a token past the longest of its group is 0.
        """
        groups = length_buckets(self.lengths(ids))
        parts = [
            F.pad(run_sharded(self.read, ids[rows, :length]), (0, 0, 0, ids.shape[1] - length))
            for rows, length in groups
        ]
        return torch.cat(parts)[torch.cat([rows for rows, _ in groups]).argsort()]

    def texts(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T) ids -> (B, E) captions, which are their end marks, and (B, T, E) tokens, neither L2-normalised."""
        tokens = self.text_tokens(ids)
        return eot_tokens(tokens, ids), tokens

    def lengths(self, ids: Tensor) -> Tensor:
        """(B,) tokens of each caption, marks included; ids (B, T)."""
        return caption_lengths(ids)

    def drop_text_attention(self, share: float) -> None:
        """Drop that share of the text tower's attention weights in training."""
        for block in self.transformer.resblocks:
            block.attn.dropout = share

    def without_text(self) -> "ClipTowers":
        """This model with nothing left of its text tower, for a system that brings another."""
        del self.transformer, self.token_embedding, self.positional_embedding, self.attn_mask
        del self.ln_final, self.text_projection, self.tokenizer
        return self

    def read(self, ids: Tensor) -> Tensor:
        """The same for ids as they stand, padding and captions without an end mark included."""
        length = ids.shape[1]
        x = self.token_embedding(ids) + self.positional_embedding[:length]
        for block in self.transformer.resblocks[: self.text_depth]:
            x = block(x, attn_mask=self.attn_mask[:length, :length])
        return self.ln_final(x) @ self.text_projection

    def adapt(self, tensors: dict[str, Tensor], about: Mapping[str, str]) -> dict[str, Tensor]:
        """Fit a weight file to this model: drop its logit scale, resize its table of positions (see `load_weights`).

        about: the file's metadata, of which "grid" ("8x4") is read; without it the file's grid is taken as square.
        """
        tensors = {name: value for name, value in tensors.items() if name != "logit_scale"}
        return fit_positions(tensors, about, self.patch_grid)

    def about(self) -> dict[str, str]:
        """Metadata to store with the weights so that `adapt` can read them."""
        return {"grid": "x".join(str(side) for side in self.patch_grid)}


def image_tokens(visual: nn.Module, pixels: Tensor, class_token: str = "clip") -> Tensor:
    """`ClipTowers.image_tokens` of open_clip's vision transformer `visual`."""
    patches = visual.conv1(pixels).flatten(2).transpose(1, 2)
    token = visual.class_embedding.expand(len(patches), 1, -1)
    positions = visual.positional_embedding
    if class_token == "clip":
        x = visual.ln_pre(torch.cat([token, patches], dim=1) + positions)
    else:
        x = torch.cat([token, visual.ln_pre(patches + positions[1:])], dim=1)
    return visual.ln_post(visual.transformer(x)) @ visual.proj


def fit_positions(tensors: dict[str, Tensor], about: Mapping[str, str], grid: tuple[int, int]) -> dict[str, Tensor]:
    """The tensors of a CLIP with the image tower's table of positions, if it is there, resized to `grid`.

    about: the file's metadata, of which "grid" ("8x4") is read; without it the file's grid is taken as square.
    """
    if POSITIONS not in tensors:
        return tensors
    table = tensors[POSITIONS]
    return tensors | {POSITIONS: resize_positions(table, _grid(len(table) - 1, about.get("grid")), grid)}


def resize_positions(table: Tensor, old: tuple[int, int], new: tuple[int, int]) -> Tensor:
    """(1 + h w, C) positions of an (h, w) grid -> those of the grid `new`; the class token's row is kept.

    Bicubic in either direction, smoothed when it shrinks, as open_clip does for its own checkpoints.
    """
    if old == new:
        return table
    cells = table[1:].T.reshape(1, -1, *old).float()
    resized = F.interpolate(cells, size=new, mode="bicubic", antialias=True, align_corners=False)
    return torch.cat([table[:1], resized.flatten(2)[0].T.to(table.dtype)])


def _grid(cells: int, stated: str | None) -> tuple[int, int]:
    """The (h, w) of a table of `cells` positions: as stated, else square."""
    if stated:
        height, width = (int(side) for side in stated.split("x"))
    else:
        height = width = round(cells**0.5)
    if height * width != cells:
        raise UserError(
            f"{POSITIONS}: {cells} positions are no {height}x{width} grid; store the grid as metadata `grid` (e.g. 8x4)"
        )
    return height, width
