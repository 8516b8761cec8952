"""Vietnamese clauses: which attributes a caption mentions, each as a verb with its noun phrase."""

import random
from collections.abc import Mapping

from glalign.synthetic.captions import words_vi as words
from glalign.synthetic.captions.phrases_vi import VietnamesePhrases
from glalign.synthetic.domains.domain import Domain

PACES = {"walking": ("đang đi bộ", "đang bước đi", "đang đi trên đường", "đang đi lại", "đang bước về phía trước"),
         "standing": ("đang đứng", "đang đứng yên", "đứng một chỗ")}  # fmt: skip
VIEWS = {"back": ("quay lưng lại", "đi ngược hướng máy quay", "nhìn từ phía sau"),
         "front": ("nhìn thẳng về phía trước", "hướng mặt về phía máy quay", "nhìn từ phía trước"),
         "side": ("quay nghiêng người", "nhìn từ một bên", "nhìn nghiêng")}  # fmt: skip
BUILDS = {"slim": ("dáng gầy", "dáng người mảnh khảnh", "người gầy"),
          "heavy": ("dáng mập", "dáng người to", "hơi béo")}  # fmt: skip
FILLER = ("hai tay buông xuôi", "đầu hơi cúi", "trông còn khá trẻ", "có vẻ đang vội",
          "xung quanh có nhiều người qua lại", "không nhìn rõ mặt vì ảnh bị mờ",
          "một chân bước lên trước chân kia", "quần áo gọn gàng và giản dị",
          "có vẻ đang đi chơi cùng gia đình")  # fmt: skip
FILLER_COUNTS = {0: 40, 1: 34, 2: 18, 4: 6, 6: 2}
VIEW_SHARE = 0.25
SIDED = 0.97
"""Probability that the place of a bag or of a thing in the hand has its side, if that is visible."""


