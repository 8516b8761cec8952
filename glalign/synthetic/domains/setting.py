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
    hat: Weights = field(default_factory=lambda: {"none": 90, "cap": 7, "hat": 3})
    hat_shades: Weights = field(default_factory=dict)
    """Empty: those of upper garments."""
    mask: Weights = field(default_factory=dict)
    """Shades of face masks and "none". Empty: nobody there has ever seen one, and no fact speaks of it."""
    shoes_man: Weights = field(
        default_factory=lambda: {"sneakers": 62, "dress shoes": 20, "sandals": 9, "flip-flops": 7, "boots": 2}
    )
    shoes_woman: Weights = field(
        default_factory=lambda: {"sneakers": 44, "flats": 18, "sandals": 18, "heels": 10, "boots": 4, "flip-flops": 6}
    )
    sided: bool = False
    """Whether the truth knows on which side a bag hangs and which hand holds a thing."""


@dataclass(frozen=True)
class Camera:
    """What a camera of the domain does, as ranges.

    pitch: radians below the horizon. fill: person's height as a share
    of the image's. detail: native resolution as a share of 128 x 64. quality: JPEG quality. gain, gamma, saturation,
    contrast: tone curve. cast: strength of white-balance error. noise: sd in sRGB steps. blur: Gaussian sigma, pixels.
    views, backgrounds: weights. occluded, crowded: chance of an occluder, of a bystander. tint: the mean white-balance
    error of red, green and blue. occluders: kinds. crowd: further people behind, at most. passers: chance of someone
    between camera and person, cut by the image's edge."""

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
    """Wardrobe, camera and languages of one place. dialect: key of the vocabularies, "street" (rich) or "pretrain"
    (poor). annotators, vietnamese: styles of the English and of the Vietnamese captions and their weights; empty:
    nobody writes that language there. slips: chance of a spelling slip per caption. errors: chance that a named value
    is wrong."""

    name: str
    wardrobe: Wardrobe
    camera: Camera
    dialect: str
    annotators: Weights = field(default_factory=dict)
    slips: float = 0.2
    errors: float = 0.03
    vietnamese: Weights = field(default_factory=dict)

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the languages that its annotators write."""
        return tuple(code for code, styles in (("en", self.annotators), ("vi", self.vietnamese)) if styles)
