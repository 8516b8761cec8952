"""A label map as a picture of the five regions, which differ in colour and in hatching."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from glalign.contract.regions import REGIONS, region_table

COLOURS: Mapping[str, tuple[int, int, int]] = {
    "HEAD": (230, 159, 0),
    "UPPERBODY": (86, 180, 233),
    "LOWERBODY": (0, 158, 115),
    "SHOES": (213, 94, 0),
    "OTHERS": (204, 121, 167),
}
"""Colours that people with any colour vision tell apart: Okabe and Ito, Color Universal Design, 2008."""

DARKER = 0.55
"""Factor from the colour of a region to that of its lines, and of its name on white."""

WIDTH = 240
"""Least width of a picture in pixels."""

PERIOD, LINE = 12, 3
"""Distance and width of the lines in pixels."""

TWO = 24
"""Width in pixels of the stripes in which a label of two regions shows both of them."""


def darker(region: str) -> tuple[int, int, int]:
    """The colour of a region's lines and name."""
    red, green, blue = (round(DARKER * value) for value in COLOURS[region])
    return red, green, blue


def region_picture(labels: NDArray[np.uint8], dress: str) -> Image.Image:
    """The picture of a label map (H, W), each pixel enlarged to a square; background is white. dress: see D19."""
    factor = -(-WIDTH // labels.shape[1])
    large = labels.repeat(factor, axis=0).repeat(factor, axis=1)
    y, x = np.indices((large.shape[0], large.shape[1]))
    picture = np.full((*large.shape, 3), 255, np.uint8)
    members = region_table(dress).astype(bool)
    both = members.sum(axis=0)[large] > 1
    for number, region in enumerate(REGIONS):
        covers = members[number][large]
        if members[:number][:, members[number]].any():  # the second region of a label
            covers &= ~both | ((x + y) // TWO % 2 == 1)
        picture[covers] = COLOURS[region]
        picture[covers & _hatch(region, x, y)] = darker(region)
    return Image.fromarray(picture)


def swatch(region: str, width: int, height: int) -> Image.Image:
    """The colour and hatching of a region for a legend."""
    y, x = np.indices((height, width))
    picture = np.full((height, width, 3), COLOURS[region], np.uint8)
    picture[_hatch(region, x, y)] = darker(region)
    return Image.fromarray(picture)


def _hatch(region: str, x: NDArray[np.int_], y: NDArray[np.int_]) -> NDArray[np.bool_]:
    """Where the lines of a region are."""
    across, along, rising, falling = (value % PERIOD < LINE for value in (y, x, x + y, x - y))
    return {
        "HEAD": across,
        "UPPERBODY": rising,
        "LOWERBODY": along,
        "SHOES": rising | falling,
        "OTHERS": (y % PERIOD < 2 * LINE) & (x % PERIOD < 2 * LINE),
    }[region]
