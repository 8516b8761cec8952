"""A vision transformer (Dosovitskiy et al. 2021) out of torch's own layers: an image becomes a sequence of vectors."""

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glalign.models.data_parallel import run_sharded
from glalign.models.towers.attention import use_lean_attention
from glalign.models.towers.bert import INIT_STD, gelu, init_weights
from glalign.support.errors import UserError

EPS = 1e-6
"""Of the layer norms, as in timm's and DeiT's vision transformers."""


class VisionTransformer(nn.Module):
    """(B, 3, H, W) -> (B, 1 + N, width): class token, then patches row by row, after the last layer norm.

    Layers normalise first; queries, keys and values have biases; positions are learned; no dropout. ratio: of the
    feed-forward layers' inner width to their own. grid: (h, w).
    """

    def __init__(self, image_size: tuple[int, int], patch: int, width: int, layers: int, heads: int, ratio: int = 4):
        super().__init__()
        if any(side % patch for side in image_size):
            raise UserError(f"data.image_size: {list(image_size)} is not a multiple of the patch size {patch}")
        self.grid = (image_size[0] // patch, image_size[1] // patch)
        self.patches = nn.Conv2d(3, width, patch, stride=patch)
        self.class_token = nn.Parameter(torch.empty(1, width))
        self.positions = nn.Parameter(torch.empty(1 + self.grid[0] * self.grid[1], width))
        self.layers = nn.ModuleList(
            use_lean_attention(
                nn.TransformerEncoderLayer(
                    width,
                    heads,
                    dim_feedforward=ratio * width,
                    dropout=0.0,
                    activation=gelu,
                    layer_norm_eps=EPS,
                    batch_first=True,
                    norm_first=True,
                )
            )
            for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width, EPS)
        self.apply(init_weights)
        for table in (self.class_token, self.positions):
            nn.init.normal_(table, std=INIT_STD)

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        return run_sharded(self.states, pixels)

    def states(self, pixels: Tensor) -> Tensor:
        """The same in one process."""
        patches = self.patches(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_token.expand(len(patches), 1, -1), patches], dim=1) + self.positions
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)

    def adapt(self, tensors: dict[str, Tensor], about: Mapping[str, str]) -> dict[str, Tensor]:
        """Tensors of a file under this module's names (timm's names are known too), positions resize_positions to its grid.

        about: the file's metadata, of which "grid" ("8x4") is read; without it the file's grid is taken as square.
        """
        tensors = from_timm(tensors)
        table = tensors.get("positions")
        if table is not None:
            tensors["positions"] = resize_positions(table, _grid(len(table) - 1, about.get("grid")), self.grid)
        return tensors

    def about(self) -> dict[str, str]:
        """Metadata to store with the weights so that `adapt` can read them."""
        return {"grid": "x".join(str(side) for side in self.grid)}


TIMM = (
    (r"^cls_token$", "class_token"),
    (r"^pos_embed$", "positions"),
    (r"^patch_embed\.proj\.", "patches."),
    (r"^blocks\.", "layers."),
    (r"\.attn\.qkv\.", ".self_attn.in_proj_"),
    (r"\.attn\.proj\.", ".self_attn.out_proj."),
    (r"\.mlp\.fc([12])\.", r".linear\1."),
)
"""Patterns of timm's names and what stands for them here, applied in this order."""


def from_timm(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """timm's names of a vision transformer into those of `VisionTransformer`, its tables without a batch axis."""
    named = {}
    for name, value in tensors.items():
        for pattern, new in TIMM:
            name = re.sub(pattern, new, name)  # noqa: PLW2901
        named[name] = value[0] if name in ("class_token", "positions") and value.ndim == 3 else value
    return named


def resize_positions(table: Tensor, old: tuple[int, int], new: tuple[int, int]) -> Tensor:
    """(1 + h w, C) positions of an (h, w) grid -> those of the grid `new`; the class token's row is kept.

    Bicubic without smoothing, as in salesforce/ALBEF@b9727e4.
    """
    if old == new:
        return table
    cells = F.interpolate(table[1:].T.reshape(1, -1, *old).float(), size=new, mode="bicubic", align_corners=False)
    return torch.cat([table[:1], cells.flatten(2)[0].T.to(table.dtype)])


def _grid(cells: int, stated: str | None) -> tuple[int, int]:
    """The (h, w) of a table of `cells` positions: as stated, else square."""
    height, width = (int(side) for side in stated.split("x")) if stated else (round(cells**0.5),) * 2
    if height * width != cells:
        raise UserError(f"{cells} positions are no {height}x{width} grid; store it as metadata `grid` (e.g. 8x4)")
    return height, width
