"""Drawing of the áo dài, a tight tunic with two panels, split from the waist, over long trousers.

The ATR labels have no such garment: the tunic is labelled Dress, the trousers Pants.
"""

from glalign.synthetic.domains.palette import tone
from glalign.synthetic.drawing.body import DRESS, Body
from glalign.synthetic.drawing.canvas import Point

PANEL = ((44.0, 7.2, 5.2), (50.0, 7.8, 6.4), (60.0, 6.4, 6.6), (74.0, 6.2, 7.2), (86.0, 6.8, 8.0))
"""(down, half width, distance from the body's axis) of a panel, from the waist to the hem."""
WRAP = 0.4
"""Distance of a panel's edges from the body's axis, as a share of the panel's: they bend round the hips."""


def panels(body: Body, behind: bool) -> None:
    """Paint the panels behind the legs (`behind`; call before the legs) or those in front of them."""
    for ahead in sorted((1.0, -1.0), key=lambda side: side * body.view.facing):
        if (ahead * body.view.facing < -0.3) is behind:
            _panel(body, ahead)


def _panel(body: Body, ahead: float) -> None:
    view, dye, girth = body.view, body.dyes["upper"], 0.4 + 0.6 * body.girth
    rows: list[list[Point]] = []
    for down, half, depth in PANEL:
        swing = 6.0 * view.stride * max(0.0, down - 55) / 32
        far, near = ahead * (depth * girth + swing), ahead * (depth * girth * WRAP + swing)
        edges = ((-half * girth, down, near), (half * girth, down, near), (0.0, down, far))
        rows.append([body.at(edge) for edge in edges])
    left, right = [min(row) for row in rows], [max(row) for row in rows]
    body.canvas.polygon(left + right[::-1], dye, DRESS)
    s = view.scale(60)
    for k in (0.32, 0.62):  # soft folds from the waist
        fold = [(a[0] + (b[0] - a[0]) * (k + drift), a[1]) for (a, b), drift in
                zip(zip(left, right, strict=True), (0.0, 0.0, 0.02, 0.05, 0.08), strict=True)]  # fmt: skip
        body.canvas.line(fold, 0.7 * s, tone(dye, 0.86), DRESS)
    shadow = right if body.canvas.light < 0 else left
    body.canvas.line(shadow, 1.0 * s, tone(dye, 0.74), DRESS)
    body.canvas.line([left[-1], right[-1]], 0.8 * s, tone(dye, 0.8), DRESS)


def collar(body: Body) -> None:
    """Paint the high collar."""
    view, dye = body.view, body.dyes["upper"]
    a, b = view.place(0, 14.0, 0.4), view.place(0, 16.4, 0.4)
    body.canvas.limb(a, b, view.width(3.2, 3.0, 14), view.width(3.9, 3.4, 16), tone(dye, 0.92), DRESS, cut=True)
    s = view.scale(14)
    body.canvas.bar(a[0], a[1] - s, view.width(3.0, 2.8, 14), 0.7 * s, tone(dye, 0.66), DRESS)


def closure(body: Body) -> None:
    """Paint the buttoned edge from the collar to the right armpit."""
    view, dye = body.view, tone(body.dyes["upper"], 0.66)
    edge = [view.place(0, 16.6, 5.0), view.place(-4.4, 19.6, 4.8), view.place(-7.6, 25.5, 2.4)]
    body.canvas.line(edge, 0.7 * view.scale(20), dye, DRESS)
