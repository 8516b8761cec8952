"""Drawing of the backgrounds of Vietnamese towns: temple, market and parked motorbikes."""

import random

from PIL import ImageDraw

from glalign.synthetic.domains.palette import RGB, tone
from glalign.synthetic.drawing.canvas import HEIGHT, SCALE, WIDTH, Canvas

Pen = ImageDraw.ImageDraw
PAINTS: tuple[RGB, ...] = ((150, 34, 38), (34, 34, 38), (38, 62, 120), (176, 176, 178), (120, 122, 126))


def temple(pen: Pen, rng: random.Random, y0: int, wide: int) -> None:
    """Paint a temple: yellow wall, tiled roof, red pillars before a dark hall."""
    wall = rng.choice(((196, 160, 84), (176, 138, 76), (206, 186, 140)))
    pen.rectangle((0, 0, wide, y0), fill=wall)
    hall, eave = y0 * rng.uniform(0.3, 0.5), y0 * rng.uniform(0.22, 0.4)
    pen.rectangle((0, hall, wide, y0 - 4), fill=(58, 44, 38))
    for k in range(5):
        x = wide * (k + rng.uniform(0.2, 0.5)) / 5
        pen.rectangle((x - 4, eave, x + 4, y0), fill=(128, 46, 36))
    tiles = rng.choice(((116, 66, 48), (92, 70, 60)))
    pen.polygon([(0, eave + 6), (wide, eave), (wide, 0), (0, 0)], fill=tiles)
    for k in range(0, wide, 6):
        pen.line([(k, 0), (k, eave)], fill=tone(tiles, 0.8))


def market(pen: Pen, rng: random.Random, y0: int, wide: int) -> None:
    """Paint market stalls with coloured goods under awnings."""
    pen.rectangle((0, 0, wide, y0), fill=rng.choice(((74, 66, 60), (104, 94, 84))))
    for _ in range(rng.randint(16, 30)):
        x, y, r = rng.uniform(0, wide), rng.uniform(y0 * 0.45, y0), rng.uniform(4, 10)
        goods = rng.choice(((176, 60, 44), (204, 160, 50), (70, 110, 60), (190, 184, 170), (70, 90, 140)))
        pen.rectangle((x - r, y - r, x + r, y + r * 0.6), fill=goods)
    for k in range(2):
        cloth = rng.choice(((150, 40, 40), (40, 84, 130), (58, 110, 70), (196, 188, 160)))
        x, top = wide * k / 2 + rng.uniform(-12, 12), y0 * rng.uniform(0.16, 0.34)
        low = top + y0 * 0.14
        pen.polygon([(x, top), (x + wide * 0.56, top), (x + wide * 0.5, low), (x + 4, low)], fill=cloth)


def parking(pen: Pen, rng: random.Random, y0: int, wide: int) -> None:
    """Paint a wall with a row of parked motorbikes."""
    pen.rectangle((0, 0, wide, y0), fill=rng.choice(((176, 168, 152), (150, 154, 150), (128, 116, 104))))
    x = rng.uniform(-10, 10)
    while x < wide:
        r = rng.uniform(7, 10)
        _bike(pen, (x, float(y0)), r, rng.choice(PAINTS), (34, 34, 36))
        x += 3.4 * r


def motorbike(rng: random.Random, canvas: Canvas) -> None:
    """Paint a parked motorbike before the person's legs."""
    wide, high = WIDTH * SCALE, HEIGHT * SCALE
    r = rng.uniform(0.13, 0.19) * wide
    at = (rng.choice((-0.12, 0.5)) * wide + rng.uniform(-0.06, 0.06) * wide, high * rng.uniform(0.98, 1.06))
    _bike(canvas.draw, at, r, canvas.ink(rng.choice(PAINTS), 0), canvas.ink((30, 30, 32), 0))


def _bike(pen: Pen, at: tuple[float, float], r: float, paint: tuple[int, ...], rubber: tuple[int, ...]) -> None:
    """Paint a motorbike with wheels of radius `r` that stands at `at`."""
    x, y = at
    for dx in (r, 3.3 * r):
        pen.ellipse((x + dx - r, y - 2 * r, x + dx + r, y), outline=rubber, width=max(2, round(r * 0.28)))
    frame = ((0.8, 1.5), (1.5, 2.3), (2.5, 1.3), (3.4, 1.2), (3.0, 0.8), (1.6, 0.7))
    seat = ((1.9, 2.0), (4.0, 2.2), (3.9, 1.7), (2.1, 1.5))
    for corners, fill in ((frame, paint), (seat, rubber)):
        pen.polygon([(x + along * r, y - up * r) for along, up in corners], fill=fill)
    fork = [(x + r, y - r), (x + 1.3 * r, y - 2.9 * r), (x + 0.7 * r, y - 3.1 * r)]
    pen.line(fork, fill=rubber, width=max(1, round(r * 0.2)))
