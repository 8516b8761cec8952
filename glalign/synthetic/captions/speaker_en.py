"""A speaker chooses what to mention and strings noun phrases together; the annotators' manners build on it."""

import random

from glalign.synthetic.captions import words_en as words
from glalign.synthetic.captions.phrases_en import Describer, article
from glalign.synthetic.domains.setting import Domain

SMALL = {
    "cap": ("cap", "hat", "baseball cap"),
    "hat": ("hat", "sun hat"),
    "scarf": ("scarf",),
    "belt": ("belt",),
    "watch": ("a watch",),
    "glasses": ("glasses", "glasses", "eyeglasses", "black glasses"),
    "sunglasses": ("sunglasses", "sunglasses", "dark glasses"),
}
HELD = {
    "phone": ("a cell phone", "a phone", "a cellphone", "a mobile phone"),
    "book": ("a book", "some papers", "a notebook"),
    "bottle": ("a water bottle", "a bottle", "a bottle of water"),
}
PACES = {
    "walking": ("is walking", "is walking down the street", "is walking along", "is taking a step", "walks forward"),
    "standing": ("is standing", "is standing still"),
}
VIEWS = {
    "back": ("is seen from behind", "is facing away from the camera", "is seen from the back", "is walking away"),
    "front": ("is facing the camera", "is seen from the front", "is looking forward", "is facing forward"),
    "side": ("is seen from the side", "is in profile", "is looking to the side", "is visible from the side"),
}
IDLE = (
    "{his} head is slightly turned.",
    "{his} arms are at {his} sides.",
    "{he} appears to be in a hurry.",
    "{he} looks like {he} is on {his} way somewhere and seems to know where to go.",
    "the picture is a little blurry, so it is hard to make out more.",
    "{his} face can not be seen very clearly.",
    "{he} is outdoors and other people may be nearby.",
    "one of {his} feet is in front of the other.",
    "{he} seems to be fairly young, perhaps in {his} twenties.",
    "the ground looks like stone or concrete.",
    "the clothes that {he} has on look casual and comfortable.",
)


