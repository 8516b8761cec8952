"""The parameters of a domain: wardrobe, camera and annotators of one place.

Domains share the renderer and nothing else.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

Weights = Mapping[str, float]
Key = TypeVar("Key")
Range = tuple[float, float]
MENS_SHOES = {"sneakers": 62, "dress shoes": 20, "sandals": 9, "flip-flops": 7, "boots": 2}
WOMENS_SHOES = {"sneakers": 44, "flats": 18, "sandals": 18, "heels": 10, "boots": 4, "flip-flops": 6}


@dataclass(frozen=True)
class Wardrobe:
    """How people of a domain look and what they wear.

    women: share of women. patterned, printed: probability of a pattern or a print. spread: standard deviation of a
    garment's colour around its shade, in sRGB steps (0..255). Weights: canonical values or shades (`palette.SHADES`)
    -> weight. hat_shades: empty: `upper_shades`. mask: shades of face masks, and "none"; empty: there are no masks and
    no attribute of them.
    """

    women: float
    hair: Weights
    skin: Weights
    upper_man: Weights
    upper_woman: Weights
    upper_shades: Weights
    lower_man: Weights
    lower_woman: Weights
    lower_shades: Weights
    shoes_shades: Weights
    bag: Weights
    bag_shades: Weights
    patterned: float
    printed: float
    spread: float
    hat: Weights = field(default_factory=lambda: {"none": 90, "cap": 7, "hat": 3})
    hat_shades: Weights = field(default_factory=dict)
    mask: Weights = field(default_factory=dict)
    shoes_man: Weights = field(default_factory=lambda: MENS_SHOES)
    shoes_woman: Weights = field(default_factory=lambda: WOMENS_SHOES)


@dataclass(frozen=True)
class Camera:
    """Camera and surroundings of a domain; a range is drawn from uniformly for every photograph.

    pitch: angle below the horizon, radians. fill: height of the person as a share of the image's. detail: native
    resolution as a share of 128 x 64. quality: of the JPEG file. gain, gamma, saturation, contrast: tone curve. cast:
    standard deviation of the white-balance error. noise: standard deviation in sRGB steps. blur: Gaussian sigma,
    pixels. views, backgrounds: weights. occluded, crowded: probability of an occluder, of a bystander. tint: mean
    white-balance error of red, green and blue. occluders: kinds (`scene.occlude`). crowd: maximum number of further
    bystanders. passers: probability of a passer-by between camera and person, cut off by the edge of the image.
    """

    pitch: Range
    fill: Range
    detail: Range
    quality: tuple[int, int]
    gain: Range
    gamma: Range
    saturation: Range
    contrast: Range
    cast: float
    noise: Range
    blur: Range
    views: Weights
    backgrounds: Weights
    occluded: float
    crowded: float
    tint: tuple[float, float, float] = (0.0, 0.0, 0.0)
    occluders: tuple[str, ...] = ("rail", "bush", "pole", "bollard")
    crowd: int = 0
    passers: float = 0.0


@dataclass(frozen=True)
class Domain:
    """Wardrobe, camera and annotators of one place.

    dialect: key of the vocabularies, "street" (large) or "pretrain" (small). annotators: language code -> caption style
    -> weight. typo_rate: probability of a misspelt word per caption. colour_error_rate: probability that a named
    colour is wrong. rare_words: probability that a word comes from the long tail of the vocabulary. repeats:
    probability that an image gets a caption of an earlier image, if one has facts that all hold there.
    """

    name: str
    wardrobe: Wardrobe
    camera: Camera
    dialect: str
    annotators: Mapping[str, Weights]
    typo_rate: float
    colour_error_rate: float
    rare_words: float
    repeats: float


def choose(rng: random.Random, weights: Mapping[Key, float]) -> Key:
    """Draw one key of `weights` with a probability in proportion to its value.

    >>> choose(random.Random(0), {"only": 1.0})
    'only'
    """
    return rng.choices(list(weights), list(weights.values()))[0]
