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


class EnglishClauses(EnglishPhrases):
    """Makes lists of phrases about one topic each; call a method at most once for a caption."""

    paces, views, filler_counts = PACES, VIEWS, FILLER_COUNTS

    def __init__(self, visible: Mapping[str, str], rng: random.Random, domain: Domain, detail: float) -> None:
        super().__init__(visible, rng, domain)
        self.detail = min(1.0, max(0.0, rng.gauss(detail, 0.2)))
        self.noun = self.word(words.PEOPLE, visible["sex"])
        if self.noun not in ("person", "pedestrian"):
            self.add_fact("sex")
        self.he, self.his = ("he", "his") if visible["sex"] == "man" else ("she", "her")
        self.filler_texts = [text.format(he=self.he, his=self.his) for text in FILLER]

    def subject(self) -> str:
        """Name the person, without article, sometimes with the build: "man", "slim young woman"."""
        if self.visible["build"] != "average" and self.chance(0.22 * (1 + self.detail)):
            self.add_fact("build")
            names = {"slim": ("thin", "slim", "slender"), "heavy": ("heavy set", "heavyset", "stocky", "large")}
            return f"{self.rng.choice(names[self.visible['build']])} {self.noun}"
        return self.noun

    def subject_with_article(self) -> str:
        """Name the person as in `subject`, with "the", "a" or "an"."""
        return self.rng.choices((f"the {self.subject()}", article(self.subject())), (6, 4))[0]

    def garments(self, pair: float) -> list[str]:
        """Describe upper garment, lower garment and shoes, mostly in this order. pair: probability of "a pair of"."""
        parts = []
        if "upper" in self.visible and self.chance(0.97):
            top = article(self.upper())
            if self.has("inner") and self.chance(0.8):
                inner = article(self.inner())
                top += self.rng.choice((f" over {inner}", f" with {inner} underneath", f" and {inner}"))
            if self.chance(0.16 * self.detail):
                top += self.rng.choice((" that fits loosely", " that looks a little too big", " that hangs out"))
            parts.append(top)
        if "lower" in self.visible and not self.dress and self.chance(0.96):
            low = self.lower()
            skirt = low.split()[-1] in ("skirt", "skort")
            parts.append(article(low) if skirt else f"a pair of {low}" if self.chance(pair) else low)
        if parts and self.dress and "lower_length" in self.visible and self.chance(0.2 * self.detail):
            self.add_fact("lower_length")
            ends = {"short": "ends above the knee", "knee": "reaches the knees", "long": "reaches the ankles"}
            parts[0] += f" that {ends[self.visible['lower_length']]}"
        if "shoes" in self.visible and self.chance(0.8):
            shoes = self.shoes()
            if self.has("socks") and self.chance(0.35 + 0.3 * self.detail):
                self.add_fact("socks")
                shoes += f" with {self.colour('socks')} socks"
            parts.append(f"a pair of {shoes}" if self.chance(pair) else shoes)
        if len(parts) > 2 and self.chance(0.14):
            self.rng.shuffle(parts)
        return parts

    def accessories(self, probability: float) -> list[str]:
        """Describe hat, glasses, scarf, belt and watch. probability: mean rate of mentioning them."""
        parts = []
        for item, strong in {"hat": 1.0, "glasses": 0.75, "scarf": 1.0, "belt": 0.6, "watch": 0.5}.items():
            if not self.has(item) or not self.chance(min(0.95, probability * strong + 0.25)):
                continue
            self.add_fact(item)
            name = self.rng.choice(SMALL[self.visible[item]])
            if item == "watch":
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
            parts.append(f"{bag} {self.rng.choice(places[self.visible['bag']])}".strip())
        if self.has("held") and self.chance(probability * 0.8):
            self.add_fact("held")
            parts.append(self.rng.choice(HELD[self.visible["held"]]) + self.rng.choice(("", f" in {self.his} hand")))
        if self.has("umbrella") and self.chance(0.9):
            self.add_fact("umbrella")
            parts.append(article(f"{self.colour('umbrella')} umbrella"))
        return parts

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
