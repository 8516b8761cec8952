"""Drawing of the background, the person's shadow and occluders between the person and the camera."""

import random

from PIL import Image, ImageDraw, ImageFilter

from glalign.synthetic.domains.palette import RGB, tone
from glalign.synthetic.drawing.canvas import HEIGHT, SCALE, WIDTH, Canvas, Point
from glalign.synthetic.drawing.town_backgrounds import market, motorbike, parking, temple

GROUNDS: dict[str, tuple[RGB, ...]] = {
    "pavement": ((150, 146, 140), (134, 128, 124), (160, 152, 146)),
    "asphalt": ((104, 104, 106), (124, 124, 126), (88, 90, 92)), "grass": ((146, 144, 138), (128, 126, 118)),
    "shop": ((146, 142, 136), (168, 160, 150)), "fence": ((124, 122, 120), (142, 138, 134)),
    "campus": ((150, 140, 130), (128, 126, 126)), "indoor": ((176, 170, 160), (150, 142, 128), (196, 190, 182)),
    "plain": ((140, 140, 140), (176, 172, 164), (112, 110, 104)),
    "temple": ((168, 150, 128), (150, 130, 112), (178, 166, 148)), "market": ((122, 116, 110), (144, 134, 122)),
    "parking": ((130, 130, 132), (150, 146, 142)),
}  # fmt: skip
Pen = ImageDraw.ImageDraw
FINE = 2
"""Backgrounds are painted at twice the final resolution; they are out of focus, so people have a higher one."""


def _grain(image: Image.Image, rng: random.Random, strength: int) -> Image.Image:
    """Add grey noise to a background."""
    wide, high = image.size
    noise = Image.frombytes("L", (wide, high), rng.randbytes(wide * high))
    return Image.blend(image, Image.merge("RGB", (noise, noise, noise)), strength / 255)


def _tiles(pen: Pen, rng: random.Random, ground: RGB, y0: int, wide: int, high: int) -> None:
    line = tone(ground, rng.uniform(0.72, 0.9))
    step, y = rng.uniform(5, 9), float(y0)
    vanish = wide / 2 + rng.uniform(-60, 60)
    while y < high:
        pen.line([(0, y), (wide, y + rng.uniform(-1, 1))], fill=line)
        y += step
        step *= 1.13
    for k in range(-14, 15):
        x = vanish + k * wide * 0.2
        pen.line([(vanish + (x - vanish) * 0.45, y0), (x, high)], fill=line)


def _trees(pen: Pen, rng: random.Random, y0: int, wide: int) -> None:
    for _ in range(rng.randint(10, 22)):
        x, y, r = rng.uniform(0, wide), rng.uniform(-8, y0), rng.uniform(8, 24)
        green = rng.choice(((58, 84, 48), (76, 100, 56), (44, 62, 42), (96, 112, 70)))
        pen.ellipse((x - r, y - r * 0.8, x + r, y + r * 0.8), fill=green)


def _shop(pen: Pen, rng: random.Random, y0: int, wide: int) -> None:
    pen.rectangle((0, 0, wide, y0), fill=rng.choice(((54, 52, 54), (96, 90, 84), (170, 162, 150), (30, 30, 34))))
    x = rng.uniform(-30, 10)
    while x < wide:
        w = rng.uniform(22, 46)
        glass = rng.choice(((60, 70, 80), (128, 134, 136), (38, 40, 44), (180, 176, 160)))
        top, low = rng.uniform(4, 20), y0 - rng.uniform(2, 12)
        pen.rectangle((x, top, x + w, max(top, low)), fill=glass)  # a far wall is lower than a pane's upper edge
        for _ in range(3):
            gx, gy = x + rng.uniform(0, w), rng.uniform(14, max(16, y0 - 10))
            shade = rng.choice(((150, 60, 50), (200, 190, 150), (70, 90, 130), (40, 44, 48)))
            pen.rectangle((gx, gy, gx + rng.uniform(3, 12), gy + rng.uniform(3, 16)), fill=shade)
        x += w + rng.uniform(4, 10)
    pen.rectangle((0, 0, wide, rng.uniform(6, 26)), fill=rng.choice(((140, 36, 40), (40, 70, 120), (190, 184, 170))))


