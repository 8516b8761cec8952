"""English clauses: which attributes a caption mentions, and how its noun phrases are joined."""

import random
from collections.abc import Mapping

from glalign.synthetic.captions import words_en as words
from glalign.synthetic.captions.phrases_en import EnglishPhrases, article
from glalign.synthetic.domains.domain import Domain

SMALL = {"cap": ("cap", "hat", "baseball cap"), "hat": ("hat", "sun hat"), "scarf": ("scarf",),
         "belt": ("belt",), "watch": ("a watch",),
         "glasses": ("glasses", "glasses", "eyeglasses", "black glasses"),
         "sunglasses": ("sunglasses", "sunglasses", "dark glasses")}  # fmt: skip
HELD = {"phone": ("a cell phone", "a phone", "a cellphone", "a mobile phone"),
        "book": ("a book", "some papers", "a notebook"),
        "bottle": ("a water bottle", "a bottle", "a bottle of water")}  # fmt: skip
PACES = {
    "walking": ("is walking", "is walking down the street", "is walking along", "is taking a step", "walks forward"),
    "standing": ("is standing", "is standing still"),
}
VIEWS = {
    "back": ("is seen from behind", "is facing away from the camera", "is seen from the back", "is walking away"),
    "front": ("is facing the camera", "is seen from the front", "is looking forward", "is facing forward"),
    "side": ("is seen from the side", "is in profile", "is looking to the side", "is visible from the side"),
}
FILLER = (
    "{his} head is slightly turned.", "{his} arms are at {his} sides.", "{he} appears to be in a hurry.",
    "{he} looks like {he} is on {his} way somewhere and seems to know where to go.",
    "the picture is a little blurry, so it is hard to make out more.", "{his} face can not be seen very clearly.",
    "{he} is outdoors and other people may be nearby.", "one of {his} feet is in front of the other.",
    "{he} seems to be fairly young, perhaps in {his} twenties.", "the ground looks like stone or concrete.",
    "the clothes that {he} has on look casual and comfortable.",
)  # fmt: skip
FILLER_COUNTS = {0: 60, 1: 28, 2: 9, 4: 2.4, 7: 0.6}
VIEW_SHARE = 0.07


SIDED = 0.55
"""Probability that the place of a bag or of a thing in the hand has its side, if that is visible."""


