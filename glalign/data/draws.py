"""Random numbers of augmentations, drawn on the host whatever the device of a training is."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from glalign.config.training import Data

FLIP_SHARE = 0.5
"""Share of mirrored images in the released code of IRRA, SSAN, ViTAA and Dual-path."""

ERASE_AREA = (0.02, 0.4)
ERASE_RATIO = (0.3, 3.3)
ERASE_TRIES = 10
"""IRRA's RandomErasing(scale=(.02, .4)); ratio and number of tries are torchvision's defaults."""


@dataclass(frozen=True)
class Draws:
    """What is done to each of B images; None for an augmentation that is off.

    Args:
        flip: (B,) bool, whether it is mirrored.
        crop: (B, 2) int64, how far it is shifted down and to the right.
        rotate: (B,) angle in radians, counter-clockwise.
        jitter: (3, B, 1, 1, 1) factors of brightness, contrast and saturation.
        erase: (B, 4) int64, box as top, left, height, width; all 0 for none.
    """

    flip: Tensor | None = None
    crop: Tensor | None = None
    rotate: Tensor | None = None
    jitter: Tensor | None = None
    erase: Tensor | None = None


def draw(options: Data, size: Sequence[int], allowed: Tensor, stream: Callable[[str], Generator]) -> Draws:
    """Draw for images of `size` (height, width). allowed: (B,) bool, those that may be mirrored. stream: by name."""
    count = len(allowed)
    return Draws(
        flip=flips(allowed, stream("flip")) if options.flip else None,
        crop=offsets(count, options.crop, stream("crop")) if options.crop else None,
        rotate=angles(count, options.rotate, stream("rotate")) if options.rotate else None,
        jitter=factors(count, options.jitter, stream("jitter")) if options.jitter else None,
        erase=erase_boxes(count, size, options.erase, stream("erase")) if options.erase else None,
    )


def flips(allowed: Tensor, generator: Generator) -> Tensor:
    """Choose half of the `allowed` (B,) images."""
    return (torch.rand(len(allowed), generator=generator) < FLIP_SHARE) & allowed


def offsets(count: int, reach: int, generator: Generator) -> Tensor:
    """Draw shifts (count, 2) by -reach..reach pixels on either axis, as padding and a random crop do (IRRA)."""
    return torch.randint(-reach, reach + 1, (count, 2), generator=generator)


def angles(count: int, most: float, generator: Generator) -> Tensor:
    """Draw angles (count,) of -most..most degrees; returned in radians."""
    return torch.deg2rad(most * (2 * torch.rand(count, generator=generator) - 1))


def factors(count: int, strength: float, generator: Generator) -> Tensor:
    """Draw factors (3, count, 1, 1, 1) of 1 - strength .. 1 + strength."""
    return 1 + strength * (2 * torch.rand(3, count, 1, 1, 1, generator=generator) - 1)


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
