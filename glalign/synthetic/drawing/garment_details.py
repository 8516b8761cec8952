"""Drawing of collar, buttons, hood, opening, print, pockets and belt, where the view shows them."""

from glalign.synthetic.domains.palette import tone
from glalign.synthetic.drawing import ao_dai
from glalign.synthetic.drawing.body import BELT, PANTS, Body
from glalign.synthetic.drawing.canvas import Point


def chest(body: Body, side: float, down: float) -> Point:
    """Return the canvas point of a point on the front of the trunk."""
    return body.view.place(side, down, 5.4 - abs(side) * 0.25)


def front_details(body: Body) -> None:
    """Paint the details on the chest, or the collar if the person is seen from behind."""
    if body.view.facing < 0.2:
        collar_behind(body)
        return
    t, canvas, dye = body.traits, body.canvas, body.dyes["upper"]
    label, s = body.torso_label, body.view.scale(25)
    if t["inner"] != "none":
        opening(body)
    elif t["upper"] in ("jacket", "hoodie", "cardigan"):
        canvas.line([chest(body, 0, 17), chest(body, 0, body.hem())], 0.9 * s, tone(dye, 0.6), label)
    if t["upper"] in ("shirt", "polo", "blouse"):
        low = 50 if t["upper"] == "shirt" else 26
        canvas.line([chest(body, 0, 17.5), chest(body, 0, low)], 0.7 * s, tone(dye, 0.68), label)
        for k in range(4 if low > 40 else 2):
            canvas.disc(chest(body, 0, 20 + k * (7.5 if low > 40 else 3)), 0.5 * s, 0.5 * s, tone(dye, 0.45), label)
    neckline(body, s)
    if t["print"] != "none":
        printed(body, s)
    if t["upper"] == "hoodie":
        for side in (-1.2, 1.2):
            canvas.line([chest(body, side, 18), chest(body, side, 25)], 0.5 * s, (220, 220, 216), label)
        pocket = ((-5, 46), (-3.6, 40), (3.6, 40), (5, 46))
        canvas.polygon([chest(body, *corner) for corner in pocket], tone(dye, 0.82), label)


def neckline(body: Body, s: float) -> None:
    """Paint the collar, the rim of the hood or the neckline."""
    t, canvas, dye, label = body.traits, body.canvas, body.dyes["upper"], body.torso_label
    skin = tone(body.dyes["skin"], 0.88)
    if t["upper"] in ("shirt", "polo", "jacket"):
        shade = tone(dye, 1.3) if sum(dye) < 330 else tone(dye, 0.78)
        for e in (-1, 1):
            flap = ((0, 19), (e * 3.6, 15.2), (e * 4.6, 18.4), (e * 2.0, 21))
            canvas.polygon([chest(body, *corner) for corner in flap], shade, label)
    elif t["upper"] == "ao dai":
        ao_dai.closure(body)
    elif t["upper"] == "hoodie":
        canvas.disc(chest(body, 0, 16.2), 4.6 * s, 1.9 * s, tone(dye, 0.7), label)
    elif t["upper"] in ("tank top", "dress", "blouse") and body.woman:
        corners = ((-3.2, 15), (3.2, 15), (0.8, 20.5), (-0.8, 20.5))
        canvas.polygon([chest(body, *corner) for corner in corners], skin, 11)
    elif t["inner"] == "none":
        canvas.disc(chest(body, 0, 16.2), 2.6 * s, 1.5 * s, skin, 11)


def opening(body: Body) -> None:
    """Paint the shirt under an open jacket, with shadows at the lapels."""
    lapel = ((2.6, 16.5), (3.6, 26), (3.0, body.hem() - 1))
    left, right = ([chest(body, e * side, down) for side, down in lapel] for e in (-1, 1))
    body.canvas.polygon(left + right[::-1], body.dyes["inner"], body.torso_label)
    for edge in (left, right):
        body.canvas.line(edge, body.view.scale(30) * 0.9, tone(body.dyes["upper"], 0.62), body.torso_label)


