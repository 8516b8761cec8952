"""Drawing of hair, face, glasses and scarf; the position of the face depends on the angle of the body."""

import math

from glalign.synthetic.domains.palette import tone
from glalign.synthetic.drawing.body import Body
from glalign.synthetic.drawing.canvas import Point
from glalign.synthetic.drawing.headgear import HEADGEAR, mask

HAIR, GLASSES, FACE, SCARF = 2, 3, 11, 17
CENTRE = 7.0


def neck(body: Body) -> None:
    """Paint the neck, which has the label Face."""
    s = body.view.scale(13)
    a, b = body.view.place(0, 11, 0), body.view.place(0, 16.4, 0.4)
    wide = (2.2 if body.woman else 2.7) * (0.7 + 0.3 * body.girth) * s
    body.canvas.limb(a, b, wide, wide * 1.15, tone(body.dyes["skin"], 0.84), FACE)


def back_hair(body: Body) -> None:
    """Paint loose hair on the shoulders; call before the trunk if the person faces the camera."""
    if body.traits["hair_length"] not in ("long", "medium") or body.traits["hair_style"] != "loose":
        return
    s, dye = body.view.scale(15), body.dyes["hair"]
    end = 27.0 if body.traits["hair_length"] == "long" else 17.5
    top, low = body.view.place(0, CENTRE + 1, -0.8), body.view.place(0, end, -3.4)
    half = body.view.width(5.2, 3.4, 15)
    body.canvas.polygon(
        [(top[0] - half * 0.95, top[1]), (top[0] + half * 0.95, top[1]), (low[0] + half * 1.05, low[1] - 3 * s),
         (low[0] + half * 0.6, low[1]), (low[0] - half * 0.6, low[1]), (low[0] - half * 1.05, low[1] - 3 * s)],
        dye, HAIR)  # fmt: skip
    for x in (-0.5, 0.0, 0.45):
        strand = [(top[0] + x * half, top[1]), (low[0] + x * half, low[1] - 2 * s)]
        body.canvas.line(strand, 0.5 * s, tone(dye, 1.22 if x else 1.12), HAIR)


def head(body: Body) -> None:
    """Paint the head and everything on it."""
    t, view, canvas, dye, skin = body.traits, body.view, body.canvas, body.dyes["hair"], body.dyes["skin"]
    cos, sin, s = view.facing, math.sin(view.yaw), view.scale(7)
    centre = view.place(0, CENTRE, 0.6)
    rx = (4.7 * abs(cos) + 5.5 * abs(sin)) / math.hypot(cos, sin) * s * (0.85 + 0.15 * body.girth)
    ry = 6.9 * s
    bald = t["hair_length"] == "bald"
    cropped = t["hair_length"] == "short" and not body.woman
    if bald or cropped:
        canvas.disc(centre, rx * 0.94, ry, tone(skin, 0.9), FACE)
    if not bald:
        low = 0.42 - 0.34 * cos if cropped else 1.0  # the nape and the temples are bare
        box = (centre[0] - rx, centre[1] - ry, centre[0] + rx, centre[1] + ry)
        dip = math.degrees(math.asin(low))
        canvas.draw.chord(box, 180 - dip, 360 + dip, fill=canvas.ink(dye, HAIR))
    if cos > -0.5:
        face(body, centre, rx, ry, s)
        if t.get("mask", "none") != "none":
            mask(body, centre, rx, ry)
    if not bald:
        crown(body, centre, rx, ry, s)
    if t["hair_style"] == "ponytail" and cos < 0.75:
        tail(body, s)
    if t["hair_style"] == "bun":
        canvas.disc(view.place(0, 1.2, -3.4), 2.5 * s, 2.3 * s, tone(dye, 1.08), HAIR)
    if t["hat"] != "none":
        HEADGEAR[t["hat"]](body, centre, rx, ry)


