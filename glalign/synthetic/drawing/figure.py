"""Drawing of a whole person: first the parts behind the trunk, then the trunk, last the parts in front of it."""

from typing import NamedTuple

from glalign.synthetic.drawing import ao_dai, carried_items, garment_details, head
from glalign.synthetic.drawing.body import Body
from glalign.synthetic.drawing.canvas import Canvas
from glalign.synthetic.drawing.skeleton import make_skeleton
from glalign.synthetic.drawing.views import View
from glalign.synthetic.people.identity import Person

ELBOW = {"phone": 1.9, "book": 1.35, "bottle": 1.2, "umbrella": 2.0}
"""Angle of the elbow of the arm that holds the object, radians."""


class _Carried(NamedTuple):
    """The object in the hand `busy` (0: left, 1: right), and the hands that carry bag and umbrella, or None."""

    held: str
    busy: int
    bag: int | None
    umbrella: int | None


def paint_person(canvas: Canvas, person: Person, view: View, held: str) -> None:
    """Paint a person with `held` ("none", "phone", "book" or "bottle") in the hand opposite to the bag."""
    traits = person.traits
    side = 0 if carried_items.bag_side(person) > 0 else 1
    busy, covered = 1 - side, traits["umbrella"] != "none"
    angle = ELBOW.get("umbrella" if covered else held, 0.0)
    raised = (0.0, angle) if busy else (angle, 0.0)
    bones = make_skeleton(traits["sex"] == "woman", person.size[0], view.phase, view.stride, raised)
    body = Body(canvas, person, view, bones)
    bag = side if traits["bag"] in ("handbag", "plastic bag") else None
    carried = _Carried(held, busy, bag, busy if covered else None)
    _behind(body, carried)
    _trunk(body, carried)
    _before(body, carried)


def _behind(body: Body, carried: _Carried) -> None:
    bag = body.traits["bag"]
    if body.towards:
        head.back_hair(body)
        if bag == "backpack":
            carried_items.backpack(body)
    elif carried.umbrella is not None:
        carried_items.umbrella(body, carried.umbrella)
    if bag in ("shoulder bag", "messenger bag"):
        carried_items.side_bag(body, behind=True)
    _arm(body, body.far_first[0], carried)


def _trunk(body: Body, carried: _Carried) -> None:
    robed = body.traits["upper"] == "ao dai"
    if robed:
        ao_dai.panels(body, behind=True)
    ankles = body.bones.ankle
    for i in sorted((0, 1), key=lambda i: body.view.near(ankles[i][0], ankles[i][2])):
        body.leg(i)
    garment_details.waist(body)
    garment_details.pockets(body)
    head.neck(body)
    hem = 46.0 if body.traits["upper"] == "dress" else body.hem()
    body.trunk(body.levels(hem), body.dyes["upper"], body.torso_label)
    if robed:
        ao_dai.panels(body, behind=False)
        ao_dai.collar(body)
    garment_details.belt(body)
    if body.frontal:
        _arm(body, body.far_first[1], carried)
    body.pattern()
    garment_details.front_details(body)
    head.scarf(body)


def _before(body: Body, carried: _Carried) -> None:
    bag = body.traits["bag"]
    if bag == "backpack":
        carried_items.backpack_straps(body)
        if not body.towards:
            carried_items.backpack(body)
    if bag in ("shoulder bag", "messenger bag"):
        carried_items.side_bag(body, behind=False)
    if not body.towards:
        head.back_hair(body)
    head.head(body)
    if not body.frontal:
        _arm(body, body.far_first[1], carried)
        body.pattern()
    if carried.umbrella is not None and body.towards:
        carried_items.umbrella(body, carried.umbrella)


def _arm(body: Body, i: int, carried: _Carried) -> None:
    if carried.bag == i:
        carried_items.hand_bag(body, i)
    body.arm(i)
    if carried.busy == i and carried.held != "none":
        carried_items.held(body, i, carried.held)