def printed(body: Body, s: float) -> None:
    """Paint the print: a small logo on the left breast, a large picture of two colours, or lines of writing."""
    kind, canvas, label, ink = body.traits["print"], body.canvas, body.torso_label, body.dyes["print"]
    flat = max(0.35, body.view.facing)
    if kind == "logo":
        canvas.disc(chest(body, 3.2, 24.5), 1.6 * s * flat, 1.4 * s, ink, label)
    elif kind == "picture":
        x, y = chest(body, 0, 29.5)
        canvas.disc((x, y), 4.3 * s * flat, 4.6 * s, ink, label)
        canvas.disc((x - 1.2 * s * flat, y - 1.2 * s), 1.7 * s * flat, 1.5 * s, tone(ink, 0.5), label)
        canvas.disc((x + 1.4 * s * flat, y + 1.4 * s), 1.5 * s * flat, 1.3 * s, tone(ink, 1.5), label)
    else:
        for k, (a, b) in enumerate(((-4.6, 4.4), (-3.4, 3.8), (-4.2, 2.4))):
            down = 24.5 + 3.2 * k
            for part in range(3):
                p, q = a + (b - a) * part / 3, a + (b - a) * (part + 0.72) / 3
                canvas.line([chest(body, p, down), chest(body, q, down)], 1.5 * s, ink, label)


def collar_behind(body: Body) -> None:
    """Paint the collar or the hood as seen from behind."""
    t, dye, s = body.traits, body.dyes["upper"], body.view.scale(17)
    if t["upper"] in ("shirt", "polo", "jacket"):
        x, y = body.view.place(0, 15.6, -1.0)
        shade = tone(dye, 1.3) if sum(dye) < 330 else tone(dye, 0.8)
        body.canvas.disc((x, y), body.view.width(4.4, 3.6, 16), 1.3 * s, shade, body.torso_label)
    elif t["upper"] == "hoodie":
        x, y = body.view.place(0, 18.0, -4.0)
        body.canvas.disc((x, y), body.view.width(5.8, 4.4, 18), 3.4 * s, tone(dye, 0.86), body.torso_label)
        body.canvas.disc((x, y - 1.6 * s), body.view.width(4.2, 3.4, 18), 1.6 * s, tone(dye, 0.62), body.torso_label)


def waist(body: Body) -> None:
    """Paint the lower garment between the hem of the upper one and the legs."""
    if body.traits["lower"] in ("skirt", "dress"):
        body.skirt()
        return
    g, top = 0.5 + 0.5 * body.girth, (43.5, 7.6 * body.girth, 5.6 * body.girth, 0.0)
    hips = [(49.0, 8.9 * g, 6.6 * g, -0.3), (53.0, 8.8 * g, 6.4 * g, -0.3), (58.5, 6.6 * g, 4.6 * g, -0.2)]
    body.trunk([top, *hips], body.dyes["lower"], PANTS)


def pockets(body: Body) -> None:
    """Paint the fly and the pockets, which distinguish trousers from a skirt."""
    if body.traits["lower"] in ("skirt", "dress"):
        return
    dark, s = tone(body.dyes["lower"], 0.7), body.view.scale(54)
    ahead = 4.0 if body.view.facing > 0 else -4.0
    body.canvas.line([body.view.place(0, 52.5, ahead), body.view.place(0, 58.5, 0.0)], 0.7 * s, dark, PANTS)
    if body.view.facing < -0.3 and body.traits["lower"] == "jeans":
        for side in (-4.2, 2.0):
            x, y = body.view.place(side, 53.5, -4.4)
            x2, y2 = body.view.place(side + 2.4, 56.4, -4.4)
            body.canvas.draw.rectangle((min(x, x2), y, max(x, x2), max(y, y2)), outline=body.canvas.ink(dark, PANTS))


def belt(body: Body) -> None:
    """Paint the belt."""
    if body.traits["belt"] == "none":
        return
    down = 40.0 if body.traits["lower"] == "dress" else 46.0
    s = body.view.scale(46)
    body.canvas.line([*body.section(down, 8.6 * body.girth, 6.2 * body.girth)], 1.9 * s, body.dyes["belt"], BELT)
    if body.view.facing > 0.3:
        body.canvas.disc(chest(body, 0, down), 1.0 * s, 0.9 * s, (196, 184, 150), BELT)
