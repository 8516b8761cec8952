"""Augmentations of batches; a change of geometry applies to pixels and region shares alike.

Pixels are (B, 3, H, W) on 0..255 until `normalise`, region shares (B, 5, h, w) on the patch grid, or None. Each
function draws a fixed number of random numbers from the given generator.
"""

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Generator, Tensor
from torch.nn import functional

from glalign.config.training import STATISTICS

FLIP_SHARE = 0.5
"""Share of mirrored images in the released code of IRRA, SSAN, ViTAA and Dual-path."""

ERASE_AREA = (0.02, 0.4)
ERASE_RATIO = (0.3, 3.3)
ERASE_TRIES = 10
"""IRRA's RandomErasing(scale=(.02, .4)); ratio and number of tries are torchvision's defaults."""

CACHED = 1 << 18
"""Size of a block in numbers: 1 MiB of float32 stays in a processor's cache between two operations."""

GREY = (0.299, 0.587, 0.114)
"""ITU-R BT.601 luma, the weights of Pillow's conversion to grey."""


def flip(pixels: Tensor, parts: Tensor | None, allowed: Tensor, generator: Generator) -> tuple[Tensor, Tensor | None]:
    """Mirror half of the `allowed` (B,) images left to right, and their shares; no region is left or right."""
    chosen = (torch.rand(len(pixels), generator=generator) < FLIP_SHARE) & allowed
    pixels = pixels.index_put((chosen,), pixels[chosen].flip(-1))
    return pixels, parts if parts is None else parts.index_put((chosen,), parts[chosen].flip(-1))


def crop(pixels: Tensor, parts: Tensor | None, reach: int, generator: Generator) -> tuple[Tensor, Tensor | None]:
    """Pad with black by `reach` pixels and crop at random (IRRA): a shift by -reach..reach on either axis."""
    offsets = torch.randint(-reach, reach + 1, (len(pixels), 2), generator=generator)
    return shift(pixels, offsets, reach), parts if parts is None else shift_parts(parts, offsets, pixels.shape[-2:])


def shift(pixels: Tensor, offsets: Tensor, reach: int) -> Tensor:
    """Shift each image: result[y, x] = image[y + dy, x + dx], 0 outside; offsets (B, 2) = (dy, dx)."""
    padded = functional.pad(pixels, (reach, reach, reach, reach))
    windows = padded.unfold(2, pixels.shape[2], 1).unfold(3, pixels.shape[3], 1)
    down, right = (offsets + reach).unbind(1)
    return windows[torch.arange(len(pixels)), :, down, right]


def shift_parts(parts: Tensor, offsets: Tensor, size: Sequence[int]) -> Tensor:
    """Shift shares as `shift` does the pixels of an image of `size` (height, width), interpolating linearly.

    The result is exact if each region is spread evenly inside its patch. Padding belongs to no region.
    """
    rows, columns = (
        (1 - (torch.arange(n)[:, None] + (offset * n / pixels)[:, None, None] - torch.arange(n)).abs()).clamp(min=0)
        for n, pixels, offset in zip(parts.shape[-2:], size, offsets.unbind(1), strict=True)
    )
    return torch.einsum("bij,bcjk,blk->bcil", rows, parts, columns)


def rotate(pixels: Tensor, parts: Tensor | None, most: float, generator: Generator) -> tuple[Tensor, Tensor | None]:
    """Rotate every image about its centre by -most..most degrees; corners become black and belong to no region.

    Pixels are sampled by nearest neighbour (SRCF: Suo et al. 2022, its released code), shares bilinearly.
    """
    angle = torch.deg2rad(most * (2 * torch.rand(len(pixels), generator=generator) - 1))
    turned = torch.empty_like(pixels)
    for images, written, angles in _blocks(pixels, turned, angle):
        written.copy_(_rotated(images.float(), angles, "nearest"))
    return turned, parts if parts is None else _rotated(parts, angle, "bilinear", pixels.shape[-2] / pixels.shape[-1])


def _rotated(images: Tensor, angle: Tensor, mode: str, shape: float | None = None) -> Tensor:
    """Rotate images (B, C, h, w) counter-clockwise. shape: height / width of the scene, by default h / w."""
    ratio = images.shape[-2] / images.shape[-1] if shape is None else shape
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    matrix = torch.stack([cos, -sin * ratio, zero, sin / ratio, cos, zero], dim=1).reshape(-1, 2, 3)
    grid = functional.affine_grid(matrix, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, mode=mode, padding_mode="zeros", align_corners=False)


