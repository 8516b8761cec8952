"""The `data:` keys of a system, checked; the normalisation constants they name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from glalign.config.from_mapping import from_mapping
from glalign.support.errors import UserError

STATISTICS: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    # OpenAI's CLIP, the Normalize of its image transform (D25).
    "clip": ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
    # torchvision's ImageNet models, e.g. ResNet50_Weights.transforms().
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    # Maps 0..1 to -1..1: SSAN's and timm's "inception" preprocessing.
    "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}
"""Channel means and deviations, RGB on 0..1."""


@dataclass(frozen=True)
class DataOptions:
    """How a system sees its images and how many at a time.

    image_size: (height, width); images are resized straight to it, without cropping (D25). normalise: a key of
    STATISTICS. flip: mirror half of the training images; "no_sides" spares pairs whose caption says left or right
    (D25). crop: largest shift in pixels of pad-and-crop, 0 is off (IRRA: 10 at 384 x 128). erase: probability of random
    erasing, 0 is off (IRRA: .5). jitter: strength of brightness, contrast and saturation jitter, 0 is off.
    rotate: largest angle in degrees, 0 is off (SRCF: 15). batch_size: pairs per training step. sampling: "pairs",
    "identity" or "groups" (see Pairs), null for the system's own (D26). group: pairs of a person in a batch of groups.
    """

    image_size: tuple[int, int] = (224, 224)
    normalise: str = "clip"
    flip: bool | str = True
    crop: int = 0
    erase: float = 0.0
    jitter: float = 0.0
    rotate: float = 0.0
    batch_size: int = 64
    sampling: str | None = None
    group: int = 4

    @classmethod
    def from_config(cls, values: Mapping[str, Any], where: str = "data") -> "DataOptions":
        """Options from a configuration mapping. Raises UserError naming the key below `where`, and what it may be."""
        options = from_mapping(cls, values, where)
        options._check(where)
        return options

    def _check(self, where: str) -> None:
        size = self.image_size
        right = {
            "image_size": (
                isinstance(size, tuple) and len(size) == 2 and all(_is_int(side) and side > 0 for side in size),
                "two positive integers, [height, width]",
            ),
            "normalise": (self.normalise in STATISTICS, f"one of {', '.join(STATISTICS)}"),
            "flip": (
                isinstance(self.flip, bool) or self.flip == "no_sides",
                "true, false or no_sides",
            ),
            "crop": (_is_int(self.crop) and self.crop >= 0, "an integer, 0 or more"),
            "erase": (_is_number(self.erase) and 0 <= self.erase <= 1, "a probability, 0 to 1"),
            "jitter": (_is_number(self.jitter) and 0 <= self.jitter < 1, "a number from 0 to below 1"),
            "rotate": (_is_number(self.rotate) and 0 <= self.rotate <= 180, "an angle, 0 to 180"),
            "sampling": (self.sampling in (None, "pairs", "identity", "groups"), "pairs, identity, groups or null"),
            "batch_size": (_is_int(self.batch_size) and self.batch_size > 0, "a positive integer"),
            "group": (
                _is_int(self.group)
                and self.group > 0
                and (self.sampling != "groups" or self.batch_size % self.group == 0),
                f"a positive integer that divides the batch of {self.batch_size}",
            ),
        }
        for key, (holds, wanted) in right.items():
            if not holds:
                raise UserError(f"{where}.{key}: {getattr(self, key)!r} is not {wanted}")


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
