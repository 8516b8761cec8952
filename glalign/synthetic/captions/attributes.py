"""Body regions of attributes, and the Vietnamese colour category of visible colours."""

from collections.abc import Mapping

GRUE = ("blue", "green", "teal")
"""The colours that Vietnamese calls "xanh"; linguists call the category grue (Berlin and Kay 1969)."""

REGION_OF: Mapping[str, str] = {
    "hair": "HEAD", "hat": "HEAD", "glasses": "HEAD", "mask": "HEAD", "scarf": "OTHERS",
    "upper": "UPPERBODY", "second": "UPPERBODY", "print": "UPPERBODY", "inner": "UPPERBODY", "sleeve": "UPPERBODY",
    "lower": "LOWERBODY", "fabric": "LOWERBODY", "belt": "OTHERS",
    "shoes": "SHOES", "sole": "SHOES", "socks": "SHOES",
    "bag": "OTHERS", "carries": "OTHERS", "held": "OTHERS", "umbrella": "OTHERS", "watch": "OTHERS",
}  # fmt: skip
"""First word of an attribute -> the body region that its pixels are labelled with (`glalign.contract.regions`)."""


def region_of(attribute: str) -> str | None:
    """Return the body region of an attribute; None for sex, build, view and pace, which belong to no region.

    >>> region_of("shoes_colour"), region_of("pace")
    ('SHOES', None)
    """
    return REGION_OF.get(attribute.split("_", maxsplit=1)[0])


def with_grue(visible: Mapping[str, str]) -> dict[str, str]:
    """Return the visible attributes with `<item>_grue` for every `<item>_colour`: whether "xanh" is true of it.

    >>> with_grue({"upper_colour": "teal"})
    {'upper_colour': 'teal', 'upper_grue': 'yes'}
    """
    colours = {name.removesuffix("_colour"): value for name, value in visible.items() if name.endswith("_colour")}
    return {**visible, **{f"{item}_grue": "yes" if colour in GRUE else "no" for item, colour in colours.items()}}
