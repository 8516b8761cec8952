"""Augmentation on the device of a training: a GPU is sent uint8 pixels, a quarter of the bytes, and changes them.

Random numbers are drawn on the host, as for a CPU. The results are those of `glalign.data.augment` bit for bit, but for
two augmentations: jitter is equal to rounding, and a rotated pixel whose source lies between two others may be either.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from glalign.config.training import STATISTICS
from glalign.data.augment import GREY
from glalign.data.draws import Draws


def deferred(pixels: Tensor, draws: Draws, normalise: str) -> dict[str, Any]:
    """Return the fields of a batch whose uint8 pixels are augmented and normalised by `Batch.to`."""
    mean, deviation = map(torch.tensor, STATISTICS[normalise])
    numbers = {"statistics": torch.cat([255 * mean, 255 * deviation, mean]).expand(len(pixels), -1)}
    if draws.flip is not None:
        numbers["flip"] = draws.flip[:, None]
    if draws.crop is not None:
        numbers["crop"] = draws.crop
    if draws.rotate is not None:
        numbers["rotate"] = torch.stack([draws.rotate.cos(), draws.rotate.sin()], dim=1)
    if draws.jitter is not None:
        numbers["jitter"] = draws.jitter.reshape(3, -1).T
    if draws.erase is not None:
        numbers["erase"] = draws.erase
    widths = {name: values.shape[1] for name, values in numbers.items()}
    # One tensor is one copy. The whole numbers, at most the size of an image, are exact in float32.
    draw = torch.cat([values.float() for values in numbers.values()], dim=1)
    return {"pixels": pixels, "draws": draw, "deferred": partial(augmented, widths)}


def augmented(widths: Mapping[str, int], pixels: Tensor, draws: Tensor) -> Tensor:
    """Augment and normalise uint8 pixels by `draws` (B, K) on the same device, whose columns `widths` divides."""
    numbers = dict(zip(widths, draws.split(list(widths.values()), dim=1), strict=True))
    if "flip" in numbers:
        pixels = torch.where(numbers["flip"].bool()[:, :, None, None], pixels.flip(-1), pixels)
    if "crop" in numbers:
        down, right = numbers["crop"].long().unbind(1)
        pixels = _shifted(_shifted(pixels, down, 2), right, 3)
    if "rotate" in numbers:
        pixels = _rotated(pixels.float(), *numbers["rotate"].T[..., None, None])
    if "jitter" in numbers:
        pixels = _jittered(pixels, *numbers["jitter"].T[..., None, None, None])
    mean, deviation, fill = (values[:, :, None, None] for values in numbers["statistics"].split(3, dim=1))
    pixels = (pixels - mean).div_(deviation)
    if "erase" in numbers:
        top, left, tall, wide = numbers["erase"].T[..., None]
        rows, columns = _between(pixels.shape[2], top, tall), _between(pixels.shape[3], left, wide)
        pixels = torch.where(rows[:, None, :, None] & columns[:, None, None, :], fill, pixels)
    return pixels


def _shifted(pixels: Tensor, offset: Tensor, axis: int) -> Tensor:
    """Shift each image along an axis by its offset (B,): result[y] = image[y + offset], 0 outside."""
    shape = [len(pixels), 1, 1, 1]
    shape[axis] = size = pixels.shape[axis]
    source = (torch.arange(size, device=pixels.device) + offset[:, None]).view(shape)
    moved = pixels.gather(axis, source.clamp(0, size - 1).expand_as(pixels))
    return moved * ((source >= 0) & (source < size))


def _rotated(pixels: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate each image about its centre, by nearest neighbour. cos, sin: (B, 1, 1).

    `affine_grid` would be a matrix product, which TF32 would round to ten bits.
    """
    height, width = pixels.shape[-2:]
    down, across = (torch.linspace(-1, 1, n, device=pixels.device) * ((n - 1) / n) for n in (height, width))
    down = down[:, None]
    ratio = height / width
    grid = torch.stack([cos * across - sin * ratio * down, sin / ratio * across + cos * down], dim=-1)
    return functional.grid_sample(pixels, grid, mode="nearest", padding_mode="zeros", align_corners=False)


def _jittered(pixels: Tensor, bright: Tensor, contrast: Tensor, saturation: Tensor) -> Tensor:
    """Change brightness, then contrast, then saturation by factors (B, 1, 1, 1)."""
    pixels = (pixels * bright).clamp_(0, 255)
    pixels = torch.lerp(_grey(pixels).mean((2, 3), keepdim=True), pixels, contrast).clamp_(0, 255)
    return torch.lerp(_grey(pixels), pixels, saturation).clamp_(0, 255)


def _grey(pixels: Tensor) -> Tensor:
    red, green, blue = pixels.split(1, dim=1)
    return red * GREY[0] + green * GREY[1] + blue * GREY[2]


def _between(size: int, start: Tensor, length: Tensor) -> Tensor:
    """Return (B, size) bool, true from start to start + length, (B, 1)."""
    place = torch.arange(size, device=start.device)
    return (place >= start) & (place < start + length)