class EnglishClauses(EnglishPhrases):
    """Makes lists of phrases about one topic each; call a method at most once for a caption."""

    paces, views, view_share, filler_counts = PACES, VIEWS, VIEW_SHARE, FILLER_COUNTS

    def __init__(self, visible: Mapping[str, str], rng: random.Random, domain: Domain, detail: float) -> None:
        super().__init__(visible, rng, domain)
        self.detail = min(1.0, max(0.0, rng.gauss(detail, 0.2)))
        self.noun = self.rare("people", "any", 0.15)
        if not self.noun:
            self.noun = self.rare("people", visible["sex"], 0.5) or self.word(words.PEOPLE, visible["sex"])
            if self.noun != "person":
                self.add_fact("sex")
        self.predicative = 0.0
        self.later: list[str] = []
        self.he, self.his = ("he", "his") if visible["sex"] == "man" else ("she", "her")
        self.filler_texts = [text.format(he=self.he, his=self.his) for text in FILLER]

    def subject(self) -> str:
        """Name the person, without article, sometimes with the build: "man", "slim young woman"."""
        if self.visible["build"] != "average" and self.chance(0.22 * (1 + self.detail)):
            self.add_fact("build")
            names = {"slim": ("thin", "slim", "slender"), "heavy": ("heavy set", "heavyset", "stocky", "large")}
            return f"{self.rng.choice(names[self.visible['build']])} {self.noun}"
        kind = self.rare("materials", "person", 0.3) if " " not in self.noun else ""
        return f"{kind} {self.noun}" if kind else self.noun

    def subject_with_article(self) -> str:
        """Name the person as in `subject`, with "the", "a" or "an"."""
        return self.rng.choices((f"the {self.subject()}", article(self.subject())), (6, 4))[0]

    def garments(self, pair: float) -> list[str]:
        """Describe upper garment, lower garment and shoes, mostly in this order. pair: probability of "a pair of".

        With probability `predicative` lower garment or shoes are left to a sentence of their own, in `later`.
        """
        parts = []
        if "upper" in self.visible and self.chance(0.97):
            parts.append(self._top())
        if "lower" in self.visible and not self.dress and self.chance(0.96):
            if parts and self.chance(self.predicative):
                self.later.append(self.predicate("lower"))
            elif self.visible["lower"] == "skirt":
                parts.append(article(self.lower()))
            else:
                parts.append(f"a pair of {self.lower()}" if self.chance(pair) else self.lower())
        if parts and self.dress and "lower_length" in self.visible and self.chance(0.2 * self.detail):
            self.add_fact("lower_length")
            ends = {"short": "ends above the knee", "knee": "reaches the knees", "long": "reaches the ankles"}
            parts[0] += f" that {ends[self.visible['lower_length']]}"
        if "shoes" in self.visible and self.chance(0.8):
            shoes = self.shoes() if not parts or not self.chance(self.predicative) else ""
            if shoes and self.has("socks") and self.chance(0.35 + 0.3 * self.detail):
                self.add_fact("socks")
                shoes += f" with {self.colour('socks')} {self.rare('things', 'socks') or 'socks'}"
            if shoes:
                parts.append(f"a pair of {shoes}" if self.chance(pair) else shoes)
            else:
                self.later.append(self.predicate("shoes"))
        if len(parts) > 2 and self.chance(0.14):
            self.rng.shuffle(parts)
        return parts

    def _top(self) -> str:
        """Describe the upper garment with the shirt under it and its fit."""
        top = article(self.upper())
        if self.has("inner") and self.chance(0.8):
            inner = article(self.inner())
            top += self.rng.choice((f" over {inner}", f" with {inner} underneath", f" and {inner}"))
        if self.chance(0.16 * self.detail):
            top += self.rng.choice((" that fits loosely", " that looks a little too big", " that hangs out"))
        return top

    def accessories(self, probability: float) -> list[str]:
        """Describe hat, glasses, scarf, belt and watch. probability: mean rate of mentioning them."""
        parts = []
        for item, strong in {"hat": 1.0, "glasses": 2.0, "scarf": 1.0, "belt": 0.6, "watch": 0.5}.items():
            if not self.has(item) or not self.chance(min(0.95, probability * strong + 0.25)):
                continue
            self.add_fact(item)
            rare = self.rare({"hat": "hats", "glasses": "glasses"}.get(item, "things"), self.visible[item])
            name = rare or self.rng.choice(SMALL[self.visible[item]])
            if item == "watch":
                name = article(rare) if rare else name
                parts.append(name + self.rng.choice(("", f" on {self.his} wrist", f" on {self.his} left wrist")))
            elif item == "glasses":
                parts.append(f"a pair of {name}" if self.chance(0.25) else name)
            else:
                parts.append(article(f"{self.colour(item)} {name}"))
        return parts

    def carried(self, probability: float) -> list[str]:
        """Describe bag, object in the hand and umbrella. probability: of mentioning the bag."""
        parts = []
        if self.has("bag") and self.chance(probability):
            bag = article(self.bag())
            places = {"backpack": (f"on {self.his} back", "", "", "over both shoulders"),
                      "shoulder bag": (f"over {self.his} shoulder", f"on {self.his} shoulder", ""),
                      "messenger bag": (f"across {self.his} body", f"over {self.his} shoulder", ""),
                      "handbag": (f"in {self.his} hand", ""), "plastic bag": (f"in {self.his} hand", "")}  # fmt: skip
            place = self._sided("bag") if self.chance(SIDED) else ""
            parts.append(f"{bag} {place or self.rng.choice(places[self.visible['bag']])}".strip())
        if self.has("held") and self.chance(probability * 0.8):
            self.add_fact("held")
            rare = self.rare("held", self.visible["held"])
            thing = article(rare) if rare else self.rng.choice(HELD[self.visible["held"]])
            place = self._sided("held") if self.chance(SIDED) else ""
            parts.append(f"{thing} {place or self.rng.choice(('', f'in {self.his} hand'))}".strip())
        if self.has("umbrella") and self.chance(0.9):
            self.add_fact("umbrella")
            name = self.rare("things", "umbrella") or "umbrella"
            parts.append(article(f"{self.colour('umbrella')} {name}"))
        return parts

    def _sided(self, item: str) -> str:
        """Make the place of a bag or of the thing in the hand with its side; "" if the side is not visible."""
        kind, side = self.visible[item], self.side_of(item)
        if side is None:
            return ""
        if kind in ("shoulder bag", "messenger bag"):
            spots = (f"over {self.his} {side} shoulder", f"on {self.his} {side} shoulder", f"on {self.his} {side} side",
                     f"on {self.his} {side} hip")  # fmt: skip
            return self.rng.choice(spots if kind == "messenger bag" else spots[:3])
        return self.rng.choice((f"in {self.his} {side} hand", f"in {self.his} {side} hand", f"in the {side} hand"))

    def pace(self) -> str:
        """Make a verb phrase about the pace, sometimes a rare one."""
        if verb := self.rare("paces", self.visible["pace"]):
            self.add_fact("pace")
            return verb
        return super().pace()

    def filler(self) -> list[str]:
        """Draw sentences that state no fact; each may be a rare one."""
        drawn = [self.remark() or text for text in super().filler()]
        return list(dict.fromkeys(drawn))

    def verb(self, meaning: str, *usual: str) -> str:
        """Draw a verb: one of the `usual`, or a rare one. meaning: "wears" or "carries"."""
        rare = self.rare("verbs", meaning, 0.5).replace("<him>", "him" if self.he == "he" else "her")
        return rare or self.rng.choice(usual)

    def remark(self, share: float = 1.0) -> str:
        """Draw a rare sentence that states no fact; "" as often as words are not rare."""
        text = self.rare("fillers", "any", share).replace("<he>", self.he).replace("<his>", self.his)
        return f"{text}." if text else ""

    def series(self, items: list[str]) -> str:
        """Join items as "a, b and c", sometimes with the last comma; no items give "casual clothes"."""
        if len(items) < 2:
            return items[0] if items else "casual clothes"
        comma = "," if len(items) > 2 and self.chance(0.4) else ""
        return f"{', '.join(items[:-1])}{comma} and {items[-1]}"

    def padding(self) -> list[str]:
        """Make sentences to append, in this order, to a caption that is too short."""
        who = self.he.capitalize()
        return [f"{who} {self.view_or_pace()}.", f"{who} is outside in the daytime.",
                "There is not much else to see in the picture."]  # fmt: skip
