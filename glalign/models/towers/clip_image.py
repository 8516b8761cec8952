"""CLIP's image tower, a vision transformer (Radford et al. 2021), with every token projected to the joint space."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from glalign.models.towers.clip_block import Transformer
from glalign.support.errors import UserError


class ClipImageTower(nn.Module):
    """(B, 3, H, W) -> (B, 1 + N, joint): class token, then patches row by row, not L2-normalised.

    Parameter names and order of the random draws are those of open_clip's vision transformer. image_size: (H, W), each
    a multiple of `patch`. class_token: clip or paper, see `ClipTowers`. Attribute patch_grid: (h, w), N = hw. Raises:
    UserError for an image size that is no multiple.
    """

    def __init__(
        self,
        image_size: tuple[int, int],
        patch: int,
        layers: int,
        width: int,
        head_width: int,
        mlp_ratio: float,
        joint: int,
        activation: Callable[[], nn.Module],
        dropout: float = 0.0,
        class_token: str = "clip",
    ):
        super().__init__()
        height, wide = image_size
        if height % patch or wide % patch:
            raise UserError(f"data.image_size: {list(image_size)} is not a multiple of the patch size {patch}")
        self.patch_grid, self.class_token = (height // patch, wide // patch), class_token
        std = width**-0.5
        self.conv1 = nn.Conv2d(3, width, patch, patch, bias=False)
        self.class_embedding = nn.Parameter(std * torch.randn(width))
        self.positional_embedding = nn.Parameter(std * torch.randn(self.patch_grid[0] * self.patch_grid[1] + 1, width))
        self.ln_pre = nn.LayerNorm(width)
        self.transformer = Transformer(layers, width, head_width, mlp_ratio, activation, dropout)
        self.ln_post = nn.LayerNorm(width)
        self.proj = nn.Parameter(std * torch.randn(width, joint))

    def forward(self, pixels: Tensor) -> Tensor:
        patches = self.conv1(pixels).flatten(2).transpose(1, 2)
        token = self.class_embedding.expand(len(patches), 1, -1)
        positions = self.positional_embedding
        if self.class_token == "clip":
            x = self.ln_pre(torch.cat([token, patches], dim=1) + positions)
        else:
            x = torch.cat([token, self.ln_pre(patches + positions[1:])], dim=1)
        return self.ln_post(self.transformer(x)) @ self.proj
