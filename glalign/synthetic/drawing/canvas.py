"""Colour and body part are painted by the same stroke: the fourth channel of the canvas is the ATR label.

The canvas is an RGBA image at `SCALE` times the final 128 x 64; Pillow writes the four bytes of a fill unblended.
"""

import math

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from glalign.synthetic.domains.palette import RGB, tone

HEIGHT, WIDTH, SCALE = 128, 64, 3
Point = tuple[float, float]


class Canvas:
    """Drawing surface over a 64 x 128 backdrop.

    `light`: x of the light's direction (-1 left, +1 right); `silent`: paint every label as 0.
    """

    def __init__(self, background: Image.Image, light: float) -> None:
        self.image = background.convert("RGBA").resize((WIDTH * SCALE, HEIGHT * SCALE), Image.Resampling.NEAREST)
        self.image.putalpha(0)
        self.draw = ImageDraw.Draw(self.image)
        self.light = light
        self.silent = False

    def ink(self, rgb: RGB, label: int) -> tuple[int, int, int, int]:
        """The four bytes of a fill."""
        return (*rgb, 0 if self.silent else label)

    def polygon(self, points: list[Point], rgb: RGB, label: int) -> None:
        """Fill a polygon."""
        self.draw.polygon(points, fill=self.ink(rgb, label))

    def disc(self, centre: Point, rx: float, ry: float, rgb: RGB, label: int) -> None:
        """Fill an axis-parallel ellipse."""
        x, y = centre
        self.draw.ellipse((x - rx, y - ry, x + rx, y + ry), fill=self.ink(rgb, label))

    def line(self, points: list[Point], width: float, rgb: RGB, label: int) -> None:
        """Stroke a polyline of `width` canvas pixels, at least one."""
        self.draw.line(points, fill=self.ink(rgb, label), width=max(1, round(width)), joint="curve")

    def limb(self, a: Point, b: Point, ra: float, rb: float, rgb: RGB, label: int, cut: bool = False) -> None:
        """A tapered, rounded segment from `a` to `b` with radii `ra`, `rb`, lit from the side of the light; `cut` ends
        it flat at `b`, as a hem does."""
        dx, dy = b[0] - a[0], b[1] - a[1]
        norm = math.hypot(dx, dy) or 1.0
        nx, ny = -dy / norm, dx / norm
        self.disc(a, ra, ra, rgb, label)
        if not cut:
            self.disc(b, rb, rb, rgb, label)
        ax, ay, bx, by = nx * ra, ny * ra, nx * rb, ny * rb
        self.polygon(
            [(a[0] + ax, a[1] + ay), (b[0] + bx, b[1] + by), (b[0] - bx, b[1] - by), (a[0] - ax, a[1] - ay)], rgb, label
        )
        shadow = -1.0 if nx * self.light > 0 else 1.0
        inner = 0.25 * shadow
        self.polygon(
            [(a[0] + ax * shadow, a[1] + ay * shadow), (b[0] + bx * shadow, b[1] + by * shadow),
             (b[0] + bx * inner, b[1] + by * inner), (a[0] + ax * inner, a[1] + ay * inner)],
            tone(rgb, 0.82), label)  # fmt: skip

    def where(self, label: int) -> Image.Image:
        """L mask (0 or 255) of the pixels that carry `label` now."""
        return self.image.getchannel("A").point([255 if i == label else 0 for i in range(256)])

    def print_pattern(self, label: int, stencil: Image.Image, rgb: RGB) -> None:
        """Dye the pixels of `label` that the L mask `stencil` covers; no label is painted while `silent`."""
        if self.silent:
            return  # the pixels of that label are someone else's
        mask = ImageChops.multiply(self.where(label), stencil)
        self.image.paste(self.ink(rgb, label), (0, 0), mask)

    def develop(self) -> tuple[Image.Image, np.ndarray]:
        """(RGB image, uint8 label map), both 128 x 64: box-filtered colour, the centre sample's label."""
        labels = np.asarray(self.image.getchannel("A"))[SCALE // 2 :: SCALE, SCALE // 2 :: SCALE]
        return self.image.convert("RGB").reduce(SCALE), np.ascontiguousarray(labels)


def blank() -> Image.Image:
    """An empty L mask of the canvas's size."""
    return Image.new("L", (WIDTH * SCALE, HEIGHT * SCALE), 0)
