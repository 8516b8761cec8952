"""A domain is a place with its own camera, people's wardrobes and annotators; nothing is shared but the renderer."""

from dataclasses import dataclass, field

Weights = dict[str, float]
Range = tuple[float, float]


@dataclass(frozen=True)
class Wardrobe:
    """Weights of what people of a domain look like and wear; keys are canonical values or shades."""

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
    """sd of an individual garment's dye, in sRGB steps."""


@dataclass(frozen=True)
class Camera:
    """What a camera of the domain does, as ranges.

    pitch: radians below the horizon. fill: person's height as a share
    of the image's. detail: native resolution as a share of 128 x 64. quality: JPEG quality. gain, gamma, saturation,
    contrast: tone curve. cast: strength of white-balance error. noise: sd in sRGB steps. blur: Gaussian sigma, pixels.
    views, backgrounds: weights. occluded, crowded: chance of an occluder, of a bystander."""

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


@dataclass(frozen=True)
class Domain:
    """Wardrobe, camera and language of one place. dialect: key of the vocabulary. annotators: caption styles and
    their weights. slips: chance of a spelling slip per caption. errors: chance that a named value is wrong."""

    name: str
    wardrobe: Wardrobe
    camera: Camera
    dialect: str
    annotators: Weights = field(default_factory=dict)
    slips: float = 0.2
    errors: float = 0.03
