"""Body regions of a label map: the share of each image patch that each region covers."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from glalign.storage.yaml_files import read_yaml

DATA_FILES = ("regions.yaml",)  # part of the digest of every stage that imports this module
_TABLE = read_yaml(Path(__file__).with_name("regions.yaml"))

ATR_LABELS: tuple[str, ...] = tuple(_TABLE["labels"])
"""Names of label values 0..17."""

SIDES = tuple((ATR_LABELS.index(f"Left-{part}"), ATR_LABELS.index(f"Right-{part}")) for part in ("shoe", "leg", "arm"))
"""Pairs of labels that differ only in the side."""

REGIONS: tuple[str, ...] = tuple(_TABLE["regions"])
"""The paper's five regions, in the order of the region axis of all arrays."""

_REGION_OF: Mapping[str, tuple[str, ...]] = _TABLE["regions"]
_DRESS: Mapping[str, tuple[str, ...]] = _TABLE["dress"]


def region_table(dress: str = "both") -> NDArray[np.uint8]:
    """Return the membership of the 18 labels in the five regions, uint8 (5, 18); background belongs to none.

    dress: region of dress pixels, "upper" (as ViTAA merges them), "lower" (as the paper's keyword list) or "both"
    (D19). Raises: ValueError for another value of `dress`.

    >>> region_table("upper")[:, 7].tolist()
    [0, 1, 0, 0, 0]
    """
    if dress not in _DRESS:
        raise ValueError(f"dress must be one of {', '.join(_DRESS)}, not {dress!r}")
    table = np.zeros((len(REGIONS), len(ATR_LABELS)), dtype=np.uint8)
    for row, region in enumerate(REGIONS):
        for label in _REGION_OF[region]:
            table[row, ATR_LABELS.index(label)] = 1
        table[row, ATR_LABELS.index("Dress")] = region in _DRESS[dress]
    return table


def region_masks(
    label_map: NDArray[np.uint8],
    grid: tuple[int, int],
    dress: str = "both",
    window: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0),
) -> NDArray[np.float32]:
    """Return the share of each patch that each region covers, float32 (..., 5, h, w), of label maps (..., H, W).

    grid: (h, w). H and W need not be multiples of h and w: a pixel on the border of two patches counts for both by its
    area. The shares of one patch sum to at most 1, or to at most 2 where a dress counts twice. window: the part of the
    map that the patches divide: top, left, bottom, right as shares of its height and width. Raises: ValueError for a
    label above 17.
    """
    labels = np.asarray(label_map)
    if labels.size and labels.max() >= len(ATR_LABELS):
        raise ValueError(f"label {int(labels.max())} in a label map; the ATR set ends at {len(ATR_LABELS) - 1}")
    height, width = labels.shape[-2:]
    (top, left), (bottom, right) = window[:2], window[2:]
    rows, columns = _overlap(height, grid[0], top, bottom), _overlap(width, grid[1], left, right)
    area = np.float32((bottom - top) * height * (right - left) * width / (grid[0] * grid[1]))
    members = region_table(dress).astype(np.float32)
    covered = np.stack([rows @ member[labels] @ columns.T for member in members], axis=-3)
    return np.asarray(covered / area, np.float32)


def _overlap(pixels: int, patches: int, first: float, last: float) -> NDArray[np.float32]:
    """Return the length of each unit pixel inside each patch along one axis, (patches, pixels).

    The patches divide the part from `first` to `last`, shares of the axis.
    """
    edges = first * pixels + np.arange(patches + 1) * ((last - first) * pixels / patches)
    start, end = edges[:-1, None], edges[1:, None]
    pixel = np.arange(pixels)[None, :]
    return np.asarray(np.clip(np.minimum(end, pixel + 1) - np.maximum(start, pixel), 0, 1), np.float32)
