"""The palette: shades that are painted, with the colour and the tone that captions name.

Source: our own, chosen by eye to look like muted outdoor surveillance photographs after `drawing.camera.expose`.
"""

import random
from typing import NamedTuple

RGB = tuple[int, int, int]


class Shade(NamedTuple):
    """Canonical colour, tone ("dark", "light" or "mid") and sRGB value (0..255) before illumination."""

    colour: str
    tone: str
    rgb: RGB


SHADES: dict[str, Shade] = {
    "black": Shade("black", "dark", (30, 30, 34)), "white": Shade("white", "light", (226, 226, 224)),
    "gray": Shade("gray", "mid", (130, 131, 133)), "dark gray": Shade("gray", "dark", (76, 78, 82)),
    "light gray": Shade("gray", "light", (178, 179, 180)), "blue": Shade("blue", "mid", (44, 82, 168)),
    "navy": Shade("blue", "dark", (30, 38, 82)), "light blue": Shade("blue", "light", (136, 176, 220)),
    "denim": Shade("blue", "mid", (72, 96, 142)), "dark denim": Shade("blue", "dark", (40, 50, 82)),
    "light denim": Shade("blue", "light", (138, 160, 192)), "red": Shade("red", "mid", (182, 34, 40)),
    "maroon": Shade("red", "dark", (98, 24, 36)), "pink": Shade("pink", "light", (230, 146, 172)),
    "hot pink": Shade("pink", "mid", (218, 66, 124)), "purple": Shade("purple", "mid", (100, 54, 136)),
    "lavender": Shade("purple", "light", (172, 148, 204)), "green": Shade("green", "mid", (44, 132, 68)),
    "dark green": Shade("green", "dark", (46, 68, 42)), "lime": Shade("green", "mid", (132, 210, 58)),
    "mint": Shade("green", "light", (160, 216, 190)), "teal": Shade("teal", "mid", (34, 138, 142)),
    "yellow": Shade("yellow", "mid", (230, 202, 56)), "orange": Shade("orange", "mid", (226, 118, 38)),
    "brown": Shade("brown", "dark", (98, 64, 42)), "tan": Shade("tan", "light", (188, 160, 116)),
    "cream": Shade("tan", "light", (218, 206, 178)),
}  # fmt: skip
SKIN: dict[str, RGB] = {"fair": (222, 178, 150), "light": (204, 156, 124), "tan": (168, 118, 86), "dark": (98, 66, 48)}
HAIR: dict[str, RGB] = {"black": (26, 23, 24), "brown": (74, 50, 36), "blonde": (190, 156, 96),
                        "gray": (146, 144, 142), "red": (104, 54, 38)}  # fmt: skip
MIXED_UP: dict[str, tuple[str, ...]] = {
    "black": ("blue", "gray", "brown"), "white": ("gray", "tan"), "gray": ("white", "black", "blue", "tan"),
    "blue": ("black", "gray", "purple"), "red": ("pink", "orange", "brown"), "pink": ("red", "purple", "white"),
    "purple": ("blue", "pink"), "green": ("teal", "gray", "yellow"), "teal": ("blue", "green"),
    "yellow": ("orange", "green", "tan"), "orange": ("red", "yellow"), "brown": ("black", "tan", "red"),
    "tan": ("white", "brown", "gray", "yellow"),
}  # fmt: skip
"""Colour -> the colours that an annotator confuses it with."""


def paint(rng: random.Random, rgb: RGB, spread: float) -> RGB:
    """Draw the colour of one garment: `rgb` plus Gaussian noise, common (sd `spread`) and per channel (sd half)."""
    common = rng.gauss(0, spread)
    red, green, blue = (min(255, max(4, round(c + common + rng.gauss(0, spread / 2)))) for c in rgb)
    return red, green, blue


def tone(rgb: RGB, factor: float) -> RGB:
    """Darken `rgb` (factor below 1) or lighten it towards white (above 1); values stay in 0..255."""
    if factor <= 1:
        return int(rgb[0] * factor), int(rgb[1] * factor), int(rgb[2] * factor)
    lift = factor - 1
    return tuple(int(c + (255 - c) * lift * 0.6 + c * lift * 0.2) if c < 250 else c for c in rgb)  # type: ignore[return-value]
