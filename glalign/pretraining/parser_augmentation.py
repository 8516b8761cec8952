"""Augmentation of images and label maps, so that a parser trained on drawn people can parse photographs.

The ranges are ours. They are wide enough to include camera, sharpness and framing of real crops; `TILT` is the few
degrees by which a pedestrian crop leans.
"""

import torch
from torch import Generator, Tensor
from torch.nn.functional import affine_grid, avg_pool2d, grid_sample, interpolate, pad

from glalign.contract.regions import ATR_LABELS, SIDES

SCALE, SHIFT, TILT = (0.75, 1.3), 0.12, 0.12  # zoom, share of the side, radians
GAIN, OFFSET, GAMMA, GREY = (0.6, 1.4), 0.15, (0.6, 1.7), 0.7
NOISE, PATCH = 0.08, 0.35


def augment(pixels: Tensor, labels: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """Augment pixels (B, 3, H, W) float in 0..1 and labels (B, H, W) int64, each image by its own draw.

    Framing: mirror (left and right labels change names), zoom, shift, tilt. Colour: gain and offset per channel, gamma,
    loss of saturation. Camera: coarser detail, blur, noise. Clutter: a rectangle of another image's pixels, background.
    """
    pixels, labels = _frame(pixels, labels, generator)
    pixels, labels = _cover(pixels, labels, generator)
    return _expose(_soften(pixels, generator), generator), labels


def mirror(labels: Tensor) -> Tensor:
    """Mirror label maps (..., W); left and right labels (shoes, legs, arms) are exchanged."""
    swapped = list(range(len(ATR_LABELS)))
    for left, right in SIDES:
        swapped[left], swapped[right] = right, left
    return torch.tensor(swapped)[labels.flip(-1)]


def _draw(count: int, low: float, high: float, generator: Generator, *more: int) -> Tensor:
    return torch.rand(count, *more, generator=generator) * (high - low) + low


def _frame(pixels: Tensor, labels: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    count, _, height, width = pixels.shape
    flipped = torch.rand(count, generator=generator) < 0.5
    pixels = torch.where(flipped.view(-1, 1, 1, 1), pixels.flip(-1), pixels)
    labels = torch.where(flipped.view(-1, 1, 1), mirror(labels), labels)
    zoom = _draw(count, *SCALE, generator)
    # Real crops are squeezed to the input's shape, so that width and height scale apart.
    wide = zoom * _draw(count, 0.85, 1.2, generator)
    angle = _draw(count, -TILT, TILT, generator)
    shift = _draw(count, -2 * SHIFT, 2 * SHIFT, generator, 2)
    ratio = height / width
    upper = torch.stack([angle.cos() / wide, -angle.sin() * ratio / wide, shift[:, 0]], dim=1)
    lower = torch.stack([angle.sin() / ratio / zoom, angle.cos() / zoom, shift[:, 1] * 0.5], dim=1)
    grid = affine_grid(torch.stack([upper, lower], dim=1), [count, 1, height, width], align_corners=False)
    moved = grid_sample(pixels, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    # Outside the image the label is background, even where the reflected person is visible: there is one person.
    maps = grid_sample(labels[:, None].float(), grid, mode="nearest", padding_mode="zeros", align_corners=False)
    return moved, maps[:, 0].long()


def _cover(pixels: Tensor, labels: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """A rectangle of the next image of the batch over a third of the images; it hides the person's label."""
    count, _, height, width = pixels.shape
    pixels, labels, other = pixels.clone(), labels.clone(), pixels.roll(1, 0)
    for index in range(count):
        if torch.rand(1, generator=generator).item() < PATCH:
            h, w = (int(_draw(1, 0.1, 0.35, generator).item() * side) for side in (height, width))
            top = int(torch.randint(height - h, (1,), generator=generator))
            left = int(torch.randint(width - w, (1,), generator=generator))
            box = (slice(top, top + h), slice(left, left + w))
            # Shifted by half the width, so that the other image shows no second whole person.
            pixels[index][(slice(None), *box)] = other[index].roll(width // 2, -1)[(slice(None), *box)]
            labels[index][box] = 0
    return pixels, labels


def _soften(pixels: Tensor, generator: Generator) -> Tensor:
    """Half of the images at a lower resolution, a quarter blurred."""
    size = pixels.shape[-2:]
    factor = float(_draw(1, 0.3, 0.8, generator))
    coarse = interpolate(pixels, scale_factor=factor, mode="bilinear", antialias=True, align_corners=False)
    coarse = interpolate(coarse, size, mode="bilinear", align_corners=False)
    blurred = avg_pool2d(pad(pixels, (1, 1, 1, 1), mode="reflect"), 3, stride=1)
    kind = torch.rand(len(pixels), 1, 1, 1, generator=generator)
    return torch.where(kind < 0.5, coarse, torch.where(kind < 0.75, blurred, pixels))


def _expose(pixels: Tensor, generator: Generator) -> Tensor:
    count = len(pixels)
    gain = _draw(count, GAIN[0], GAIN[1], generator, 1, 1, 1) * _draw(count, 0.85, 1.15, generator, 3, 1, 1)
    offset = _draw(count, -OFFSET, OFFSET, generator, 1, 1, 1)
    grey = pixels.mean(1, keepdim=True)
    pixels = grey + (pixels - grey) * _draw(count, 1 - GREY, 1.2, generator, 1, 1, 1)
    gamma = _draw(count, GAMMA[0], GAMMA[1], generator, 1, 1, 1)
    pixels = (pixels.clamp(0, 1) ** gamma) * gain + offset
    noise = torch.randn(pixels.shape, generator=generator) * _draw(count, 0, NOISE, generator, 1, 1, 1)
    return (pixels + noise).clamp(0, 1)
