"""Drawing of a whole person from far to near: what is behind the trunk, the trunk, what is before it."""

from dataclasses import dataclass

from glalign.synthetic.drawing import ao_dai, carried_items, garment_details, head
from glalign.synthetic.drawing.body import Body
from glalign.synthetic.drawing.canvas import Canvas
from glalign.synthetic.drawing.skeleton import make_skeleton
from glalign.synthetic.drawing.views import View
from glalign.synthetic.people.identity import Person

ELBOW = {"phone": 1.9, "book": 1.35, "bottle": 1.2, "umbrella": 2.0}
"""Angle of the elbow of the arm that holds the object, radians."""


@dataclass(frozen=True)
class _Carried:
    """Objects in the hands, 0 the left and 1 the right one.

    hands: object in each hand, or "none". bag, umbrella: the hand that carries it, or None.
    """

    hands: tuple[str, str]
    bag: int | None
    umbrella: int | None


def paint_person(canvas: Canvas, person: Person, view: View, held: str) -> None:
    """Paint a person with `held` ("none", "phone", "book" or "bottle") in the hand opposite to the bag."""
    traits = person.traits
    side = 0 if carried_items.bag_side(person) > 0 else 1
    busy = 1 - side
    raised, hands = [0.0, 0.0], ["none", "none"]
    hands[busy] = held
    holding = "umbrella" if traits["umbrella"] != "none" else held
    raised[busy] = ELBOW.get(holding, 0.0)
    bones = make_skeleton(traits["sex"] == "woman", person.size[0], view.phase, view.stride, (raised[0], raised[1]))
    body = Body(canvas, person, view, bones)
    carried = _Carried(
        (hands[0], hands[1]),
        side if traits["bag"] in ("handbag", "plastic bag") else None,
        busy if traits["umbrella"] != "none" else None,
    )
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
    depth = [body.view.near(joint[0], joint[2]) for joint in body.bones.ankle]
    for i in sorted((0, 1), key=lambda i: depth[i]):
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
    if carried.hands[i] != "none":
        carried_items.held(body, i, carried.hands[i])
