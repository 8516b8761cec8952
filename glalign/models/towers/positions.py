"""Position tables of vision transformers: (1 + h w, C), the class token first, then an (h, w) grid row by row."""

import re
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from glalign.support.errors import UserError


def fit_positions(
    tensors: Mapping[str, Tensor], name: str, about: Mapping[str, str], grid: tuple[int, int], *, antialias: bool
) -> dict[str, Tensor]:
    """Return the tensors of a weight file with the position table `name`, if it is there, resized to `grid`.

    about: the file's metadata, of which "grid" ("8x4") is used; without it the file's grid is taken as square.
    Raises: UserError if the table has another number of positions.
    """
    if name not in tensors:
        return dict(tensors)
    table, stated = tensors[name], about.get("grid")
    cells = len(table) - 1
    if stated and not re.fullmatch(r"[1-9]\d{0,3}x[1-9]\d{0,3}", stated):
        raise UserError(f"{name}: metadata `grid` {stated!r:.40} is no grid; store it as 8x4")
    height, width = (int(side) for side in stated.split("x")) if stated else (round(cells**0.5),) * 2
    if height * width != cells:
        raise UserError(
            f"{name}: {cells} positions are no {height}x{width} grid; store the grid as metadata `grid` (e.g. 8x4)"
        )
    return {**tensors, name: resize_positions(table, (height, width), grid, antialias=antialias)}


def grid_metadata(grid: tuple[int, int]) -> dict[str, str]:
    """Return the metadata of a weight file that `fit_positions` uses."""
    return {"grid": "x".join(str(side) for side in grid)}


def resize_positions(table: Tensor, old: tuple[int, int], new: tuple[int, int], *, antialias: bool) -> Tensor:
    """Resize a table of the grid `old` to the grid `new`, bicubically; the class token's row is kept.

    antialias: smooth when shrinking, as open_clip does for its own checkpoints; salesforce/ALBEF@b9727e4 does not.
    """
    if old == new:
        return table
    cells = table[1:].T.reshape(1, -1, *old).float()
    resized = F.interpolate(cells, size=new, mode="bicubic", antialias=antialias, align_corners=False)
    return torch.cat([table[:1], resized.flatten(2)[0].T.to(table.dtype)])
