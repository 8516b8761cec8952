"""The visible attributes of a photograph: traits of the person that the view shows, and attributes of the view.

A fact whose attribute is not visible neither agrees with the image nor contradicts it.
"""

import numpy as np

from glalign.contract.regions import ATR_LABELS
from glalign.synthetic.drawing.body import SHOES
from glalign.synthetic.drawing.photograph import Photograph
from glalign.synthetic.people.identity import Person

ENOUGH = 12
"""Minimum number of pixels, of 128 x 64, for a part to be visible."""


def visible_attributes(person: Person, photo: Photograph) -> dict[str, str]:
    """Return attribute -> canonical value of what the photograph shows; "none": the item is visibly absent."""
    traits, facing = person.traits, photo.view.facing
    counts = np.bincount(photo.labels.ravel(), minlength=len(ATR_LABELS))
    pixels = dict(zip(ATR_LABELS, counts.tolist(), strict=True))
    visible = {"view": photo.view.kind, "sex": traits["sex"], "build": traits["build"]}
    visible["pace"] = "walking" if photo.view.stride > 0.2 else "standing"
    _record_head(visible, traits, facing, pixels)
    _record_garments(visible, traits, facing, pixels)
    if pixels["Left-shoe"] + pixels["Right-shoe"] >= ENOUGH and _shoes_inside(photo.labels):
        _record(visible, traits, "shoes", "shoes_colour", "shoes_tone", "sole")
        if traits["lower"] != "dress" or traits["lower_length"] != "long":
            _record(visible, traits, "socks", "socks_colour")
    _record_item(visible, traits, "bag", pixels["Bag"] >= ENOUGH)
    if "bag" in visible:
        visible["carries"] = "none" if traits["bag"] == "none" else "bag"
        if traits["bag"] not in ("none", "backpack"):
            _record_side(visible, traits, "bag", facing)
    if facing > -0.4:
        visible["held"] = photo.held
        if photo.held != "none":
            _record_side(visible, traits, "held", facing)
    _record(visible, traits, "umbrella", "umbrella_colour")
    if traits["watch"] != "none" and traits["sleeve"] != "long" and pixels["Left-arm"] >= ENOUGH and facing > -0.4:
        _record(visible, traits, "watch")
    return visible


def _record_head(visible: dict[str, str], traits: dict[str, str], facing: float, pixels: dict[str, int]) -> None:
    if traits["hair_length"] == "bald":
        _record(visible, traits, "hair_length")
    elif pixels["Hair"] >= ENOUGH:
        _record(visible, traits, "hair_colour", "hair_length")
        visible["hair_tone"] = "dark" if traits["hair_colour"] in ("black", "brown") else "light"
        if facing < 0.6 and traits["hair_length"] in ("medium", "long"):
            _record(visible, traits, "hair_style")
    if pixels["Hat"] + pixels["Hair"] + pixels["Face"] >= ENOUGH:
        _record_item(visible, traits, "hat", pixels["Hat"] >= 6)
    if facing > -0.1 and pixels["Face"] >= ENOUGH and (traits["glasses"] == "none" or pixels["Sunglasses"] >= 3):
        _record(visible, traits, "glasses")
    if facing > 0.0 and pixels["Face"] >= ENOUGH:
        _record(visible, traits, "mask", "mask_colour", "mask_tone")
    if facing > -0.5:
        _record_item(visible, traits, "scarf", pixels["Scarf"] >= 8)


def _record_garments(visible: dict[str, str], traits: dict[str, str], facing: float, pixels: dict[str, int]) -> None:
    if pixels["Upper-clothes"] + pixels["Dress"] >= 2 * ENOUGH:
        _record(visible, traits, "upper", "upper_family", "sleeve", "upper_colour", "upper_tone", "upper_pattern",
              "second_colour")  # fmt: skip
        if facing > 0.35 and not (traits["print"] == "logo" and traits["bag"] == "backpack"):
            _record(visible, traits, "print", "print_colour")
        if facing > 0.3:
            _record(visible, traits, "inner", "inner_colour", "inner_tone")
    skirt = pixels["Skirt"] + (0 if traits["upper"] == "ao dai" else pixels["Dress"])
    if skirt + pixels["Pants"] >= 2 * ENOUGH:
        _record(visible, traits, "lower", "lower_length", "lower_colour", "lower_tone", "fabric")
        if facing > 0.3:
            _record_item(visible, traits, "belt", pixels["Belt"] >= 5)


def _record(visible: dict[str, str], traits: dict[str, str], *names: str) -> None:
    """Copy those of the traits `names` that the person has."""
    visible.update({n: traits[n] for n in names if n in traits})


def _record_item(visible: dict[str, str], traits: dict[str, str], name: str, shown: bool) -> None:
    """Record an optional item; if the person has it and it is not `shown`, nothing is recorded."""
    if traits[name] == "none" or shown:
        _record(visible, traits, name, f"{name}_colour", f"{name}_tone")


def _record_side(visible: dict[str, str], traits: dict[str, str], item: str, facing: float) -> None:
    """Record the wearer's side of an item, and its side of the picture unless the person stands sideways.

    A person who faces the camera has the left hand on the right of the picture (`View.place`).
    """
    side = visible[f"{item}_side"] = traits[f"{item}_side"]
    if abs(facing) > 0.5:
        other = {"left": "right", "right": "left"}[side]
        visible[f"{item}_picture_side"] = other if facing > 0 else side


def _shoes_inside(labels: np.ndarray) -> bool:
    """Return whether the shoes begin at least four rows above the last row of the image."""
    rows = np.flatnonzero(np.isin(labels, SHOES).any(1))
    return len(rows) > 0 and bool(rows[0] < labels.shape[0] - 4)
