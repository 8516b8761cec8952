"""Drawing of bags, umbrella and objects in the hand; their positions are three-dimensional, so all views agree."""

from glalign.synthetic.domains.palette import RGB, tone
from glalign.synthetic.drawing.body import Body, along
from glalign.synthetic.drawing.canvas import Point
from glalign.synthetic.people.identity import Person

BAG = 16
NONE = 0


def _sack(body: Body, corners: list[Point], dye: RGB) -> None:
    """Paint the body of a bag with a shadow on its lower half."""
    body.canvas.polygon(corners, dye, BAG)
    x, y = (sum(axis) / len(corners) for axis in zip(*corners, strict=True))
    low = [((p[0] - x) * 0.86 + x, p[1] if p[1] > y else y + (p[1] - y) * 0.1) for p in corners]
    body.canvas.polygon(low, tone(dye, 0.78), BAG)


def backpack(body: Body) -> None:
    """Paint the backpack without straps; call before the trunk if the person faces the camera, else after it."""
    v, dye, s = body.view, body.dyes["bag"], body.view.scale(30)
    x, top = v.place(0, 18.0, -8.7)
    low, half = v.place(0, 42.0, -8.7)[1], v.width(7.8, 4.7, 30)
    rows = [(0.62, 0.0), (0.92, 0.1), (1.0, 0.3), (1.04, 0.7), (1.0, 0.93), (0.8, 1.0)]
    left = [(x - half * w, top + (low - top) * h) for w, h in rows]
    right = [(x + half * w, top + (low - top) * h) for w, h in rows]
    body.canvas.polygon(left + right[::-1], dye, BAG)
    dark = right if body.canvas.light < 0 else left
    body.canvas.polygon([*dark, *[(x + (p[0] - x) * 0.6, p[1]) for p in dark[::-1]]], tone(dye, 0.8), BAG)
    if v.facing < 0.3:
        pocket = top + (low - top) * 0.56
        body.canvas.bar(x, pocket, half * 0.7, 0.9 * s, tone(dye, 0.55), BAG)
        body.canvas.bar(x, top + 4 * s, half * 0.6, 0.6 * s, tone(dye, 1.35), BAG)
        body.canvas.bar(x, top - s, half * 0.2, 0.9 * s, tone(dye, 0.7), BAG)


def backpack_straps(body: Body) -> None:
    """Paint the backpack's straps on the chest."""
    v, dye = body.view, tone(body.dyes["bag"], 0.88)
    for e in (-1, 1):
        if v.near(e * 6.0, 4.0) < -4.0:
            continue
        points = [v.place(e * 5.6, 16.0, 0.0), v.place(e * 6.2, 20.0, 4.6), v.place(e * 6.6, 28.0, 5.4),
                  v.place(e * 8.6, 34.0, 1.0)]  # fmt: skip
        body.canvas.line(points, 2.1 * v.scale(24), dye, BAG)


def side_bag(body: Body, behind: bool) -> None:
    """Paint a shoulder bag or messenger bag. behind: the part that the trunk hides (call before the trunk)."""
    kind, v, dye = body.traits["bag"], body.view, body.dyes["bag"]
    e = bag_side(body.person)
    across = kind == "messenger bag"
    down, high = (41.0, 13.0) if across else (36.0, 12.0)
    hip = (e * (10.6 * (0.5 + 0.5 * body.girth)), down, -0.5)
    hidden = v.near(hip[0], hip[2]) < -3.0
    if hidden is behind:
        x, y = v.place(*hip)
        half, drop = v.width(4.2, 6.6, 40), high / 2 * v.scale(40)
        wide = half * 1.1
        _sack(body, [(x - half, y - drop), (x + half, y - drop), (x + wide, y + drop), (x - wide, y + drop)], dye)
        body.canvas.bar(x, y - drop * 0.1, half, 0.8 * v.scale(40), tone(dye, 0.55), BAG)
    if behind:
        return
    ahead = 5.2 if v.facing > 0 else -5.2
    strap = [(e * 7.6, 16.4, 0.0), (e * 9.0, 24.0, ahead * 0.7), (hip[0], down - 5, ahead * 0.4)]
    if across:
        shoulder = -e * 6.0
        strap = [(shoulder, 16.2, 0.0), ((shoulder + hip[0]) / 2, 27.0, ahead), (hip[0], down - 5, ahead * 0.3)]
    if abs(v.facing) > 0.35 or not hidden:
        body.canvas.line([body.at(joint) for joint in strap], 1.5 * v.scale(28), tone(dye, 0.85), BAG)