def _fence(pen: Pen, rng: random.Random, y0: int, wide: int) -> None:
    pen.rectangle((0, 0, wide, y0), fill=rng.choice(((120, 122, 122), (148, 146, 140), (84, 90, 84))))
    if rng.random() < 0.5:
        _trees(pen, rng, y0, wide)
    rail = rng.choice(((44, 44, 46), (190, 190, 188), (70, 60, 54)))
    top, low, tilt = y0 - rng.uniform(40, 70), y0 + rng.uniform(2, 12), rng.uniform(-22, 22)
    for h in (top, top + 8, low - 6):
        pen.line([(0, h - tilt), (wide, h + tilt)], fill=rail, width=2)
    gap = rng.uniform(7, 14)
    for k in range(int(wide / gap) + 1):
        lean = tilt * (2 * k * gap / wide - 1)
        pen.line([(k * gap, top + lean), (k * gap, low + lean)], fill=rail, width=rng.choice((1, 2)))


def _campus(pen: Pen, rng: random.Random, y0: int, wide: int) -> None:
    pen.rectangle((0, 0, wide, y0), fill=rng.choice(((136, 126, 116), (164, 158, 150), (110, 96, 88))))
    for k in range(3):
        pen.rectangle((k * 46 - 6, 10, k * 46 + 20, y0 * 0.55), fill=(72, 82, 92))
    for _ in range(rng.randint(2, 5)):  # parked bicycles
        x, r = rng.uniform(0, wide), rng.uniform(8, 13)
        for dx in (0, 2.3 * r):
            pen.ellipse((x + dx - r, y0 - r, x + dx + r, y0 + r), outline=(46, 46, 50), width=2)
        pen.line([(x, y0), (x + r, y0 - r * 1.2), (x + 2.3 * r, y0), (x + r * 0.8, y0)], fill=(90, 50, 50), width=2)


def _indoor(pen: Pen, rng: random.Random, y0: int, wide: int) -> None:
    wall = rng.choice(((198, 192, 178), (170, 176, 178), (214, 208, 196), (140, 132, 120)))
    pen.rectangle((0, 0, wide, y0), fill=wall)
    for _ in range(rng.randint(1, 3)):
        x, w = rng.uniform(-10, wide), rng.uniform(12, 34)
        pen.rectangle((x, rng.uniform(-10, 10), x + w, y0), fill=tone(wall, rng.uniform(0.5, 0.85)))
    pen.line([(0, y0), (wide, y0)], fill=tone(wall, 0.5), width=3)


BEHIND = {"shop": _shop, "fence": _fence, "campus": _campus, "indoor": _indoor, "pavement": _trees, "asphalt": _fence,
          "temple": temple, "market": market, "parking": parking}  # fmt: skip


