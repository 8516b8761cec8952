"""Pose, framing and light of a photograph."""

import math
import random
from typing import NamedTuple

from glalign.synthetic.domains.domain import Camera, choose
from glalign.synthetic.drawing.canvas import HEIGHT, SCALE, WIDTH, Point

YAW = {"front": (0.0, 0.45), "back": (math.pi, 0.5), "side": (math.pi / 2, 0.38)}


class View(NamedTuple):
    """Pose, framing and light.

    kind: "front", "back" or "side". yaw: angle of the body from facing the camera, radians, positive towards image
    right. phase, stride: of the walk (`make_skeleton`). pitch: of the camera below the horizon, radians. unit: canvas
    pixels per hundredth of a person's height. stretch: aspect error of the crop. x, top: canvas position of the body's
    axis and of the crown. light: direction of the light, -1 (left) to 1 (right).
    """

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
        """Cosine of the yaw: 1 if the person faces the camera, -1 if seen from behind."""
        return math.cos(self.yaw)

    def place(self, side: float, down: float, ahead: float) -> Point:
        """Project a point (towards the left, below the crown, ahead; as in `skeleton`) to the canvas."""
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        across, near = side * cos + ahead * sin, ahead * cos - side * sin
        loom = 1 + self.pitch * (0.36 - 0.0072 * down)
        y = down * (1 - 0.35 * self.pitch * self.pitch) + near * math.sin(self.pitch)
        return self.x + across * loom * self.unit * self.stretch, self.top + y * self.unit

    def scale(self, down: float) -> float:
        """Return canvas pixels per hundredth of the person's height, at a height."""
        return self.unit * (1 + self.pitch * (0.36 - 0.0072 * down)) * (0.5 + 0.5 * self.stretch)

    def near(self, side: float, ahead: float) -> float:
        """Return how much nearer to the camera a point is than the body's axis."""
        return ahead * math.cos(self.yaw) - side * math.sin(self.yaw)

    def width(self, front: float, depth: float, down: float) -> float:
        """Return the half-width on the canvas of an elliptic section with half-axes `front` and `depth`."""
        return math.hypot(front * math.cos(self.yaw), depth * math.sin(self.yaw)) * self.scale(down) * self.stretch


def make_view(
    rng: random.Random, camera: Camera, height: float, kind: str | None = None, headroom: float = 0.0
) -> View:
    """Draw a view.

    height: of the person, as a factor. kind: None draws it by the weights of the camera. headroom: share of the image
    that an umbrella or a hat needs above the crown.
    """
    kind = kind or choose(rng, camera.views)
    centre, spread = YAW[kind]
    yaw = centre + rng.uniform(-spread, spread)
    if kind == "side" and rng.random() < 0.5:
        yaw = -yaw
    walking = rng.random() < 0.72
    fill, high = rng.uniform(*camera.fill) * height * (1 - headroom), HEIGHT * SCALE
    pitch = rng.uniform(*camera.pitch)
    unit, top, cropped = fill * high / 100, high * (1 - fill) * rng.uniform(0.2, 0.8), rng.random()
    if headroom:
        top = high * headroom
    elif cropped < 0.1:
        unit, top = unit * rng.uniform(1.12, 1.3), high * rng.uniform(0.0, 0.04)
    elif cropped < 0.14:
        unit, top = unit * rng.uniform(1.02, 1.1), -high * rng.uniform(0.0, 0.05)
    phase, stride = rng.uniform(0, 2 * math.pi), rng.uniform(0.22, 0.52) if walking else rng.uniform(0.0, 0.1)
    stretch, x = rng.uniform(0.98, 1.3), WIDTH * SCALE * (0.5 + rng.gauss(0, 0.035))
    return View(kind, yaw, phase, stride, pitch, unit, stretch, x, top, rng.uniform(-1, 1))
