"""A Vietnamese speaker chooses what to mention and says it in clauses, each a verb with its thing."""

import random
from collections.abc import Mapping

from glalign.synthetic.captions import words_vi as words
from glalign.synthetic.captions.phrases_vi import Describer
from glalign.synthetic.domains.setting import Domain

PACES = {
    "walking": ("đang đi bộ", "đang bước đi", "đang đi trên đường", "đang đi lại", "đang bước về phía trước"),
    "standing": ("đang đứng", "đang đứng yên", "đứng một chỗ"),
}
VIEWS = {
    "back": ("quay lưng lại", "đi ngược hướng máy quay", "nhìn từ phía sau"),
    "front": ("nhìn thẳng về phía trước", "hướng mặt về phía máy quay", "nhìn từ phía trước"),
    "side": ("quay nghiêng người", "nhìn từ một bên", "nhìn nghiêng"),
}
BUILDS = {"slim": ("dáng gầy", "dáng người mảnh khảnh", "người gầy"),
          "heavy": ("dáng mập", "dáng người to", "hơi béo")}  # fmt: skip
IDLE = (
    "hai tay buông xuôi",
    "đầu hơi cúi",
    "trông còn khá trẻ",
    "có vẻ đang vội",
    "xung quanh có nhiều người qua lại",
    "không nhìn rõ mặt vì ảnh bị mờ",
    "một chân bước lên trước chân kia",
    "quần áo gọn gàng và giản dị",
    "có vẻ đang đi chơi cùng gia đình",
)


