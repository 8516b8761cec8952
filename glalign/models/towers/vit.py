"""A vision transformer (Dosovitskiy et al. 2021) of torch's own layers."""

from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor, nn

from glalign.models.data_parallel import sharded
from glalign.models.towers.bert import INIT_STD, BertShape, bert_layer, init_weights, renamed
from glalign.models.towers.layer_stack import Layers
from glalign.models.towers.positions import fit_positions, grid_metadata
from glalign.support.errors import UserError

EPS = 1e-6
"""Of the layer norms, as in timm's and DeiT's vision transformers."""


class VisionTransformer(nn.Module):
    """(B, 3, H, W) -> (B, 1 + N, width): class token, then patches row by row, after the last layer norm.

    Pre-norm layers; queries, keys and values have biases; positions are learned; no dropout. ratio: of the feed-forward
    layers' hidden width to `width`. grid: (h, w) patches.
    """

    def __init__(self, image_size: tuple[int, int], patch: int, width: int, layers: int, heads: int, ratio: int = 4):
        super().__init__()
        if any(side % patch for side in image_size):
            raise UserError(f"data.image_size: {list(image_size)} is not a multiple of the patch size {patch}")
        self.grid = (image_size[0] // patch, image_size[1] // patch)
        self.patches = nn.Conv2d(3, width, patch, stride=patch)
        self.class_token = nn.Parameter(torch.empty(1, width))
        self.positions = nn.Parameter(torch.empty(1 + self.grid[0] * self.grid[1], width))
        shape = BertShape(width, layers, heads, len(self.positions), dropout=0.0, eps=EPS, ratio=ratio)
        kind = partial(nn.TransformerEncoderLayer, norm_first=True)
        self.layers = Layers(bert_layer(kind, shape) for _ in range(layers))
        self.norm = nn.LayerNorm(width, EPS)
        self.apply(init_weights)
        for table in (self.class_token, self.positions):
            nn.init.normal_(table, std=INIT_STD)

    @sharded
    def forward(self, pixels: Tensor) -> Tensor:
        patches = self.patches(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_token.expand(len(patches), 1, -1), patches], dim=1) + self.positions
        return self.norm(self.layers(x))

    def adapt(self, tensors: dict[str, Tensor], about: Mapping[str, str]) -> dict[str, Tensor]:
        """Rename the tensors of a file with timm's names, and resize its positions to this grid (see `load_weights`).

        A file with this module's own names is accepted too. about: see `fit_positions`.
        """
        named = renamed(tensors, TIMM)  # timm's tables have a batch axis
        named = {k: v[0] if k in ("class_token", "positions") and v.ndim == 3 else v for k, v in named.items()}
        return fit_positions(named, "positions", about, self.grid, antialias=False)

    def about(self) -> dict[str, str]:
        """Return the metadata to store with the weights, for `adapt`."""
        return grid_metadata(self.grid)


TIMM = (
    (r"^cls_token$", "class_token"),
    (r"^pos_embed$", "positions"),
    (r"^patch_embed\.proj\.", "patches."),
    (r"^blocks\.", "layers."),
    (r"\.attn\.qkv\.", ".self_attn.in_proj_"),
    (r"\.attn\.proj\.", ".self_attn.out_proj."),
    (r"\.mlp\.fc([12])\.", r".linear\1."),
)
"""Patterns of timm's names and their replacements, applied in this order."""