def jitter(pixels: Tensor, strength: float, generator: Generator) -> Tensor:
    """Change brightness, then contrast, then saturation, each by a factor 1 - strength .. 1 + strength per image."""
    factors = 1 + strength * (2 * torch.rand(3, len(pixels), 1, 1, 1, generator=generator) - 1)
    result = torch.empty(pixels.shape)
    for images, written, bright, contrast, saturation in _blocks(pixels, result, *factors):
        torch.mul(images, bright, out=written).clamp_(0, 255)
        torch.lerp(_grey(written).mean((2, 3), keepdim=True), written, contrast, out=written).clamp_(0, 255)
        torch.lerp(_grey(written), written, saturation, out=written).clamp_(0, 255)
    return result


def normalise(pixels: Tensor, name: str) -> Tensor:
    """Subtract the mean of STATISTICS[name] from pixels on 0..255 and divide by its deviation; float32."""
    mean, deviation = (255 * torch.tensor(values)[:, None, None] for values in STATISTICS[name])
    result = torch.empty(pixels.shape)
    for images, written in _blocks(pixels, result):
        torch.sub(images, mean, out=written).div_(deviation)
    return result


def erase(
    pixels: Tensor, parts: Tensor | None, share: float, name: str, generator: Generator
) -> tuple[Tensor, Tensor | None]:
    """Erase, in place, a random box of a `share` of the normalised images (Zhong et al. 2020, with IRRA's numbers).

    The box is filled with the channel means as normalised *values*, as in IRRA's released code, which is a little
    brighter than the mean colour. Shares shrink by the covered part of each patch.
    """
    boxes = erase_boxes(len(pixels), pixels.shape[-2:], share, generator)
    fill = torch.tensor(STATISTICS[name][0])[:, None, None]
    for image, (top, left, tall, wide) in zip(pixels, boxes.tolist(), strict=True):
        image[:, top : top + tall, left : left + wide] = fill
    if parts is not None:
        top, left, tall, wide = boxes.unbind(1)
        rows = _covered(top, tall, pixels.shape[2], parts.shape[2])
        columns = _covered(left, wide, pixels.shape[3], parts.shape[3])
        parts = parts * (1 - rows[:, :, None] * columns[:, None, :])[:, None]
    return pixels, parts


def erase_boxes(count: int, size: Sequence[int], share: float, generator: Generator) -> Tensor:
    """Draw boxes (count, 4) int64 as top, left, height, width, all 0 for images that are not erased.

    Area and log(height / width) are uniform. Of ERASE_TRIES boxes, the first that is smaller than the image is used.
    """
    height, width = size
    draws = torch.rand(5, count, ERASE_TRIES, generator=generator)
    area = height * width * (ERASE_AREA[0] + (ERASE_AREA[1] - ERASE_AREA[0]) * draws[0])
    low, high = map(math.log, ERASE_RATIO)
    ratio = torch.exp(low + (high - low) * draws[1])
    tall, wide = (area * ratio).sqrt().round().long(), (area / ratio).sqrt().round().long()
    fits = (tall < height) & (wide < width)
    first = fits.int().argmax(1, keepdim=True)
    top = (draws[2] * (height - tall + 1)).long()
    left = (draws[3] * (width - wide + 1)).long()
    boxes = torch.stack([values.gather(1, first)[:, 0] for values in (top, left, tall, wide)], dim=1)
    covered = fits.any(1) & (draws[4, :, 0] < share)
    return boxes * covered[:, None]


def _covered(start: Tensor, length: Tensor, pixels: int, patches: int) -> Tensor:
    """Return the share (B, patches) of each patch along one axis that lies between start and start + length, (B,)."""
    inside = (torch.arange(pixels) >= start[:, None]) & (torch.arange(pixels) < (start + length)[:, None])
    return functional.adaptive_avg_pool1d(inside.float()[:, None], patches)[:, 0]


def _blocks(pixels: Tensor, *others: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Split tensors into blocks of a few images, so that each operation finds the last one's result in the cache."""
    count = max(1, CACHED // max(1, pixels[:1].numel()))
    return zip(*(tensor.split(count) for tensor in (pixels, *others)), strict=True)


def _grey(pixels: Tensor) -> Tensor:
    return torch.einsum("bchw,c->bhw", pixels, torch.tensor(GREY))[:, None]
