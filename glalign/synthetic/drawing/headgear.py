"""Drawing of caps, hats, the helmet and the face mask.

ATR has no label for a mask; it is labelled Face, as a parser trained on ATR would label it.
"""

import math

from glalign.synthetic.domains.palette import tone
from glalign.synthetic.drawing.body import Body
from glalign.synthetic.drawing.canvas import Point

HAT, FACE = 1, 11


def conical(body: Body, centre: Point, rx: float, ry: float) -> None:
    """Paint a conical hat of palm leaves, as wide as the shoulders; its rim widens with the camera's pitch."""
    view, canvas, dye = body.view, body.canvas, body.dyes["hat"]
    x, y = centre[0], centre[1] - ry * 0.2
    wide = 10.5 * view.scale(5) * (0.5 + 0.5 * view.stretch)
    open_ = wide * (0.12 + 0.34 * math.sin(view.pitch))
    apex = (x, y - ry * 1.25 * math.cos(view.pitch * 0.8))
    canvas.disc((x, y), wide, open_, tone(dye, 0.94), HAT)
    canvas.polygon([apex, (x - wide, y), (x + wide, y)], dye, HAT)
    dark = wide if canvas.light < 0 else -wide
    shade = [apex, (x + dark, y), (x + dark * 0.72, y + open_ * 0.69), (x + dark * 0.2, y + open_ * 0.98)]
    canvas.polygon(shade, tone(dye, 0.82), HAT)
    for share in (0.45, 0.72):  # rings of the frame
        across, drop = wide * share, (y - apex[1]) * share
        box = (x - across, apex[1] + drop - open_ * share, x + across, apex[1] + drop + open_ * share)
        canvas.draw.arc(box, 8, 172, fill=canvas.ink(tone(dye, 0.7), HAT), width=max(1, round(0.4 * view.scale(5))))
    rim, ink = (x - wide, y - open_, x + wide, y + open_), canvas.ink(tone(dye, 0.62), HAT)
    canvas.draw.arc(rim, 2, 178, fill=ink, width=max(1, round(0.7 * view.scale(5))))


def hat(body: Body, centre: Point, rx: float, ry: float) -> None:
    """Paint a cap with a visor or a hat with a brim."""
    view, canvas, dye = body.view, body.canvas, body.dyes["hat"]
    x, y = centre
    s, sin, cos = view.scale(7), math.sin(view.yaw), view.facing
    dome = (x - rx * 1.1, y - ry * 1.16, x + rx * 1.1, y + ry * 0.52)
    canvas.draw.pieslice(dome, 180, 360, fill=canvas.ink(dye, HAT))
    rim = y - ry * 0.3
    if body.traits["hat"] == "hat":
        canvas.disc((x, rim), rx * 1.75, ry * 0.26, tone(dye, 0.85), HAT)
    elif cos > -0.3:
        wide = rx * (0.5 + 0.4 * max(0.0, cos))
        canvas.disc((x + sin * rx * 0.95, rim + 0.3 * s), wide, ry * 0.2, tone(dye, 0.75), HAT)


def helmet(body: Body, centre: Point, rx: float, ry: float) -> None:
    """Paint a helmet with a highlight, a short peak and a chin strap."""
    view, canvas, dye = body.view, body.canvas, body.dyes["hat"]
    x, y = centre
    s, sin, cos = view.scale(7), math.sin(view.yaw), view.facing
    if cos > -0.2:
        ear = x - sin * rx * 0.5
        canvas.line([(ear - cos * rx * 0.8, y), (x + sin * rx * 0.4, y + ry * 0.92)], 0.5 * s, (40, 40, 44), FACE)
    box = (x - rx * 1.3, y - ry * 1.3, x + rx * 1.3, y + ry * 0.95)
    canvas.draw.chord(box, 186, 354, fill=canvas.ink(dye, HAT))
    rim = y - ry * 0.28
    canvas.bar(x, rim, rx * 1.26, 1.0 * s, tone(dye, 0.62), HAT)
    canvas.disc((x + canvas.light * rx * 0.5, y - ry * 0.85), rx * 0.34, ry * 0.2, tone(dye, 1.6), HAT)
    if cos > -0.3:
        wide = rx * (0.45 + 0.5 * max(0.0, cos))
        canvas.disc((x + sin * rx * 1.1, rim + 0.6 * s), wide, ry * 0.16, tone(dye, 0.7), HAT)


def bucket(body: Body, centre: Point, rx: float, ry: float) -> None:
    """Paint a bucket hat."""
    canvas, dye = body.canvas, body.dyes["hat"]
    x, y = centre
    top, rim, low = y - ry * 1.12, y - ry * 0.42, y - ry * 0.02
    ring, brim = rx * 1.08, rx * 1.5
    canvas.polygon([(x - rx * 0.86, top), (x + rx * 0.86, top), (x + ring, rim), (x - ring, rim)], dye, HAT)
    canvas.disc((x, top), rx * 0.86, ry * 0.13, tone(dye, 1.12), HAT)
    canvas.polygon([(x - ring, rim), (x + ring, rim), (x + brim, low), (x - brim, low)], tone(dye, 0.86), HAT)
    canvas.disc((x, low), brim, ry * 0.12, tone(dye, 0.8), HAT)
    canvas.bar(x, rim, rx * 1.06, 0.6 * body.view.scale(7), tone(dye, 0.6), HAT)


def mask(body: Body, centre: Point, rx: float, ry: float) -> None:
    """Paint a pleated mask from the nose to below the chin, with a band to the ear."""
    view, canvas, dye = body.view, body.canvas, body.dyes["mask"]
    s, sin, cos = view.scale(7), math.sin(view.yaw), max(0.0, view.facing)
    half = rx * (0.82 * cos + 0.6 * (1 - cos))
    x = centre[0] + sin * 2.5 * s + math.copysign(0.5 * s * abs(sin), sin)
    top, low = centre[1] + 1.3 * s, centre[1] + ry
    canvas.polygon([(x - half, top), (x + half, top), (x + half * 0.94, low - 1.4 * s), (x + half * 0.45, low),
                    (x - half * 0.45, low), (x - half * 0.94, low - 1.4 * s)], dye, FACE)  # fmt: skip
    for k in (0.35, 0.65):
        y = top + (low - top) * k
        canvas.bar(x, y, half * 0.86, 0.4 * s, tone(dye, 0.78), FACE)
    if abs(sin) > 0.4:
        ear = (centre[0] - sin * 0.9 * s, centre[1] + 0.7 * s)
        canvas.line([(x - math.copysign(half, sin), top + 0.6 * s), ear], 0.5 * s, tone(dye, 0.9), FACE)


HEADGEAR = {"cap": hat, "hat": hat, "conical hat": conical, "helmet": helmet, "bucket hat": bucket}
