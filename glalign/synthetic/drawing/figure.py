"""A person is painted from far to near: what the trunk hides, the trunk and its clothes, what hides the trunk."""

from dataclasses import dataclass

from glalign.synthetic.drawing import details, head, items, tunic
from glalign.synthetic.drawing.body import Body
from glalign.synthetic.drawing.canvas import Canvas
from glalign.synthetic.drawing.skeleton import make_skeleton
from glalign.synthetic.drawing.views import View
from glalign.synthetic.people.identity import Person

ELBOW = {"phone": 1.9, "book": 1.35, "bottle": 1.2, "umbrella": 2.0}
"""Bend of the arm that holds the thing, radians."""


@dataclass(frozen=True)
class _Burden:
    """Which hand holds what. hands: things in the (left, right) hand, "none" where empty; bag: the hand that carries
    a bag, or None; umbrella: the hand that holds one, or None."""

    hands: tuple[str, str]
    bag: int | None
    umbrella: int | None


def paint_person(canvas: Canvas, person: Person, view: View, held: str) -> None:
    """Paint a whole person with `held` ("none", phone, book or bottle) in the hand away from the bag."""
    traits = person.traits
    side = 0 if items.bag_side(person) > 0 else 1
    busy = 1 - side
    raised, hands = [0.0, 0.0], ["none", "none"]
    hands[busy] = held
    holding = "umbrella" if traits["umbrella"] != "none" else held
    raised[busy] = ELBOW.get(holding, 0.0)
    bones = make_skeleton(traits["sex"] == "woman", person.size[0], view.phase, view.stride, (raised[0], raised[1]))
    body = Body(canvas, person, view, bones)
    burden = _Burden(
        (hands[0], hands[1]),
        side if traits["bag"] in ("handbag", "plastic bag") else None,
        busy if traits["umbrella"] != "none" else None,
    )
    _behind(body, burden)
    _trunk(body, burden)
    _before(body, burden)


def _behind(body: Body, burden: _Burden) -> None:
    bag = body.traits["bag"]
    if body.towards:
        head.back_hair(body)
        if bag == "backpack":
            items.backpack(body)
    elif burden.umbrella is not None:
        items.umbrella(body, burden.umbrella)
    if bag in ("shoulder bag", "messenger bag"):
        items.side_bag(body, behind=True)
    _arm(body, body.far_first[0], burden)


def _trunk(body: Body, burden: _Burden) -> None:
    robed = body.traits["upper"] == "ao dai"
    if robed:
        tunic.panels(body, behind=True)
    depth = [body.view.near(joint[0], joint[2]) for joint in body.bones.ankle]
    for i in sorted((0, 1), key=lambda i: depth[i]):
        body.leg(i)
    details.waist(body)
    details.pockets(body)
    head.neck(body)
    hem = 46.0 if body.traits["upper"] == "dress" else body.hem()
    body.trunk(body.levels(hem), body.dyes["upper"], body.torso_label)
    if robed:
        tunic.panels(body, behind=False)
        tunic.collar(body)
    details.belt(body)
    if body.frontal:
        _arm(body, body.far_first[1], burden)
    body.pattern()
    details.front_details(body)
    head.scarf(body)


def _before(body: Body, burden: _Burden) -> None:
    bag = body.traits["bag"]
    if bag == "backpack":
        items.backpack_straps(body)
        if not body.towards:
            items.backpack(body)
    if bag in ("shoulder bag", "messenger bag"):
        items.side_bag(body, behind=False)
    if not body.towards:
        head.back_hair(body)
    head.head(body)
    if not body.frontal:
        _arm(body, body.far_first[1], burden)
        body.pattern()
    if burden.umbrella is not None and body.towards:
        items.umbrella(body, burden.umbrella)


def _arm(body: Body, i: int, burden: _Burden) -> None:
    if burden.bag == i:
        items.hand_bag(body, i)
    body.arm(i)
    if burden.hands[i] != "none":
        items.held(body, i, burden.hands[i])