class VietnameseClauses(VietnamesePhrases):
    """Makes lists of clauses about one topic each; call a method at most once for a caption."""

    paces, views, view_share, filler_texts, filler_counts = PACES, VIEWS, VIEW_SHARE, FILLER, FILLER_COUNTS

    def __init__(self, visible: Mapping[str, str], rng: random.Random, domain: Domain, detail: float) -> None:
        super().__init__(visible, rng, domain)
        self.detail = min(1.0, max(0.0, rng.gauss(detail, 0.3)))
        self.eagerness = rng.uniform(0.05, 1.95)

    def mentions(self, p: float) -> bool:
        """Return True with probability `p`, lowered or raised by how eager the annotator is in this caption."""
        return self.chance(p * self.eagerness if self.eagerness < 1 else p + (1 - p) * (self.eagerness - 1))

    def subject(self, nouns: tuple[str, ...]) -> str:
        """Name the person by one of the style's `nouns`, sometimes with the build."""
        since = len(self.facts)
        known = words.usual(words.PEOPLE[self.visible["sex"]], self.dialect)
        noun = self.rare("people", self.visible["sex"]) if len(nouns) > 2 else ""
        noun = noun or self.rng.choice([n for n in nouns if n in known] or list(known))
        self.add_fact("sex")
        if self.visible["build"] != "average" and self.chance(0.12 + 0.14 * self.detail):
            self.add_fact("build")
            noun += f" {self.rng.choice(BUILDS[self.visible['build']])}"
        return self.mark(None, noun, since)

    def head(self, probability: float, having: float = 0.24) -> list[str]:
        """Describe hair, hat, mask, glasses and scarf.

        probability: of mentioning the hair. having: probability of the verb "có" before it.
        """
        clauses = []
        if "hair_length" in self.visible and self.mentions(probability + (0 if self.has("hat") else 0.24)):
            hair = self.hair()
            clauses.append(f"có {hair}" if self.chance(having) else hair)
        if self.has("hat") and self.mentions(0.96):
            clauses.append(f"đội {self.item('hat', 'HEAD', words.HATS, 0.84)}")
        if self.has("mask") and self.chance(0.95):
            clauses.append(f"đeo {self.item('mask', 'HEAD', 'khẩu trang', 0.86)}")
        if self.has("glasses") and self.mentions(0.7):
            clauses.append(f"đeo {self.item('glasses', 'HEAD', words.GLASSES)}")
        if self.has("scarf") and self.chance(0.85):
            clauses.append(f"quàng {self.item('scarf', 'OTHERS', self.rng.choice(('khăn', 'khăn quàng cổ')))}")
        return clauses

    def garments(self, verbs: float, classifier: float) -> list[str]:
        """Describe garments, belt, shoes and socks.

        verbs: probability that "mặc" is repeated before the lower garment. classifier: probability of "một chiếc" or
        the like before the upper garment.
        """
        clauses = []
        if "upper" in self.visible and self.chance(0.97):
            top = self.upper()
            one = self.rng.choice(("một chiếc ", "chiếc ", "một cái ")) if self.chance(classifier) else ""
            clauses.append(f"mặc {one}{top}")
            if self.has("inner") and self.mentions(0.8):
                shirt = self.rng.choice(("áo", "áo phông", "áo sơ mi", "áo thun"))
                inner = self.coloured("inner", "UPPERBODY", shirt)
                clauses.append(self.rng.choice((f"bên trong mặc {inner}", f"áo trong là {inner}", f"trong là {inner}")))
            if self.has("print") and self.chance(0.2 + 0.6 * self.detail):
                clauses.append(self._print())
        if "lower" in self.visible and not self.dress and self.chance(0.96):
            low = self.lower()
            clauses.append(f"mặc {low}" if not clauses or self.chance(verbs) else low)
        elif self.dress and "lower_length" in self.visible and self.chance(0.4 * self.detail):
            since = len(self.facts)
            self.add_fact("lower_length")
            ends = {"short": "ngắn trên gối", "knee": "dài ngang gối", "long": "dài chấm mắt cá chân"}
            clauses.append(self.mark("LOWERBODY", f"váy {ends[self.visible['lower_length']]}", since))
        if self.has("belt") and self.mentions(0.6):
            clauses.append(f"đeo {self.item('belt', 'OTHERS', 'thắt lưng')}")
        if "shoes" in self.visible and self.mentions(0.94):
            shoes = self.shoes()
            clauses.append(self.rng.choice((f"đi {shoes}", f"đi {shoes}", f"chân đi {shoes}")))
            if self.has("socks") and self.mentions(0.5):
                clauses.append(f"đi {self.coloured('socks', 'SHOES', 'tất')}")
        return clauses

    def _print(self) -> str:
        """Describe the print with its place on the chest."""
        spot = f"{self.rng.choice(('trước', 'ở', 'trên'))} {self.body_part(None, 'ngực')}"
        what = self.print_phrase()
        return self.rng.choice((f"{spot} có {what}", f"{spot} áo có {what}", f"có {what} {spot}"))

    def carried(self, probability: float) -> list[str]:
        """Describe bag, object in the hand, umbrella and watch. probability: of mentioning the bag."""
        clauses = []
        if self.has("bag") and self.mentions(probability):
            clauses.append(self._bag())
        if self.has("held") and self.mentions(probability * 0.85):
            since = len(self.facts)
            self.add_fact("held")
            kind = self.rare("held", self.visible["held"]) or self.word(words.HELD, self.visible["held"])
            thing = self.mark("OTHERS", kind, since)
            hand = f"{self.body_part('UPPERBODY', 'tay', 'held')} " if self.chance(SIDED) else ""
            clauses.append(f"{hand}{'đang ' if self.chance(0.08) else ''}cầm {thing}")
        if self.has("umbrella") and self.chance(0.9):
            clauses.append(f"{self.rng.choice(('cầm', 'che'))} {self.item('umbrella', 'OTHERS', 'ô')}")
        if self.has("watch") and self.chance(0.5):
            clauses.append(f"{self.body_part('UPPERBODY', 'tay')} đeo {self.item('watch', 'OTHERS', 'đồng hồ')}")
        return clauses

    def _bag(self) -> str:
        """Describe the bag with the part of the body that carries it."""
        kind, bag = self.visible["bag"], self.item("bag", "OTHERS", words.BAGS, 0.8)
        if kind == "backpack":
            back = self.body_part(None, "lưng")
            return self.rng.choice((f"đeo {bag} sau {back}", f"sau {back} đeo {bag}"))
        if kind in ("handbag", "plastic bag"):
            hand = self.body_part("UPPERBODY", "tay", "bag" if self.chance(SIDED) else None)
            return self.rng.choice((f"{hand} xách {bag}", f"xách {bag} ở {hand}", f"{hand} cầm {bag}"))
        side = "bag" if self.chance(SIDED) else None
        where = self.body_part(None, "hông" if kind == "messenger bag" else "vai", side)
        return f"đeo {bag} {'bên' if kind == 'messenger bag' else 'trên'} {where}"