def make_background(rng: random.Random, kind: str) -> Image.Image:
    """Draw a background of 64 x 128 (RGB). kind: a key of GROUNDS."""
    wide, high = WIDTH * FINE, HEIGHT * FINE
    ground = tone(rng.choice(GROUNDS[kind]), rng.uniform(0.85, 1.1))
    image = Image.new("RGB", (wide, high), ground)
    pen = ImageDraw.Draw(image)
    y0 = int(high * rng.uniform(0.12, 0.55)) if rng.random() < 0.75 else 0
    if kind in ("pavement", "shop", "campus", "fence", "temple", "market") or (kind == "indoor" and rng.random() < 0.5):
        _tiles(pen, rng, ground, y0, wide, high)
    if kind == "asphalt" and rng.random() < 0.6:  # kerb or painted line
        x = rng.uniform(-40, wide)
        kerb = [(x, y0), (x + rng.uniform(-70, 110), high)]
        pen.line(kerb, fill=rng.choice(((200, 200, 196), (158, 156, 150))), width=5)
    if kind == "grass":
        lawn = rng.choice(((92, 112, 66), (112, 124, 84), (78, 94, 60)))
        edge = high * rng.uniform(0.25, 0.7)
        pen.polygon([(0, 0), (wide, 0), (wide, edge + rng.uniform(-30, 30)), (0, edge)], fill=lawn)
        if rng.random() < 0.6:
            _trees(pen, rng, int(edge * 0.6), wide)
    if y0 and kind in BEHIND and (kind not in ("pavement", "asphalt") or rng.random() < 0.5):
        BEHIND[kind](pen, rng, y0, wide)
    if rng.random() < 0.35:  # shadow of a building
        x = rng.uniform(0, wide)
        shade = Image.new("L", (wide, high), 0)
        corners = [(x, 0), (wide * 2, 0), (wide * 2, high), (x + rng.uniform(-60, 60), high)]
        ImageDraw.Draw(shade).polygon(corners, fill=90)
        image.paste((20, 22, 30), (0, 0), shade)
    return _grain(image.reduce(FINE), rng, {"asphalt": 40, "grass": 26}.get(kind, 18))


def cast_shadow(backdrop: Image.Image, feet: Point, size: float, reach: float) -> None:
    """Paint a soft shadow at `feet` (final pixels), `size` pixels high, longer on the side of `reach` (-1..1)."""
    x, y = feet
    mask = Image.new("L", (WIDTH, HEIGHT), 0)
    box = (x - size * (2.7 - 2.2 * min(0.0, reach)), y - size, x + size * (2.7 + 2.2 * max(0.0, reach)), y + 1.2 * size)
    ImageDraw.Draw(mask).ellipse(box, fill=120)
    backdrop.paste((22, 22, 26), (0, 0), mask.filter(ImageFilter.BoxBlur(3)))


def occlude(rng: random.Random, canvas: Canvas, kinds: tuple[str, ...]) -> str:
    """Paint one of `kinds` (rail, bush, pole, bollard, motorbike) before the person, with label 0; return its name."""
    wide, high = WIDTH * SCALE, HEIGHT * SCALE
    kind = rng.choice(kinds)
    if kind == "motorbike":
        motorbike(rng, canvas)
    elif kind == "rail":
        y, tilt = rng.uniform(0.55, 0.85) * high, rng.uniform(-0.2, 0.2) * high
        metal = rng.choice(((190, 192, 190), (70, 72, 76), (120, 116, 104)))
        for drop in (0, 0.09 * high):
            canvas.line([(0, y - tilt + drop), (wide, y + tilt + drop)], 7, metal, 0)
    elif kind == "bush":
        x = rng.choice((0.0, 0.5, 1.0)) * wide
        for _ in range(16):
            green = rng.choice(((64, 92, 50), (86, 112, 60), (48, 70, 42)))
            centre = (x + rng.gauss(0, 0.22) * wide, high * rng.uniform(0.88, 1.02))
            canvas.disc(centre, rng.uniform(12, 26), rng.uniform(8, 22), green, 0)
    elif kind == "pole":
        x = wide * rng.choice((rng.uniform(0.06, 0.26), rng.uniform(0.74, 0.94)))
        metal = rng.choice(((96, 98, 102), (176, 174, 168), (60, 70, 62)))
        canvas.line([(x, 0), (x, high)], rng.uniform(8, 16), metal, 0)
        canvas.line([(x + 3, 0), (x + 3, high)], 3, tone(metal, 0.7), 0)
    else:
        x, top = wide * rng.uniform(0.15, 0.85), high * rng.uniform(0.72, 0.88)
        canvas.draw.rectangle((x - 16, top, x + 16, high), fill=canvas.ink((150, 60, 50), 0))
        canvas.box(x, top, 16, -14, 24, (206, 204, 198), 0)
    return kind