class Speaker(Describer):
    """The clauses; each method says something at most once."""

    def __init__(self, seen: Mapping[str, str], rng: random.Random, domain: Domain, rich: float) -> None:
        super().__init__(seen, rng, domain)
        self.rich = min(1.0, max(0.0, rng.gauss(rich, 0.3)))
        self.keen = rng.uniform(0.4, 1.2)
        self.dress = "dress" in (seen.get("upper"), seen.get("lower"))

    def minded(self, p: float) -> bool:
        """Whether this annotator, keen or hasty today, mentions something that they usually do with probability `p`."""
        return self.chance(p * self.keen if self.keen < 1 else p + (1 - p) * (self.keen - 1))

    def subject(self, nouns: tuple[str, ...]) -> str:
        """Who it is, out of the `nouns` that this manner uses, with a build now and then."""
        since = len(self.facts)
        known = words.usual(words.PEOPLE[self.seen["sex"]], self.dialect)
        noun = self.rng.choice([n for n in nouns if n in known] or list(known))
        self.say("sex")
        if self.seen["build"] != "average" and self.chance(0.12 + 0.14 * self.rich):
            self.say("build")
            noun += f" {self.rng.choice(BUILDS[self.seen['build']])}"
        return self.mark(None, noun, since)

    def head(self, liking: float, having: float = 0.24) -> list[str]:
        """Hair and what is worn on the head and before the face. having: how often the hair has the verb "có"."""
        clauses = []
        if "hair_length" in self.seen and self.minded(liking + (0 if self.has("hat") else 0.24)):
            hair = self.hair()
            clauses.append(f"có {hair}" if self.chance(having) else hair)
        if self.has("hat") and self.minded(0.96):
            clauses.append(f"đội {self.thing('hat', 'HEAD', words.HATS, 0.84)}")
        if self.has("mask") and self.minded(0.92):
            kind = "khẩu trang y tế" if self.chance(0.12) else "khẩu trang"
            clauses.append(f"đeo {self.thing('mask', 'HEAD', kind, 0.86)}")
        if self.has("glasses") and self.minded(0.7):
            clauses.append(f"đeo {self.thing('glasses', 'HEAD', words.GLASSES)}")
        if self.has("scarf") and self.chance(0.85):
            clauses.append(f"quàng {self.thing('scarf', 'OTHERS', self.rng.choice(('khăn', 'khăn quàng cổ')))}")
        return clauses

    def worn(self, verbs: float, classifier: float) -> list[str]:
        """Garments and shoes. verbs: how often "mặc" stands again before the lower garment; classifier: how often
        "một chiếc" stands before the upper one."""
        clauses = []
        if "upper" in self.seen and self.chance(0.97):
            top = self.upper(self.rich)
            one = self.rng.choice(("một chiếc ", "chiếc ", "một cái ")) if self.chance(classifier) else ""
            clauses.append(f"mặc {one}{top}")
            if self.has("inner") and self.minded(0.8):
                inner = self.inner()
                clauses.append(self.rng.choice((f"bên trong mặc {inner}", f"áo trong là {inner}", f"trong là {inner}")))
            if self.has("print") and self.chance(0.2 + 0.6 * self.rich):
                clauses.append(self._print())
        if "lower" in self.seen and not self.dress and self.chance(0.96):
            low = self.lower(self.rich)
            clauses.append(f"mặc {low}" if not clauses or self.chance(verbs) else low)
        elif self.dress and "lower_length" in self.seen and self.chance(0.4 * self.rich):
            since = len(self.facts)
            self.say("lower_length")
            ends = {"short": "ngắn trên gối", "knee": "dài ngang gối", "long": "dài chấm mắt cá chân"}
            clauses.append(self.mark("LOWERBODY", f"váy {ends[self.seen['lower_length']]}", since))
        if self.has("belt") and self.minded(0.6):
            clauses.append(f"đeo {self.thing('belt', 'OTHERS', 'thắt lưng')}")
        if "shoes" in self.seen and self.minded(0.94):
            shoes = self.shoes()
            clauses.append(self.rng.choice((f"đi {shoes}", f"đi {shoes}", f"chân đi {shoes}")))
            if self.has("socks") and self.minded(0.5):
                clauses.append(f"đi {self.socks()}")
        return clauses

    def _print(self) -> str:
        where = self.rng.choice(("trước", "ở", "trên"))
        chest = self.part("UPPERBODY", "ngực")
        what = self.printed()
        return self.rng.choice(
            (f"{where} {chest} có {what}", f"{where} {chest} áo có {what}", f"có {what} {where} {chest}")
        )

    def load(self, liking: float) -> list[str]:
        """Bag, things in the hand, umbrella, watch."""
        clauses = []
        if self.has("bag") and self.minded(liking):
            clauses.append(self._bag())
        if self.has("held") and self.minded(liking * 0.85):
            since = len(self.facts)
            self.say("held")
            thing = self.mark("OTHERS", self.word(words.HELD, self.seen["held"]), since)
            hand = f"{self.part('UPPERBODY', 'tay', 'held_side')} " if self.chance(0.7) else ""
            clauses.append(f"{hand}{'đang ' if self.chance(0.3) else ''}cầm {thing}")
        if self.has("umbrella") and self.chance(0.9):
            clauses.append(f"{self.rng.choice(('cầm', 'che'))} {self.thing('umbrella', 'OTHERS', 'ô')}")
        if self.has("watch") and self.chance(0.5):
            clauses.append(f"{self.part('UPPERBODY', 'tay')} đeo {self.thing('watch', 'OTHERS', 'đồng hồ')}")
        return clauses

    def _bag(self) -> str:
        kind, bag = self.seen["bag"], self.thing("bag", "OTHERS", words.BAGS, 0.8)
        if kind == "backpack":
            back = self.part("UPPERBODY", "lưng")
            return self.rng.choice((f"đeo {bag} sau {back}", f"sau {back} đeo {bag}"))
        if kind in ("handbag", "plastic bag"):
            hand = self.part("UPPERBODY", "tay", "bag_side" if self.chance(0.7) else None)
            return self.rng.choice((f"{hand} xách {bag}", f"xách {bag} ở {hand}", f"{hand} cầm {bag}"))
        side = "bag_side" if self.chance(0.5) else None
        where = self.part(*(("LOWERBODY", "hông") if kind == "messenger bag" else ("UPPERBODY", "vai")), side)
        return f"đeo {bag} {'bên' if kind == 'messenger bag' else 'trên'} {where}"

    def stance(self) -> str:
        """View or pace."""
        if self.chance(0.55):
            self.say("pace")
            return self.rng.choice(PACES[self.seen["pace"]])
        self.say("view")
        return self.rng.choice(VIEWS[self.seen["view"]])

    def filler(self) -> list[str]:
        """Clauses that tell nobody apart."""
        idle = list(IDLE)
        self.rng.shuffle(idle)
        return idle[: self.rng.choices((0, 1, 2, 4, 6), (40, 34, 18, 6, 2))[0]]
