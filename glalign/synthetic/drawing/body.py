"""Drawing of legs, feet, trunk and arms with their garments."""

import math

from PIL import Image, ImageDraw

from glalign.synthetic.domains.palette import RGB, tone
from glalign.synthetic.drawing.canvas import HEIGHT, SCALE, WIDTH, Canvas, Point
from glalign.synthetic.drawing.skeleton import Joint, Skeleton
from glalign.synthetic.drawing.views import View
from glalign.synthetic.people.identity import Person

UPPER, SKIRT, PANTS, DRESS, BELT, SHOES, LEGS, ARMS = 4, 5, 6, 7, 8, (9, 10), (12, 13), (14, 15)
CUT = {"long": 1.0, "capri": 0.72, "knee": 0.46, "short": 0.24}
HEM = {"short": 64.0, "knee": 73.0, "long": 90.0, "capri": 80.0}


def along(a: Joint, b: Joint, share: float) -> Joint:
    """Return the point at `share` (0..1) of the way from a to b."""
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share


class Body:
    """Paints the parts of one person in one view; the caller paints far parts first (`figure.paint_person`)."""

    def __init__(self, canvas: Canvas, person: Person, view: View, bones: Skeleton) -> None:
        self.canvas, self.person, self.view, self.bones = canvas, person, view, bones
        self.traits, self.dyes = person.traits, person.dyes
        self.girth = person.size[0]
        self.woman = self.traits["sex"] == "woman"
        self.torso_label = DRESS if self.traits["upper"] in ("dress", "ao dai") else UPPER
        self.towards = view.facing > 0.15
        self.frontal = abs(view.facing) > 0.6
        self.far_first = sorted((0, 1), key=lambda i: view.near(bones.shoulder[i][0], 0.0))

    def at(self, joint: Joint) -> Point:
        """Return the canvas point of a joint."""
        return self.view.place(*joint)

    def limb(self, a: Joint, b: Joint, ra: float, rb: float, rgb: RGB, label: int, cut: bool = False) -> None:
        """Paint a limb between two joints, as `Canvas.limb`."""
        self.canvas.limb(self.at(a), self.at(b), ra, rb, rgb, label, cut)

    def leg(self, i: int) -> None:
        """Paint leg `i` (0: left): skin, then sock and shoe, then the trouser leg."""
        t, hip, knee, ankle = self.traits, self.bones.hip[i], self.bones.knee[i], self.bones.ankle[i]
        far = 0.86 if i == self.far_first[0] and abs(self.view.facing) < 0.8 else 1.0
        skin = tone(self.dyes["skin"], far * 0.95)
        g = (0.6 + 0.4 * self.girth) * self.view.scale(70)
        trousers = t["lower"] not in ("skirt", "dress")
        bare = g * (0.78 if trousers and t["lower_length"] == "capri" else 1.0)
        if not trousers or t["lower_length"] != "long":
            calf = along(knee, ankle, 0.35)
            for a, b, ra, rb in ((hip, knee, 4.6, 3.2), (knee, calf, 3.0, 3.1), (calf, ankle, 3.1, 1.7)):
                self.limb(a, b, ra * bare, rb * bare, skin, LEGS[i])
        self.foot(i, skin, far)
        if trousers:
            self.trouser(i, far, g)

    def trouser(self, i: int, far: float, g: float) -> None:
        """Paint the trouser leg `i`. far: brightness factor. g: scale of widths."""
        t, hip, knee, ankle = self.traits, self.bones.hip[i], self.bones.knee[i], self.bones.ankle[i]
        dye = tone(self.dyes["lower"], far)
        loose = {"leggings": 0.84, "jeans": 1.0, "pants": 1.08, "shorts": 1.25}[t["lower"]]
        loose *= 0.92 if self.woman and t["lower"] != "shorts" else 1.0
        loose *= 1.5 if t["upper"] == "ao dai" else 1.0
        cut = CUT[t["lower_length"]]
        if cut <= 0.5:
            self.limb(hip, along(hip, knee, cut / 0.5), 5.2 * g * loose, 4.5 * g * loose, dye, PANTS, cut=True)
            return
        end = along(knee, ankle, (cut - 0.5) / 0.5 * 0.99)
        self.limb(hip, knee, 5.1 * g * loose, 3.6 * g * loose, dye, PANTS)
        self.limb(knee, end, 3.6 * g * loose, 2.7 * g * loose, dye, PANTS, cut=True)
        if t["lower"] in ("pants", "jeans"):  # folds behind the knee and above the shoe
            for joint, wide in ((knee, 2.6), (along(knee, end, 0.85), 2.0)):
                x, y = self.at(joint)
                self.canvas.line([(x - wide * g, y), (x + wide * g, y + g)], g * 0.6, tone(dye, 0.72), PANTS)

    def foot(self, i: int, skin: RGB, far: float) -> None:
        """Paint foot `i` with its shoe and sock."""
        t, knee, ankle = self.traits, self.bones.knee[i], self.bones.ankle[i]
        lift = math.atan2(knee[2] - ankle[2], ankle[1] - knee[1])  # a trailing shin points the toes down
        s = self.view.scale(95)
        heel = (ankle[0], ankle[1] + 2.4, ankle[2] - 1.6)
        toe = (ankle[0] * 1.12, ankle[1] + 2.9 + 2.6 * max(0.0, lift), ankle[2] + 6.6 - 1.4 * max(0.0, lift))
        a, b = self.at(heel), self.at(toe)
        kind, label, dye = t["shoes"], SHOES[i], tone(self.dyes["shoes"], far)
        if t["socks"] != "none":
            self.limb(along(ankle, knee, 0.22), ankle, 2.2 * s, 1.9 * s, tone(self.dyes["socks"], far), label)
        if kind in ("sandals", "flip-flops"):
            self.canvas.limb(a, b, 1.6 * s, 1.7 * s, skin, label)
            self.canvas.line([(a[0], a[1] + 1.5 * s), (b[0], b[1] + 1.5 * s)], 1.0 * s, dye, label)
            middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
            self.canvas.line([(middle[0] - 1.6 * s, middle[1]), (b[0] + 0.6 * s, b[1])], 0.9 * s, dye, label)
            if kind == "sandals":
                self.canvas.bar(a[0], a[1] - s, 1.4 * s, 0.9 * s, dye, label)
            return
        if kind == "boots":
            self.limb(along(ankle, knee, 0.4), ankle, 3.0 * s, 2.4 * s, dye, label)
        if kind in ("flats", "heels"):
            self.canvas.limb(a, b, 1.5 * s, 1.5 * s, skin, label)
            a, b = (a[0], a[1] + 0.7 * s), (b[0], b[1] + 0.5 * s)
            if kind == "heels":
                self.canvas.line([a, (a[0], a[1] + 2.2 * s)], 0.9 * s, dye, label)
        wide = {"sneakers": 2.3, "dress shoes": 1.9, "boots": 2.1}.get(kind, 1.4)
        self.canvas.limb(a, b, wide * s, wide * 0.88 * s, dye, label)
        if t["sole"] == "white":
            down = wide * 0.75 * s
            self.canvas.line([(a[0], a[1] + down), (b[0], b[1] + down)], 1.1 * s, (214, 214, 210), label)

    def section(self, down: float, front: float, depth: float, ahead: float = 0.0) -> tuple[Point, Point]:
        """Return the left and the right point of the trunk's outline at a height."""
        x, y = self.view.place(0.0, down, ahead)
        half = self.view.width(front, depth, down)
        return (x - half, y), (x + half, y)

    def levels(self, hem: float) -> list[tuple[float, float, float, float]]:
        """Return (down, half width, half depth, ahead) of sections of the trunk from the neck to the hem."""
        g, w = self.girth, self.woman
        h = 0.5 + 0.5 * g
        fits = {"hoodie": 1.08, "jacket": 1.1, "sweater": 1.05, "tank top": 0.94, "ao dai": 0.9}
        loose = fits.get(self.traits["upper"], 1.0)
        belly = 1.2 * max(0.0, g - 1) * 4
        rows = [
            (14.6, 2.9, 3.0, 0.0),
            (16.2, (5.2 if w else 6.0) * h, 4.2, 0.0),
            (17.6, (8.6 if w else 10.0) * h, 5.0 * h, 0.1),
            (20.0, (9.6 if w else 11.2) * h, 5.8 * h, 0.2),
            (27.0, (8.8 if w else 10.3) * h * loose, (7.2 if w else 6.6) * h, 0.8 if w else 0.3),
            (38.0, (7.5 if w else 9.1) * g * loose, 5.9 * g, 0.2 + belly),
            (46.0, (8.8 if w else 9.2) * g * loose, 6.6 * g, belly * 0.7),
            (52.0, (9.6 if w else 9.2) * g * loose, 6.8 * g, 0.0),
        ]
        return [r for r in rows if r[0] < hem] + [(hem, rows[-1][1] * 1.0, rows[-1][2], 0.0)]

    def trunk(self, levels: list[tuple[float, float, float, float]], rgb: RGB, label: int) -> None:
        """Paint the outline through `levels`, with a shadow on the side away from the light."""
        rows = [self.section(*level) for level in levels]
        left, right = [r[0] for r in rows], [r[1] for r in rows]
        self.canvas.polygon(left + right[::-1], rgb, label)
        dark, towards = (right, left) if self.canvas.light < 0 else (left, right)
        for share, factor in ((0.3, 0.88), (0.14, 0.76)):
            inner = [(d[0] + (t[0] - d[0]) * share, d[1]) for d, t in zip(dark, towards, strict=True)]
            self.canvas.polygon(dark[1:] + inner[:0:-1], tone(rgb, factor), label)

    def hem(self) -> float:
        """Return the height at which the upper garment ends, in hundredths of the person's height below the crown."""
        if self.traits["belt"] != "none":
            return 46.0  # tucked in
        hems = {"jacket": 53.0, "hoodie": 53.0, "cardigan": 57.0, "tank top": 50.0, "ao dai": 48.0}
        return hems.get(self.traits["upper"], 51.5)

    def skirt(self) -> None:
        """Paint the skirt or the lower part of the dress."""
        length, g = self.traits["lower_length"], self.girth
        flare = {"short": 1.2, "knee": 1.32, "long": 1.3, "capri": 1.3}[length]
        ends = (HEM[length], 9.6 * g * flare, 7.6 * g * flare + 5.0 * self.view.stride, 0.0)
        levels = [(43.0, 8.0 * g, 6.0 * g, 0.0), (50.0, 9.8 * g, 7.4 * g, 0.0), ends]
        item, label = ("upper", DRESS) if self.traits["lower"] == "dress" else ("lower", SKIRT)
        dye = self.dyes[item]
        self.trunk(levels, dye, label)
        for x in (-0.45, 0.1, 0.55):  # pleats
            sections = [self.section(*level) for level in levels[1:]]
            pleat = [((left + right) / 2 + x * (right - left) / 2, y) for (left, y), (right, _) in sections]
            self.canvas.line(pleat, self.view.scale(60) * 0.8, tone(dye, 0.84), label)

    def arm(self, i: int) -> None:
        """Paint arm `i` (0: left): skin, hand, sleeve and watch."""
        t, shoulder, elbow, hand = self.traits, self.bones.shoulder[i], self.bones.elbow[i], self.bones.hand[i]
        far = 0.84 if i == self.far_first[0] and abs(self.view.facing) < 0.75 else 0.97
        skin, cloth = tone(self.dyes["skin"], far), tone(self.dyes["upper"], far)
        g = (0.5 + 0.5 * self.girth) * (0.9 if self.woman else 1.0) * self.view.scale(30)
        if t["sleeve"] != "long":
            self.limb(shoulder, elbow, 2.5 * g, 2.0 * g, skin, ARMS[i])
            self.limb(elbow, hand, 2.0 * g, 1.4 * g, skin, ARMS[i])
        self.canvas.disc(self.at(along(elbow, hand, 1.08)), 1.9 * g, 2.2 * g, skin, ARMS[i])
        bulk = 1.2 if t["upper"] in ("jacket", "hoodie") else 1.0
        if t["sleeve"] == "short":
            self.limb(shoulder, along(shoulder, elbow, 0.72), 2.9 * g, 3.1 * g, cloth, self.torso_label, cut=True)
        elif t["sleeve"] == "long":
            self.limb(shoulder, elbow, 2.9 * g * bulk, 2.6 * g * bulk, cloth, self.torso_label)
            self.limb(elbow, along(elbow, hand, 0.93), 2.6 * g * bulk, 2.0 * g * bulk, cloth, self.torso_label)
        if t["watch"] != "none" and i == 0 and t["sleeve"] != "long":
            self.canvas.disc(self.at(along(elbow, hand, 0.9)), 1.9 * g, 1.0 * g, (32, 32, 34), ARMS[i])

    def pattern(self) -> None:
        """Paint the pattern on all pixels with the label of the upper garment."""
        kind = self.traits["upper_pattern"]
        if kind == "plain":
            return
        wide, high, strong, s = WIDTH * SCALE, HEIGHT * SCALE, 235, self.view.scale(35)
        stencil = Image.new("L", (wide, high), 0)
        pen = ImageDraw.Draw(stencil)
        x0, y0 = self.view.place(0, 15, 0)
        if kind in ("striped", "plaid"):
            step = (4.6 if kind == "striped" else 5.4) * s
            for k in range(int(high / step) + 1):
                pen.line([(0, y0 + k * step), (wide, y0 + k * step)], fill=strong, width=max(2, round(step * 0.42)))
        if kind == "plaid":
            step = 5.0 * s
            for k in range(-8, 9):
                pen.line([(x0 + k * step, 0), (x0 + k * step, high)], fill=190, width=max(2, round(step * 0.36)))
        if kind in ("dotted", "floral"):
            step, r = (4.2 * s, 1.0 * s) if kind == "dotted" else (5.4 * s, 1.9 * s)
            for row in range(int(high / step) + 1):
                for k in range(-6, 7):
                    x, y = x0 + (k + 0.5 * (row % 2)) * step, y0 + row * step
                    wobble = r * (0.7 + 0.5 * ((row * 7 + k * 3) % 3) / 2) if kind == "floral" else r
                    pen.ellipse((x - wobble, y - wobble, x + wobble, y + wobble * 0.9), fill=strong)
        self.canvas.print_pattern(self.torso_label, stencil, self.dyes["second"])