def face(body: Body, centre: Point, rx: float, ry: float, s: float) -> None:
    """Paint skin, ear, brows, eyes, mouth and glasses on the side of the head that faces ahead."""
    t, view, canvas, skin = body.traits, body.view, body.canvas, body.dyes["skin"]
    cos, sin = view.facing, math.sin(view.yaw)
    low = 0.6 * s * (1 + view.pitch)
    half = rx * (0.86 * max(0.0, cos) + 0.56 * (1 - max(0.0, cos)))
    middle = (centre[0] + sin * 2.5 * s, centre[1] + low + 0.4 * s)
    canvas.disc(middle, half, ry * 0.86, skin, FACE)
    canvas.disc((middle[0], middle[1] + ry * 0.42), half * 0.72, ry * 0.5, tone(skin, 0.95), FACE)
    if abs(sin) > 0.55:  # ear and the nose's profile
        canvas.disc((centre[0] - sin * 0.9 * s, centre[1] + 0.7 * s), 0.9 * s, 1.4 * s, tone(skin, 0.84), FACE)
        canvas.disc((middle[0] + math.copysign(half, sin), centre[1] + 1.2 * s), 0.8 * s, 0.7 * s, skin, FACE)
    eye_y = centre[1] + 0.3 * s + low * 0.8
    dark = tone(skin, 0.34)
    depth = math.sqrt(1 - 0.16)
    for e in (-1.0, 1.0):
        across = (e * 0.42 * cos + depth * sin) * rx * 0.92
        if e * -sin * 0.42 + depth * cos < 0.1:
            continue
        eye = (centre[0] + across, eye_y)
        if t["glasses"] == "sunglasses":
            canvas.disc(eye, 1.6 * s, 1.2 * s, (24, 24, 26), GLASSES)
            continue
        canvas.disc(eye, 0.72 * s, 0.5 * s, dark, FACE)
        canvas.bar(eye[0], eye_y - 1.2 * s, 0.9 * s, 0.5 * s, tone(body.dyes["hair"], 1.0), FACE)
        if t["glasses"] == "glasses":
            x, y, r = eye[0], eye_y + 0.1 * s, 1.55 * s
            canvas.draw.ellipse((x - r, y - 0.85 * r, x + r, y + 0.85 * r), outline=canvas.ink((28, 28, 32), GLASSES),
                                width=max(1, round(0.6 * s)))  # fmt: skip
    if t["glasses"] != "none":
        front, ear = centre[0] + sin * rx * 0.8, centre[0] - sin * 0.8 * s
        if abs(sin) > 0.3:
            canvas.line([(front, eye_y - 0.2 * s), (ear, eye_y)], 0.7 * s, (28, 28, 32), GLASSES)
        else:
            canvas.bar(centre[0] + sin * rx, eye_y, s, 0.6 * s, (28, 28, 32), GLASSES)
    mouth = (centre[0] + sin * rx * 0.78, centre[1] + 3.7 * s + low * 0.6)
    lips = tone((164, 74, 74), 0.95) if body.woman else tone(skin, 0.66)
    canvas.bar(*mouth, 1.1 * s, 0.6 * s, lips, FACE)
    nose = [(mouth[0] - 0.2 * s, mouth[1] - 1.9 * s), (mouth[0] + 0.5 * s, mouth[1] - 1.8 * s)]
    canvas.line(nose, 0.5 * s, tone(skin, 0.75), FACE)


def crown(body: Body, centre: Point, rx: float, ry: float, s: float) -> None:
    """Paint the hair over the forehead and, if long, at the temples."""
    view, canvas, dye = body.view, body.canvas, body.dyes["hair"]
    cos, sin = view.facing, math.sin(view.yaw)
    x, y = centre
    if cos > -0.5:
        line = y - ry * (0.28 if body.traits["hair_length"] == "short" and not body.woman else 0.18)
        dome = (x - rx * 1.04, y - ry * 1.04, x + rx * 1.04, y + ry * 0.6)
        canvas.draw.pieslice(dome, 180, 360, fill=canvas.ink(dye, HAIR))
        fringe = [(x - rx, line), (x + sin * rx * 0.5, line - 0.7 * s), (x + rx, line), (x + rx * 0.7, line + 0.8 * s),
                  (x + sin * rx * 0.6 + 0.4 * rx, line + 0.2 * s), (x - rx * 0.75, line + 0.9 * s)]  # fmt: skip
        canvas.polygon(fringe, dye, HAIR)
    if body.traits["hair_length"] in ("long", "medium") and body.traits["hair_style"] == "loose":
        drop = y + (ry * 1.9 if body.traits["hair_length"] == "long" else ry * 1.0)
        for e in (-1.0, 1.0):
            if e * sin > 0.6 and cos > -0.5:
                continue  # the side that the face looks to
            edge = x + e * rx * 0.98
            canvas.polygon([(edge - e * 1.9 * s, y - ry * 0.5), (edge + e * 0.3 * s, y - ry * 0.4),
                            (edge + e * 0.8 * s, drop), (edge - e * 1.5 * s, drop)], dye, HAIR)  # fmt: skip
    canvas.disc((x + canvas.light * rx * 0.35, y - ry * 0.6), rx * 0.34, ry * 0.16, tone(dye, 1.2), HAIR)


def tail(body: Body, s: float) -> None:
    """Paint the ponytail."""
    view, dye = body.view, body.dyes["hair"]
    end = 21.0 if body.traits["hair_length"] == "long" else 16.5
    root, bend, tip = view.place(0, 5.4, -4.6), view.place(0, 10.5, -7.4), view.place(0, end, -6.2)
    body.canvas.limb(root, bend, 1.5 * s, 2.0 * s, tone(dye, 1.12), HAIR)
    body.canvas.limb(bend, tip, 2.0 * s, 0.9 * s, tone(dye, 1.05), HAIR)
    body.canvas.disc(root, 1.1 * s, 0.9 * s, (150, 60, 80), HAIR)


def scarf(body: Body) -> None:
    """Paint the scarf, if there is one."""
    if body.traits["scarf"] == "none":
        return
    s, dye = body.view.scale(16), body.dyes["scarf"]
    x, y = body.view.place(0, 15.4, 0.8)
    body.canvas.disc((x, y), body.view.width(5.0, 4.4, 15), 2.3 * s, dye, SCARF)
    body.canvas.disc((x, y - 0.4 * s), body.view.width(4.2, 3.8, 15), 0.8 * s, tone(dye, 0.75), SCARF)
    if body.view.facing > 0.1:
        a, b = body.view.place(1.6, 16.5, 5.0), body.view.place(2.2, 29.0, 6.4)
        body.canvas.limb(a, b, 1.7 * s, 1.8 * s, dye, SCARF)
