"""Augmentations of batches on the host; a change of geometry applies to pixels and region shares alike.

Pixels are (B, 3, H, W) on 0..255 until `normalise`, region shares (B, 5, h, w) on the patch grid.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from glalign.config.training import STATISTICS, Data
from glalign.data.draws import Draws

CACHED = 1 << 18
"""Size of a block in numbers: 1 MiB of float32 stays in a processor's cache between two operations."""

GREY = (0.299, 0.587, 0.114)
"""ITU-R BT.601 luma, the weights of Pillow's conversion to grey."""


def augmented(pixels: Tensor, draws: Draws, options: Data) -> Tensor:
    """Augment and normalise uint8 pixels; float32."""
    if draws.flip is not None:
        pixels = flip(pixels, draws.flip)
    if draws.crop is not None:
        pixels = shift(pixels, draws.crop, options.crop)
    if draws.rotate is not None:
        pixels = rotate(pixels, draws.rotate)
    if draws.jitter is not None:
        pixels = jitter(pixels, draws.jitter)
    pixels = normalise(pixels, options.normalise)
    return pixels if draws.erase is None else erase(pixels, draws.erase, options.normalise)


def augmented_parts(parts: Tensor, draws: Draws, size: Sequence[int]) -> Tensor:
    """Change region shares as `augmented` changes the pixels of images of `size` (height, width)."""
    if draws.flip is not None:
        parts = flip(parts, draws.flip)
    if draws.crop is not None:
        parts = shift_parts(parts, draws.crop, size)
    if draws.rotate is not None:
        parts = rotate_parts(parts, draws.rotate, size)
    return parts if draws.erase is None else erase_parts(parts, draws.erase, size)


def flip(values: Tensor, chosen: Tensor) -> Tensor:
    """Mirror the `chosen` (B,) images, or their shares, left to right; no region is left or right."""
    return values.index_put((chosen,), values[chosen].flip(-1))


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


def rotate(pixels: Tensor, angle: Tensor) -> Tensor:
    """Rotate every image about its centre by its angle (B,) in radians; corners become black.

    Pixels are sampled by nearest neighbour (SRCF: Suo et al. 2022, its released code).
    """
    turned = torch.empty_like(pixels)
    for images, written, angles in _blocks(pixels, turned, angle):
        written.copy_(_rotated(images.float(), angles, "nearest"))
    return turned


def rotate_parts(parts: Tensor, angle: Tensor, size: Sequence[int]) -> Tensor:
    """Rotate shares as `rotate` does the pixels of an image of `size`, bilinearly; corners belong to no region."""
    return _rotated(parts, angle, "bilinear", size[0] / size[1])


def _rotated(images: Tensor, angle: Tensor, mode: str, shape: float | None = None) -> Tensor:
    """Rotate images (B, C, h, w) counter-clockwise. shape: height / width of the scene, by default h / w."""
    ratio = images.shape[-2] / images.shape[-1] if shape is None else shape
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    matrix = torch.stack([cos, -sin * ratio, zero, sin / ratio, cos, zero], dim=1).reshape(-1, 2, 3)
    grid = functional.affine_grid(matrix, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, mode=mode, padding_mode="zeros", align_corners=False)


def jitter(pixels: Tensor, factors: Tensor) -> Tensor:
    """Change brightness, then contrast, then saturation by factors (3, B, 1, 1, 1)."""
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


def erase(pixels: Tensor, boxes: Tensor, name: str) -> Tensor:
    """Erase, in place, boxes (B, 4) of normalised images (Zhong et al. 2020, with IRRA's numbers); see `erase_boxes`.

    A box is filled with the channel means as normalised *values*, as in IRRA's released code, which is a little
    brighter than the mean colour.
    """
    fill = torch.tensor(STATISTICS[name][0])[:, None, None]
    for image, (top, left, tall, wide) in zip(pixels, boxes.tolist(), strict=True):
        image[:, top : top + tall, left : left + wide] = fill
    return pixels


def erase_parts(parts: Tensor, boxes: Tensor, size: Sequence[int]) -> Tensor:
    """Shrink shares by the part of each patch that boxes cover in images of `size`."""
    top, left, tall, wide = boxes.unbind(1)
    rows = _covered(top, tall, size[0], parts.shape[2])
    columns = _covered(left, wide, size[1], parts.shape[3])
    return parts * (1 - rows[:, :, None] * columns[:, None, :])[:, None]


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
