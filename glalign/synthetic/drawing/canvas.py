"""The canvas, on which every stroke paints a colour and an ATR label.

It is an RGBA image at `SCALE` times the final 128 x 64; the fourth channel is the label. Pillow writes the four bytes
of a fill without blending.
"""

import math

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from glalign.synthetic.domains.palette import RGB, tone

HEIGHT, WIDTH, SCALE = 128, 64, 3
Point = tuple[float, float]


class Canvas:
    """Drawing surface over a background image of 64 x 128.

    light: direction of the light, -1 (left) to 1 (right). unlabelled: while True, every label is painted as 0.
    """

    def __init__(self, background: Image.Image, light: float) -> None:
        self.image = background.convert("RGBA").resize((WIDTH * SCALE, HEIGHT * SCALE), Image.Resampling.NEAREST)
        self.image.putalpha(0)
        self.draw = ImageDraw.Draw(self.image)
        self.light = light
        self.unlabelled = False

    def ink(self, rgb: RGB, label: int) -> tuple[int, int, int, int]:
        """Return the four bytes of a fill."""
        return (*rgb, 0 if self.unlabelled else label)

    def polygon(self, points: list[Point], rgb: RGB, label: int) -> None:
        """Fill a polygon."""
        self.draw.polygon(points, fill=self.ink(rgb, label))

    def disc(self, centre: Point, rx: float, ry: float, rgb: RGB, label: int) -> None:
        """Fill an axis-parallel ellipse."""
        x, y = centre
        self.draw.ellipse((x - rx, y - ry, x + rx, y + ry), fill=self.ink(rgb, label))

    def box(self, x: float, y: float, rx: float, up: float, down: float, rgb: RGB, label: int) -> None:
        """Fill a rectangle from x - rx to x + rx and from y - up to y + down."""
        self.draw.rectangle((x - rx, y - up, x + rx, y + down), fill=self.ink(rgb, label))

    def bar(self, x: float, y: float, half: float, width: float, rgb: RGB, label: int) -> None:
        """Stroke a horizontal line from x - half to x + half, as `line` does."""
        self.line([(x - half, y), (x + half, y)], width, rgb, label)

    def line(self, points: list[Point], width: float, rgb: RGB, label: int) -> None:
        """Stroke a polyline of `width` canvas pixels, at least one."""
        self.draw.line(points, fill=self.ink(rgb, label), width=max(1, round(width)), joint="curve")

    def limb(self, a: Point, b: Point, ra: float, rb: float, rgb: RGB, label: int, cut: bool = False) -> None:
        """Fill a tapered segment from `a` (radius `ra`) to `b` (radius `rb`), with a shadow away from the light.

        The ends are round; cut: flat at `b`, as a hem.
        """
        dx, dy = b[0] - a[0], b[1] - a[1]
        norm = math.hypot(dx, dy) or 1.0
        nx, ny = -dy / norm, dx / norm
        self.disc(a, ra, ra, rgb, label)
        if not cut:
            self.disc(b, rb, rb, rgb, label)
        ax, ay, bx, by = nx * ra, ny * ra, nx * rb, ny * rb
        shadow = -1.0 if nx * self.light > 0 else 1.0
        for out, back, dye in ((1.0, -1.0, rgb), (shadow, 0.25 * shadow, tone(rgb, 0.82))):
            self.polygon([(a[0] + ax * out, a[1] + ay * out), (b[0] + bx * out, b[1] + by * out),
                          (b[0] + bx * back, b[1] + by * back), (a[0] + ax * back, a[1] + ay * back)],
                         dye, label)  # fmt: skip

    def print_pattern(self, label: int, stencil: Image.Image, rgb: RGB) -> None:
        """Paint the pixels of `label` within the L mask `stencil`; do nothing while `unlabelled`."""
        if self.unlabelled:
            return  # the pixels of that label belong to another person
        labelled = self.image.getchannel("A").point([255 if i == label else 0 for i in range(256)])
        self.image.paste(self.ink(rgb, label), (0, 0), ImageChops.multiply(labelled, stencil))

    def finish(self) -> tuple[Image.Image, np.ndarray]:
        """Return (RGB image, uint8 label map), both 128 x 64: box-filtered colours, labels of the centre samples."""
        labels = np.asarray(self.image.getchannel("A"))[SCALE // 2 :: SCALE, SCALE // 2 :: SCALE]
        return self.image.convert("RGB").reduce(SCALE), np.ascontiguousarray(labels)
