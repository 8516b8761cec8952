"""Read and write label maps as palette images, and measure the agreement of two sets of them."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from glalign.contract.regions import ATR_LABELS, REGIONS, region_table
from glalign.storage.image_files import DecodeError, decode_bytes
from glalign.support.errors import UserError

PALETTE = (
    (0, 0, 0), (255, 120, 0), (140, 70, 20), (0, 255, 255), (220, 40, 40), (255, 130, 190),
    (40, 70, 220), (180, 60, 220), (255, 255, 255), (255, 230, 0), (200, 170, 0), (255, 200, 160),
    (90, 160, 255), (60, 120, 200), (150, 230, 120), (70, 170, 60), (120, 120, 120), (0, 130, 110),
)  # fmt: skip
"""Colour of each label, different from its neighbours'; background is black."""

BATCH = 32
"""Images whose maps are made at a time; few, because maps are enlarged to the images' own sizes."""


def map_file(folder: Path | str, image: str) -> Path:
    """Return the path of an image's label map in a folder of them."""
    return Path(folder) / f"{image}.png"


def write_labels(path: Path, labels: NDArray[np.uint8]) -> None:
    """Write a label map (H, W) as a palette PNG whose bytes are the labels."""
    picture = Image.fromarray(labels).convert("L")
    picture.putpalette([value for colour in PALETTE for value in colour])
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, format="PNG", optimize=False)


def read_labels(path: Path) -> NDArray[np.uint8]:
    """Read the label map (H, W) of a PNG. Raises: UserError naming a file that is missing or no label map."""
    try:
        labels = decode_bytes(path)
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such label map") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    except DecodeError as error:
        raise UserError(str(error)) from error
    if labels.max() >= len(ATR_LABELS):
        raise UserError(f"{path}: not a label map of the {len(ATR_LABELS)} ATR labels")
    return labels


class Agreement:
    """Intersection over union of predicted and true label maps, counted over all pixels of all images."""

    def __init__(self) -> None:
        self.counts = np.zeros((len(ATR_LABELS), len(ATR_LABELS)), dtype=np.int64)

    def add(self, predicted: NDArray[np.uint8], true: NDArray[np.uint8]) -> None:
        """Count one image; both maps have the same shape."""
        pairs = true.astype(np.int64).ravel() * len(ATR_LABELS) + predicted.ravel()
        self.counts += np.bincount(pairs, minlength=self.counts.size).reshape(self.counts.shape)

    def report(self) -> dict[str, Any]:
        """Return the IoU in percent: `labels` and `regions` by name, and their means over those in the true maps.

        A region is the union of its labels; a dress counts for both of its regions (the default of D19).
        """
        labels = {name: self._iou(np.arange(len(ATR_LABELS)) == i) for i, name in enumerate(ATR_LABELS)}
        members = region_table("both").astype(bool)
        regions = {name: self._iou(members[i]) for i, name in enumerate(REGIONS)}
        return {"labels": labels, "regions": regions, "miou_labels": _mean(labels), "miou_regions": _mean(regions)}

    def _iou(self, members: NDArray[np.bool_]) -> float | None:
        both = self.counts[np.ix_(members, members)].sum()
        true, predicted = self.counts[members].sum(), self.counts[:, members].sum()
        return round(100 * float(both) / float(true + predicted - both), 2) if true else None


def _mean(values: dict[str, float | None]) -> float | None:
    known = [value for value in values.values() if value is not None]
    return round(float(np.mean(known)), 2) if known else None
