"""Drawing of other people in the image; they are background in the label map."""

import math
import random

from glalign.synthetic.domains.domain import Domain
from glalign.synthetic.drawing.canvas import HEIGHT, SCALE, WIDTH, Canvas
from glalign.synthetic.drawing.figure import paint_person
from glalign.synthetic.drawing.views import View, make_view
from glalign.synthetic.people.identity import Person, make_person


def paint_bystander(rng: random.Random, canvas: Canvas, domain: Domain, view: View) -> None:
    """Paint someone further back or at the edge of the image; call before the person is painted."""
    other = make_person(domain, rng.getrandbits(62), "bystanders", 1)
    their = make_view(rng, domain.camera, other.size[1])
    near = rng.random() < 0.4
    shrink = rng.uniform(0.9, 1.05) if near else rng.uniform(0.45, 0.75)
    aside = rng.choice((-1, 1)) * WIDTH * SCALE * (rng.uniform(0.4, 0.56) if near else rng.uniform(0.25, 0.5))
    top, yaw = view.top + (1 - shrink) * HEIGHT * SCALE * 0.3, their.yaw + rng.uniform(-math.pi, math.pi) * 0.1
    _paint_unlabelled(canvas, other, their._replace(unit=their.unit * shrink, x=view.x + aside, top=top, yaw=yaw))


def paint_passer_by(rng: random.Random, canvas: Canvas, domain: Domain, view: View) -> None:
    """Paint someone nearer to the camera, cut off by a side of the image; call after the person is painted."""
    other = make_person(domain, rng.getrandbits(62), "passers", 1)
    their = make_view(rng, domain.camera, other.size[1])
    aside = rng.choice((-1, 1)) * WIDTH * SCALE * rng.uniform(0.4, 0.56)
    unit, top = view.unit * rng.uniform(1.0, 1.3), view.top + HEIGHT * SCALE * rng.uniform(0.06, 0.4)
    _paint_unlabelled(canvas, other, their._replace(unit=unit, x=WIDTH * SCALE / 2 + aside, top=top))


def _paint_unlabelled(canvas: Canvas, person: Person, view: View) -> None:
    canvas.unlabelled = True
    paint_person(canvas, person, view, "none")
    canvas.unlabelled = False
