"""Geometric stripes: label maps by height alone, the ablation of a human parser (D18)."""

import numpy as np
from numpy.typing import NDArray

from glalign.contract.regions import ATR_LABELS

STRIPES = (
    ("Hair", (0.02, 0.16), (0.28, 0.72)),
    ("Upper-clothes", (0.16, 0.50), (0.12, 0.88)),
    ("Pants", (0.50, 0.88), (0.18, 0.82)),
    ("Left-shoe", (0.88, 1.00), (0.15, 0.85)),
    # A bag may hang anywhere beside trunk and hips.
    ("Bag", (0.30, 0.65), (0.00, 0.12)),
    ("Bag", (0.30, 0.65), (0.88, 1.00)),
)
"""Label, shares of the height (top, bottom), shares of the width (left, right). Our own numbers: a standing adult is
about seven and a half heads tall and nearly fills a pedestrian crop, so that the head ends near 1/7.5, the trunk near
one half, the ankles near 0.9. A head is about half as wide as shoulders; trunk and feet leave the outer sixth free."""


def stripes(height: int, width: int) -> NDArray[np.uint8]:
    """Draw the label map (height, width) of `STRIPES`, the same for every image; edges are rounded to pixels.

    >>> stripes(100, 50)[[5, 30, 70, 95], 25].tolist()
    [2, 4, 6, 9]
    """
    labels = np.zeros((height, width), dtype=np.uint8)
    for name, (top, bottom), (left, right) in STRIPES:
        rows = slice(round(top * height), round(bottom * height))
        labels[rows, round(left * width) : round(right * width)] = ATR_LABELS.index(name)
    return labels
