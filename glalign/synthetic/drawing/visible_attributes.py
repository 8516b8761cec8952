"""What a photograph lets one see: the identity's traits, less all that this view hides, and the view's own facts.

An attribute that is absent from the result neither agrees with a caption nor contradicts it.
"""

import numpy as np

from glalign.synthetic.drawing.render import Photograph
from glalign.synthetic.people.identity import Person

ENOUGH = 12
"""Pixels of a part at 128 x 64 below which nobody names it."""
FEET = (9, 10)


def visible_attributes(person: Person, photo: Photograph) -> dict[str, str]:
    """Canonical values by attribute of everything that the view shows; "none" says that a thing is visibly absent."""
    traits, facing = person.traits, photo.view.facing
    count = np.bincount(photo.labels.ravel(), minlength=18)
    seen = {"view": photo.view.kind, "sex": traits["sex"], "build": traits["build"]}
    seen["pace"] = "walking" if photo.view.stride > 0.2 else "standing"
    _head(seen, traits, facing, count)
    _clothes(seen, traits, facing, count)
    if count[FEET[0]] + count[FEET[1]] >= ENOUGH and _whole_feet(photo.labels):
        _take(seen, traits, "shoes", "shoes_colour", "shoes_tone", "sole")
        if traits["lower"] != "dress" or traits["lower_length"] != "long":
            _take(seen, traits, "socks", "socks_colour")
    _thing(seen, traits, "bag", bool(count[16] >= ENOUGH))
    if "bag" in seen:
        seen["carries"] = "none" if traits["bag"] == "none" else "bag"
        if traits["bag"] not in ("none", "backpack"):
            _take(seen, traits, "bag_side")
    if facing > -0.4:
        seen["held"] = photo.held
        if photo.held != "none":
            _take(seen, traits, "held_side")
    _take(seen, traits, "umbrella", "umbrella_colour")
    if traits["watch"] != "none" and traits["sleeve"] != "long" and count[14] >= ENOUGH and facing > -0.4:
        _take(seen, traits, "watch")
    return seen


def _head(seen: dict[str, str], traits: dict[str, str], facing: float, count: np.ndarray) -> None:
    if traits["hair_length"] == "bald":
        _take(seen, traits, "hair_length")
    elif count[2] >= ENOUGH:
        _take(seen, traits, "hair_colour", "hair_length")
        seen["hair_tone"] = "dark" if traits["hair_colour"] in ("black", "brown") else "light"
        if facing < 0.6 and traits["hair_length"] in ("medium", "long"):
            _take(seen, traits, "hair_style")
    if count[1] + count[2] + count[11] >= ENOUGH:
        _thing(seen, traits, "hat", bool(count[1] >= 6))
    if facing > -0.1 and count[11] >= ENOUGH and (traits["glasses"] == "none" or count[3] >= 3):
        _take(seen, traits, "glasses")
    if facing > 0.0 and count[11] >= ENOUGH:
        _take(seen, traits, "mask", "mask_colour", "mask_tone")
    if facing > -0.5:
        _thing(seen, traits, "scarf", bool(count[17] >= 8))


def _clothes(seen: dict[str, str], traits: dict[str, str], facing: float, count: np.ndarray) -> None:
    if count[4] + count[7] >= 2 * ENOUGH:
        _take(seen, traits, "upper", "upper_family", "sleeve", "upper_colour", "upper_tone", "upper_pattern",
              "second_colour")  # fmt: skip
        if facing > 0.35 and not (traits["print"] == "logo" and traits["bag"] == "backpack"):
            _take(seen, traits, "print", "print_colour")
        if facing > 0.3:
            _take(seen, traits, "inner", "inner_colour", "inner_tone")
    skirt = count[5] + (0 if traits["upper"] == "ao dai" else count[7])
    if skirt + count[6] >= 2 * ENOUGH:
        _take(seen, traits, "lower", "lower_length", "lower_colour", "lower_tone", "fabric")
        if facing > 0.3:
            _thing(seen, traits, "belt", bool(count[8] >= 5))


def _take(seen: dict[str, str], traits: dict[str, str], *names: str) -> None:
    seen.update({n: traits[n] for n in names if n in traits})


def _thing(seen: dict[str, str], traits: dict[str, str], name: str, shown: bool) -> None:
    """Record something that a person may or may not have; hidden when they have it and the view does not show it."""
    if traits[name] == "none" or shown:
        seen.update({n: traits[n] for n in (name, f"{name}_colour", f"{name}_tone") if n in traits})


def _whole_feet(labels: np.ndarray) -> bool:
    """Whether a shoe ends above the image's last row."""
    rows = np.flatnonzero(((labels == FEET[0]) | (labels == FEET[1])).any(1))
    return bool(len(rows) and rows[0] < labels.shape[0] - 4)