def bag_side(person: Person) -> int:
    """Return the side of the bag, 1: left, -1: right; `make_person` records it as "bag_side"."""
    return 1 if person.number % 2 else -1


def hand_bag(body: Body, i: int) -> None:
    """Paint a handbag or plastic bag in hand `i`."""
    v, dye, s = body.view, body.dyes["bag"], body.view.scale(50)
    x, y = body.at(along(body.bones.elbow[i], body.bones.hand[i], 1.1))
    if body.traits["bag"] == "handbag":
        half, drop, handle = v.width(3.2, 5.6, 50), 8.5 * s, 3.4 * s
        strap = [(x - half * 0.6, y + handle), (x, y), (x + half * 0.6, y + handle)]
        body.canvas.line(strap, 0.9 * s, tone(dye, 0.7), BAG)
        _sack(body, [(x - half * 0.85, y + handle), (x + half * 0.85, y + handle), (x + half, y + handle + drop),
                     (x - half, y + handle + drop)], dye)  # fmt: skip
        return
    half, drop = v.width(4.0, 4.6, 50), 13.0 * s
    _sack(body, [(x - s, y), (x + s, y), (x + half, y + drop * 0.45), (x + half * 1.1, y + drop * 0.9),
                 (x + half * 0.5, y + drop), (x - half * 0.7, y + drop), (x - half * 1.1, y + drop * 0.8),
                 (x - half, y + drop * 0.4)], dye)  # fmt: skip
    body.canvas.line([(x - half * 0.4, y + drop * 0.3), (x - half * 0.2, y + drop * 0.8)], 0.6 * s, tone(dye, 0.8), BAG)


def held(body: Body, i: int, thing: str) -> None:
    """Paint a phone, book or bottle in hand `i`; ATR has no label for them."""
    x, y = body.at(along(body.bones.elbow[i], body.bones.hand[i], 1.12))
    s = body.view.scale(30)
    if thing == "phone":
        body.canvas.box(x, y, 1.3 * s, 2.4 * s, 1.8 * s, (22, 22, 26), NONE)
        body.canvas.box(x, y, 0.7 * s, 1.8 * s, 1.0 * s, (120, 140, 160), NONE)
    elif thing == "book":
        wide = 3.4 * s * (0.55 + 0.45 * abs(body.view.facing))
        body.canvas.box(x, y, wide, 3.2 * s, 3.6 * s, (222, 218, 206), NONE)
        body.canvas.line([(x - wide, y - 3.2 * s), (x - wide, y + 3.6 * s)], s, (70, 90, 140), NONE)
    else:
        body.canvas.line([(x, y - 4.4 * s), (x, y + 3.4 * s)], 2.5 * s, (176, 200, 214), NONE)
        body.canvas.line([(x, y - 5.4 * s), (x, y - 4.2 * s)], 1.6 * s, (60, 110, 180), NONE)


def umbrella(body: Body, i: int) -> None:
    """Paint an open umbrella above the head, held in hand `i`; ATR has no label for it."""
    v, dye, canvas = body.view, body.dyes["umbrella"], body.canvas
    x, y = body.at(body.bones.hand[i])
    s = v.scale(5)
    cx, cy = v.place(0, 0, 2.0)
    cx = (cx + x) / 2
    canvas.line([(x, y), (cx, cy - 3 * s)], 0.9 * s, (60, 60, 64), NONE)
    rx, ry = 19 * s, 10 * s
    dome = (cx - rx, cy - ry * 1.05, cx + rx, cy + ry * 0.95)
    canvas.draw.pieslice(dome, 180, 360, fill=canvas.ink(dye, NONE))
    for k in (-0.6, -0.2, 0.25, 0.65):
        canvas.line([(cx, cy - ry), (cx + k * rx, cy)], 0.6 * s, tone(dye, 0.72), NONE)
    dark = (180, 240) if canvas.light > 0 else (300, 360)
    canvas.draw.pieslice(dome, *dark, fill=canvas.ink(tone(dye, 0.8), NONE))
