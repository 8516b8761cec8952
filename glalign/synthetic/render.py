"""One person, one moment, one camera: the photograph, its true label map, its nuisance, all from one named stream."""

import io
import math
import random
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from glalign.seeds import seed_for
from glalign.synthetic.camera import expose
from glalign.synthetic.canvas import HEIGHT, SCALE, WIDTH, Canvas
from glalign.synthetic.figure import paint_person
from glalign.synthetic.palette import choose
from glalign.synthetic.people import Person, make_person
from glalign.synthetic.scene import cast_shadow, make_background, occlude
from glalign.synthetic.setting import Domain
from glalign.synthetic.views import View, make_view


@dataclass(frozen=True)
class Photograph:
    """jpeg: the file's bytes. labels: (128, 64) uint8, the 18 ATR labels. view: pose and framing. held: what the hand
    holds in this view. nuisance: what a fact must not depend on."""

    jpeg: bytes
    labels: np.ndarray
    view: View
    held: str
    nuisance: dict[str, Any]

    @property
    def pixels(self) -> np.ndarray:
        """(128, 64, 3) uint8, as a reader of the file sees them."""
        return np.asarray(Image.open(io.BytesIO(self.jpeg)).convert("RGB"))


def photograph(
    domain: Domain, person: Person, seed: int, population: str, index: int, kind: str | None = None
) -> Photograph:
    """The `index`-th photograph of a person; depends on its own arguments only."""
    stream = seed_for(seed, "photograph", domain.name, population, person.number, index)
    rng, noise = random.Random(stream), np.random.Generator(np.random.PCG64(stream))
    camera = domain.camera
    view = make_view(rng, camera, person.size[1], kind, headroom=0.15 if person.traits["umbrella"] != "none" else 0.0)
    place = choose(rng, camera.backgrounds)
    backdrop = make_background(rng, place)
    x, y = view.place(0, 97, 0)
    cast_shadow(backdrop, (x / SCALE, y / SCALE), 2.2 * view.scale(97) / SCALE, view.light)
    canvas = Canvas(backdrop, view.light)
    bystander = rng.random() < camera.crowded
    if bystander:
        _bystander(rng, canvas, domain, view)
    held = person.traits["held"] if rng.random() < 0.85 else "none"
    paint_person(canvas, person, view, held)
    occluder = occlude(rng, canvas) if rng.random() < camera.occluded else "none"
    image, labels = canvas.develop()
    jpeg, nuisance = expose(rng, noise, camera, image, labels)
    nuisance |= {"background": place, "bystander": bystander, "occluder": occluder}
    nuisance |= {k: round(getattr(view, k), 4) for k in ("yaw", "stride", "pitch", "stretch", "light")}
    return Photograph(jpeg, labels, view, held, nuisance)


def _bystander(rng: random.Random, canvas: Canvas, domain: Domain, view: View) -> None:
    """Someone else further back or at the edge; background in the label map."""
    other = make_person(domain, rng.getrandbits(62), "bystanders", 1)
    their = make_view(rng, domain.camera, other.size[1])
    near = rng.random() < 0.4
    shrink = rng.uniform(0.9, 1.05) if near else rng.uniform(0.45, 0.75)
    aside = rng.choice((-1, 1)) * WIDTH * SCALE * (rng.uniform(0.4, 0.56) if near else rng.uniform(0.25, 0.5))
    fields = {**their.__dict__, "unit": their.unit * shrink, "x": view.x + aside}
    fields["top"] = view.top + (1 - shrink) * HEIGHT * SCALE * 0.3
    fields["yaw"] = their.yaw + rng.uniform(-math.pi, math.pi) * 0.1
    canvas.silent = True
    paint_person(canvas, other, View(**fields), "none")
    canvas.silent = False
