"""A describer turns visible values into English noun phrases and keeps the facts that its words commit it to."""

from glalign.synthetic.captions import words_en as words
from glalign.synthetic.captions.witness import Witness
from glalign.synthetic.drawing.palette import MIXED_UP, choose

PATTERNS = {
    "striped": {"striped": 8, "stripe": 1, "stripped": 1},
    "plaid": {"plaid": 6, "checkered": 2, "checked": 1, "flannel": 1},
    "dotted": {"polka dot": 5, "dotted": 2, "spotted": 1},
    "floral": {"floral": 5, "flowered": 2, "flower print": 2, "patterned": 2},
}
SLEEVES = {
    "short": {"short sleeved": 5, "short sleeve": 5, "short-sleeved": 2},
    "long": {"long sleeved": 5, "long sleeve": 5, "long-sleeved": 2},
    "sleeveless": {"sleeveless": 1},
}


class Describer(Witness):
    """Says things about one photograph in one dialect."""

    def word(self, table: dict[str, dict[str, dict[str, float]]], value: str) -> str:
        return choose(self.rng, table[self.dialect][value])

    def colour(self, item: str) -> str:
        """Colour word of an item, sometimes only its tone, sometimes mistaken."""
        colour, tone = self.seen[f"{item}_colour"], self.seen.get(f"{item}_tone", "mid")
        if self.chance(self.domain.errors):
            colour, tone = self.rng.choice(MIXED_UP[colour]), "mid"
        elif tone == "dark" and self.chance(0.08 if self.dialect == "street" else 0.03):
            self.say(f"{item}_tone", "dark")
            return self.rng.choice(("dark", "dark colored", "dark"))
        elif tone == "light" and colour in ("tan", "gray", "white") and self.chance(0.04):
            self.say(f"{item}_tone", "light")
            return self.rng.choice(("light colored", "light"))
        table = words.TONES[self.dialect].get((colour, tone)) or words.COLOURS[self.dialect][colour]
        name = choose(self.rng, table)
        if name in ("dark", "light colored"):
            self.say(f"{item}_tone", name.split()[0])
            return name
        self.say(f"{item}_colour", colour)
        if f"{item}_tone" in self.seen and name.split()[0] in (
            *words.TONE_WORDS["dark"][:-1],
            *words.TONE_WORDS["light"][:-1],
        ):
            self.say(f"{item}_tone", "dark" if name.split()[0] in words.TONE_WORDS["dark"] else "light")
        return name

    def upper(self, rich: float) -> str:
        """The upper garment without its article, or the whole dress; `rich` (0..1) is the appetite for detail."""
        seen = self.seen
        kind = self.word(words.UPPERS, seen["upper"])
        if kind in words.UPPER_FACTS:
            self.say("upper", words.UPPER_FACTS[kind])
        elif kind in ("shirt", "top", "jacket", "coat", "sweater", "sweatshirt", "sundress"):
            self.say("upper_family")
        colours = self.colour("upper")
        pattern, after = "", ""
        plain = seen["upper_pattern"] == "plain"
        if not plain and self.chance(0.5 + 0.45 * rich):
            self.say("upper_pattern")
            pattern = seen["upper_pattern"]
            if self.dialect == "street":
                pattern = choose(self.rng, PATTERNS[pattern])
            if self.chance(0.72):
                second = self.colour("second")
                if self.chance(0.75):
                    colours = f"{colours} and {second}" if self.chance(0.7) else f"{second} and {colours}"
                else:
                    plural = {"striped": "stripes", "plaid": "checks", "dotted": "dots", "floral": "flowers"}
                    after, pattern = f" with {second} {plural[seen['upper_pattern']]}", ""
        elif self.has("print") and self.chance(0.25 + 0.6 * rich):
            after = self.printed()
        if self.chance(0.24 + 0.5 * rich) and (
            seen["sleeve"] != "long" or seen["upper_family"] in ("shirt", "dress") or self.chance(0.3)
        ):
            self.say("sleeve")
            sleeve = choose(self.rng, SLEEVES[seen["sleeve"]])
            if kind in ("tank top", "tank"):
                sleeve = ""
            parts = [colours, sleeve, pattern] if self.chance(0.5) else [sleeve, colours, pattern]
        else:
            parts = [colours, pattern]
        return " ".join([p for p in parts if p] + [kind]) + after

    def printed(self) -> str:
        """ " with a red logo on the front" and its like."""
        self.say("print")
        names = {"logo": {"logo": 6, "emblem": 1, "small logo": 2, "design": 1},
                 "picture": {"picture": 4, "graphic": 3, "design": 4, "image": 1, "print": 2},
                 "writing": {"writing": 5, "lettering": 3, "letters": 2, "words": 1}}  # fmt: skip
        name = choose(self.rng, names[self.seen["print"]]) if self.dialect == "street" else self.seen["print"]
        ink = self.colour("print") + " " if self.chance(0.55) else ""
        article = "" if name in ("writing", "lettering", "letters", "words") else "a "
        place = self.rng.choice((" on the front", " on it", " on the chest", "", " on front"))
        return f" with {article}{ink}{name}{place}"

    def inner(self) -> str:
        """The shirt under an open jacket."""
        self.say("inner")
        return f"{self.colour('inner')} {self.rng.choice(('shirt', 'shirt', 't-shirt', 'top'))}"

    def lower(self, rich: float) -> str:
        """The lower garment without article."""
        seen = self.seen
        kind = self.word(words.LOWERS, seen["lower"])
        self.say("lower", {"pants": "pants", "slacks": "pants", "trousers": "pants"}.get(kind, seen["lower"]))
        if kind == "pants" and seen["lower"] in ("jeans", "leggings"):
            self.facts.pop()
        parts = [self.colour("lower")] if not (kind == "jeans" and self.chance(0.12)) else []
        if seen["lower"] == "shorts" and seen.get("fabric") == "denim" and self.chance(0.6):
            self.say("fabric")
            kind = self.rng.choice(("jean shorts", "denim shorts"))
        if self.chance(0.1 + 0.35 * rich):
            names = {"knee": ("knee length", "knee-length"), "capri": ("capri", "cropped", "calf length"),
                     "short": ("short",), "long": ("long",)}[seen["lower_length"]]  # fmt: skip
            if seen["lower_length"] != "long" or (seen["lower"] == "skirt" or self.chance(0.3)):
                name = self.rng.choice(names)
                self.say("lower_length")
                parts.insert(self.rng.randint(0, len(parts)), name)
        return " ".join([*parts, kind.replace("long long", "long")])

    def shoes(self) -> str:
        """Shoes without article."""
        kind = self.word(words.SHOES, self.seen["shoes"])
        if kind in words.SHOE_FACTS:
            self.say("shoes", words.SHOE_FACTS[kind])
        colour = self.colour("shoes")
        if self.has("sole") and self.chance(0.4):
            self.say("sole")
            return f"{colour} and white {kind}" if self.chance(0.6) else f"{colour} {kind} with white soles"
        return f"{colour} {kind}"

    def bag(self) -> str:
        """The bag without article."""
        kind = self.word(words.BAGS, self.seen["bag"])
        self.say("carries")
        if kind in words.BAG_FACTS:
            self.say("bag", words.BAG_FACTS[kind])
        return f"{self.colour('bag')} {kind}" if self.chance(0.86) else kind

    def hair(self) -> str:
        """Hair, e.g. "short black hair", "black hair in a ponytail", "a bald head"."""
        seen = self.seen
        self.say("hair_length")
        if seen["hair_length"] == "bald":
            return self.rng.choice(("a bald head", "no hair", "a shaved head"))
        tied = seen.get("hair_style", "loose")
        dark = seen["hair_colour"] in ("black", "brown") and self.chance(0.3)
        if dark:
            self.say("hair_tone", "dark")
            colour = "dark"
        else:
            self.say("hair_colour")
            colour = seen["hair_colour"] if seen["hair_colour"] != "gray" else self.rng.choice(("gray", "grey"))
        if tied != "loose" and self.chance(0.75):
            self.say("hair_style")
            self.facts = [f for f in self.facts if f[0] != "hair_length"]
            name = {"ponytail": self.rng.choice(("ponytail", "ponytail", "pony tail")), "bun": "bun"}[tied]
            if self.chance(0.2):
                return f"{colour} hair pulled back in a {name}"
            return f"{self.rng.choice(('', 'long '))}{colour} hair in a {name}"
        length = {"short": ("short",), "long": ("long",), "medium": ("shoulder length", "medium length", "neck length")}
        name = self.rng.choice(length[seen["hair_length"]])
        return f"{name}, {colour} hair" if self.chance(0.16) else f"{name} {colour} hair"


def article(phrase: str) -> str:
    """`phrase` behind "a" or "an".

    >>> article("orange shirt")
    'an orange shirt'
    """
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"
