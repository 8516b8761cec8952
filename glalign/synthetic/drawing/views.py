"""A view is one moment of a person before one camera: pose, framing, light and disturbance, all from one stream."""

import math
import random
from dataclasses import dataclass

from glalign.synthetic.domains.domain import Camera, choose
from glalign.synthetic.drawing.canvas import HEIGHT, SCALE, WIDTH, Point

YAW = {"front": (0.0, 0.45), "back": (math.pi, 0.5), "side": (math.pi / 2, 0.38)}


@dataclass(frozen=True)
class View:
    """kind: front, back or side. yaw: angle of the body from facing the camera, radians, positive towards image right.
    phase, stride: of the walk. pitch: camera's, below the horizon. unit: canvas pixels per hundredth of a person's
    height. stretch: aspect error of the crop. x, top: canvas place of the body's axis and of the crown."""

    kind: str
    yaw: float
    phase: float
    stride: float
    pitch: float
    unit: float
    stretch: float
    x: float
    top: float
    light: float

    @property
    def facing(self) -> float:
        """1 when the person faces the camera, -1 when seen from behind."""
        return math.cos(self.yaw)

    def place(self, side: float, down: float, ahead: float) -> Point:
        """Canvas point of a body point: towards its left, below its crown, ahead of it (hundredths of its height)."""
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        across, near = side * cos + ahead * sin, ahead * cos - side * sin
        loom = 1 + self.pitch * (0.36 - 0.0072 * down)
        y = down * (1 - 0.35 * self.pitch * self.pitch) + near * math.sin(self.pitch)
        return self.x + across * loom * self.unit * self.stretch, self.top + y * self.unit

    def scale(self, down: float) -> float:
        """Canvas pixels per body unit at a height."""
        return self.unit * (1 + self.pitch * (0.36 - 0.0072 * down)) * (0.5 + 0.5 * self.stretch)

    def near(self, side: float, ahead: float) -> float:
        """How much nearer to the camera than the body's axis a point is."""
        return ahead * math.cos(self.yaw) - side * math.sin(self.yaw)

    def width(self, front: float, depth: float, down: float) -> float:
        """Canvas half-width of an elliptic section with half-axes `front` and `depth`."""
        return math.hypot(front * math.cos(self.yaw), depth * math.sin(self.yaw)) * self.scale(down) * self.stretch


def make_view(
    rng: random.Random, camera: Camera, height: float, kind: str | None = None, headroom: float = 0.0
) -> View:
    """A view of a person whose height is `height` times the usual; `kind` None draws it from the camera's habits;
    `headroom`: share of the image that an umbrella needs above the crown."""
    kind = kind or choose(rng, camera.views)
    centre, spread = YAW[kind]
    yaw = centre + rng.uniform(-spread, spread)
    if kind == "side" and rng.random() < 0.5:
        yaw = -yaw
    walking = rng.random() < 0.72
    fill = rng.uniform(*camera.fill) * height * (1 - headroom)
    pitch = rng.uniform(*camera.pitch)
    unit = fill * HEIGHT * SCALE / 100
    spare = HEIGHT * SCALE * (1 - fill)
    top = spare * rng.uniform(0.2, 0.8)
    cropped = rng.random()
    if headroom:
        top, cropped = HEIGHT * SCALE * headroom, 1.0
    if cropped < 0.1:
        unit *= rng.uniform(1.12, 1.3)
        top = HEIGHT * SCALE * rng.uniform(0.0, 0.04)
    elif cropped < 0.14:
        unit *= rng.uniform(1.02, 1.1)
        top = -HEIGHT * SCALE * rng.uniform(0.0, 0.05)
    return View(
        kind=kind,
        yaw=yaw,
        phase=rng.uniform(0, 2 * math.pi),
        stride=rng.uniform(0.22, 0.52) if walking else rng.uniform(0.0, 0.1),
        pitch=pitch,
        unit=unit,
        stretch=rng.uniform(0.98, 1.3),
        x=WIDTH * SCALE * (0.5 + rng.gauss(0, 0.035)),
        top=top,
        light=rng.uniform(-1, 1),
    )