class Speaker(Describer):
    """The sentences; each method says something at most once."""

    def __init__(self, seen: dict[str, str], rng: random.Random, domain: Domain, rich: float) -> None:
        super().__init__(seen, rng, domain)
        self.rich = min(1.0, max(0.0, rng.gauss(rich, 0.2)))
        self.noun = self.word(words.PEOPLE, seen["sex"])
        if self.noun not in ("person", "pedestrian"):
            self.say("sex")
        self.he, self.his = ("he", "his") if seen["sex"] == "man" else ("she", "her")
        self.dress = seen.get("lower") == "dress" or seen.get("upper") == "dress"

    def subject(self) -> str:
        """ "The man", "a young woman", now and then with a build."""
        who = self.noun
        if self.seen["build"] != "average" and self.chance(0.22 * (1 + self.rich)):
            self.say("build")
            names = {"slim": ("thin", "slim", "slender"), "heavy": ("heavy set", "heavyset", "stocky", "large")}
            who = f"{self.rng.choice(names[self.seen['build']])} {who}"
        return who

    def the(self) -> str:
        return self.rng.choices((f"the {self.subject()}", article(self.subject())), (6, 4))[0]

    def garments(self, pair: float) -> list[str]:
        """Noun phrases of what is worn, in the usual order or another. pair: liking for "a pair of"."""
        parts = []
        if "upper" in self.seen and self.chance(0.97):
            top = article(self.upper(self.rich))
            if self.has("inner") and self.chance(0.8):
                inner = self.inner()
                top += self.rng.choice(
                    (f" over {article(inner)}", f" with {article(inner)} underneath", f" and {article(inner)}")
                )
            if self.chance(0.16 * self.rich):
                fits = (" that fits loosely", " that looks a little too big", " that hangs out")
                top += self.rng.choice(fits)
            parts.append(top)
        if "lower" in self.seen and not self.dress and self.chance(0.96):
            low = self.lower(self.rich)
            if low.split()[-1] in ("skirt", "skort"):
                parts.append(article(low))
            else:
                parts.append(f"a pair of {low}" if self.chance(pair) else low)
        if parts and self.dress and "lower_length" in self.seen and self.chance(0.2 * self.rich):
            self.say("lower_length")
            ends = {"short": "ends above the knee", "knee": "reaches the knees", "long": "reaches the ankles"}
            parts[0] += f" that {ends[self.seen['lower_length']]}"
        if "shoes" in self.seen and self.chance(0.8):
            shoes = self.shoes()
            if self.has("socks") and self.chance(0.35 + 0.3 * self.rich):
                self.say("socks")
                shoes += f" with {self.colour('socks')} socks"
            parts.append(f"a pair of {shoes}" if self.chance(pair) else shoes)
        if len(parts) > 2 and self.chance(0.14):
            self.rng.shuffle(parts)
        return parts

    def extras(self, liking: float) -> list[str]:
        """Small worn things: hat, glasses, scarf, belt, watch."""
        parts = []
        for item in ("hat", "glasses", "scarf", "belt", "watch"):
            strong = {"hat": 1.0, "glasses": 0.75, "scarf": 1.0, "belt": 0.6, "watch": 0.5}[item]
            if not self.has(item) or not self.chance(min(0.95, liking * strong + 0.25)):
                continue
            self.say(item)
            name = self.rng.choice(SMALL[self.seen[item]])
            if item == "watch":
                parts.append(name + self.rng.choice(("", f" on {self.his} wrist", f" on {self.his} left wrist")))
            elif item == "glasses":
                parts.append(f"a pair of {name}" if self.chance(0.25) else name)
            else:
                parts.append(article(f"{self.colour(item)} {name}"))
        return parts

    def load(self, liking: float) -> list[str]:
        """Verb phrases for bag and hands: ("carrying", "a black backpack")."""
        parts = []
        if self.has("bag") and self.chance(liking):
            kind, bag = self.seen["bag"], article(self.bag())
            places = {"backpack": (f"on {self.his} back", "", "", "over both shoulders"),
                      "shoulder bag": (f"over {self.his} shoulder", f"on {self.his} shoulder", ""),
                      "messenger bag": (f"across {self.his} body", f"over {self.his} shoulder", ""),
                      "handbag": (f"in {self.his} hand", ""), "plastic bag": (f"in {self.his} hand", "")}  # fmt: skip
            parts.append(f"{bag} {self.rng.choice(places[kind])}".strip())
        if self.has("held") and self.chance(liking * 0.8):
            self.say("held")
            parts.append(self.rng.choice(HELD[self.seen["held"]]) + self.rng.choice(("", f" in {self.his} hand")))
        if self.has("umbrella") and self.chance(0.9):
            self.say("umbrella")
            parts.append(article(f"{self.colour('umbrella')} umbrella"))
        return parts

    def stance(self) -> str:
        """View or pace: "is seen from behind", "is walking"."""
        if self.chance(0.55):
            self.say("pace")
            return self.rng.choice(PACES[self.seen["pace"]])
        self.say("view")
        return self.rng.choice(VIEWS[self.seen["view"]])

    def filler(self) -> list[str]:
        """Sentences that tell nobody apart; a few annotators cannot stop."""
        idle = [text.format(he=self.he, his=self.his) for text in IDLE]
        self.rng.shuffle(idle)
        return idle[: _idle(self.rng)]

    def series(self, items: list[str]) -> str:
        """ "a, b and c" with or without the last comma; clothes "of some kind" when there is nothing to say."""
        if not items:
            return "casual clothes"
        if len(items) == 1:
            return items[0]
        comma = "," if len(items) > 2 and self.chance(0.4) else ""
        return f"{', '.join(items[:-1])}{comma} and {items[-1]}"

    def join(self, sentences: list[str]) -> str:
        """Sentences with capitals."""
        return " ".join(s[0].upper() + s[1:] for s in sentences)

    def padding(self) -> list[str]:
        """Last resorts for a caption that is too short."""
        who = self.he.capitalize()
        return [
            f"{who} {self.stance()}.",
            f"{who} is outside in the daytime.",
            "There is not much else to see in the picture.",
        ]


def _idle(rng: random.Random) -> int:
    """How many idle sentences an observer adds: mostly none, rarely many."""
    return rng.choices((0, 1, 2, 4, 7), (60, 28, 9, 2.4, 0.6))[0]
