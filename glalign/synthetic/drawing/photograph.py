"""The photograph of a person with its true label map and its nuisance parameters, from one named random stream."""

import io
import random
from typing import Any, NamedTuple

import numpy as np

from glalign.storage.image_files import decode
from glalign.support.random_streams import seed_for
from glalign.synthetic.domains.domain import Domain, choose
from glalign.synthetic.drawing.camera import expose
from glalign.synthetic.drawing.canvas import SCALE, Canvas
from glalign.synthetic.drawing.crowd import paint_bystander, paint_passer_by
from glalign.synthetic.drawing.figure import paint_person
from glalign.synthetic.drawing.scene import cast_shadow, make_background, occlude
from glalign.synthetic.drawing.views import View, make_view
from glalign.synthetic.people.identity import Person


class Photograph(NamedTuple):
    """One photograph.

    jpeg: bytes of the file. labels: (128, 64) uint8, the 18 ATR labels. view: pose and framing. held: object in the
    hand. nuisance: parameters of camera and surroundings, on which no fact may depend.
    """

    jpeg: bytes
    labels: np.ndarray
    view: View
    held: str
    nuisance: dict[str, Any]

    @property
    def pixels(self) -> np.ndarray:
        """Decoded pixels of the file, (128, 64, 3) uint8."""
        return decode(io.BytesIO(self.jpeg), lambda image: np.asarray(image.convert("RGB")), "photograph")


def photograph(
    domain: Domain, person: Person, seed: int, population: str, index: int, kind: str | None = None
) -> Photograph:
    """Take the `index`-th photograph of a person. kind: of the view, None: random. It depends on its arguments only."""
    stream = seed_for(seed, "photograph", domain.name, population, person.number, index)
    rng, noise = random.Random(stream), np.random.Generator(np.random.PCG64(stream))
    camera = domain.camera
    headroom = 0.05 if person.traits["hat"] == "conical hat" else 0.0
    headroom = 0.15 if person.traits["umbrella"] != "none" else headroom
    view = make_view(rng, camera, person.size[1], kind, headroom)
    place = choose(rng, camera.backgrounds)
    backdrop = make_background(rng, place)
    x, y = view.place(0, 97, 0)
    cast_shadow(backdrop, (x / SCALE, y / SCALE), 2.2 * view.scale(97) / SCALE, view.light)
    canvas = Canvas(backdrop, view.light)
    bystander = rng.random() < camera.crowded
    people = int(bystander) + (rng.randint(0, camera.crowd) if camera.crowd else 0)
    for _ in range(people):
        paint_bystander(rng, canvas, domain, view)
    held = person.traits["held"] if rng.random() < 0.85 else "none"
    paint_person(canvas, person, view, held)
    passer = camera.passers > 0 and rng.random() < camera.passers
    if passer:
        paint_passer_by(rng, canvas, domain, view)
    occluder = occlude(rng, canvas, camera.occluders) if rng.random() < camera.occluded else "none"
    image, labels = canvas.finish()
    jpeg, nuisance = expose(rng, noise, camera, image, labels)
    nuisance |= {"background": place, "bystander": bystander, "occluder": occluder}
    if camera.crowd or camera.passers:
        nuisance |= {"people": people, "passer": passer}
    nuisance |= {k: round(getattr(view, k), 4) for k in ("yaw", "stride", "pitch", "stretch", "light")}
    return Photograph(jpeg, labels, view, held, nuisance)
