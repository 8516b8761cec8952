"""English noun phrases for visible attributes, and the facts that they state."""

from glalign.synthetic.captions import words_en as words
from glalign.synthetic.captions.generator import CaptionGenerator
from glalign.synthetic.captions.long_tail import PLAIN, compound
from glalign.synthetic.domains.domain import choose
from glalign.synthetic.domains.palette import MIXED_UP

PATTERNS = {"striped": {"striped": 8, "stripe": 1, "stripped": 1},
            "plaid": {"plaid": 6, "checkered": 2, "checked": 1, "flannel": 1},
            "dotted": {"polka dot": 5, "dotted": 2, "spotted": 1},
            "floral": {"floral": 5, "flowered": 2, "flower print": 2, "patterned": 2}}  # fmt: skip
SLEEVES = {"short": {"short sleeved": 10, "short sleeve": 10, "short-sleeved": 1},
           "long": {"long sleeved": 10, "long sleeve": 10, "long-sleeved": 1},
           "sleeveless": {"sleeveless": 1}}  # fmt: skip


MATERIALS = {"sweater": "sweater", "cardigan": "sweater", "jacket": "jacket", "blouse": "fine", "dress": "fine"}
"""Upper garment -> its materials in the long tail, else "upper"."""
DETAILS = {"cardigan": "jacket", "dress": "blouse", "tank top": "blouse"}
"""Upper garment -> the one whose details of the long tail it has."""


class EnglishPhrases(CaptionGenerator):
    """Makes the noun phrases of a caption, one method per garment or item."""

    language = "en"
    his: str

    def word(self, table: dict[str, words.Names], value: str) -> str:
        """Draw a word for a value from a table of the dialects' words."""
        return choose(self.rng, table[self.dialect][value])

    def detail_of(self, kind: str) -> str:
        """Draw a detail that follows the noun, " with a pointed collar", or ""; from behind nobody sees one."""
        detail = self.rare("details", kind, 0.6 * self.detail) if self.visible["view"] != "back" else ""
        return f" {detail}" if detail else ""

    def colour(self, item: str) -> str:
        """Make the colour word of an item: its colour, sometimes a wrong one, or only its tone."""
        colour, tone = self.visible[f"{item}_colour"], self.visible.get(f"{item}_tone", "mid")
        if self.chance(self.domain.colour_error_rate):
            colour, tone = self.rng.choice(MIXED_UP[colour]), "mid"
        elif tone == "dark" and self.chance(0.08 if self.dialect == "street" else 0.03):
            self.add_fact(f"{item}_tone", "dark")
            return self.rng.choice(("dark", "dark colored", "dark"))
        elif tone == "light" and colour in ("tan", "gray", "white") and self.chance(0.04):
            self.add_fact(f"{item}_tone", "light")
            return self.rng.choice(("light colored", "light"))
        if name := self.rare("colours", f"{colour} {tone}"):
            self.add_fact(f"{item}_colour", colour)
            if tone != "mid" and f"{item}_tone" in self.visible:
                self.add_fact(f"{item}_tone", tone)
            return name
        name = choose(self.rng, words.TONES[self.dialect].get((colour, tone)) or words.COLOURS[self.dialect][colour])
        if name in ("dark", "light colored"):
            if f"{item}_tone" in self.visible:
                self.add_fact(f"{item}_tone", name.split()[0])
            return name
        self.add_fact(f"{item}_colour", colour)
        for stated, marks in words.TONE_WORDS.items():
            if f"{item}_tone" in self.visible and name.split()[0] in marks:
                self.add_fact(f"{item}_tone", stated)
        return compound(self.rng, name) if self.chance(self.domain.rare_words * 0.25) else name

    def upper(self) -> str:
        """Name the upper garment or dress, without article."""
        visible = self.visible
        known = "" if (rare := self.rare("uppers", visible["upper"])) else self.word(words.UPPERS, visible["upper"])
        kind = rare or known
        if rare or kind in words.UPPER_FACTS:
            self.add_fact("upper")
        elif kind in ("shirt", "top", "jacket", "coat", "sweater", "sweatshirt", "sundress"):
            self.add_fact("upper_family")
        colours, design = self.colour("upper"), visible["upper_pattern"]
        pattern = after = ""
        if design != "plain" and self.chance(0.5 + 0.45 * self.detail):
            self.add_fact("upper_pattern")
            pattern = self.rare("patterns", design)
            pattern = pattern or (choose(self.rng, PATTERNS[design]) if self.dialect == "street" else design)
            if self.chance(0.72):
                second = self.colour("second")
                if self.chance(0.75):
                    pair = (colours, second) if self.chance(0.7) else (second, colours)
                    dashed = set(pair) <= set(PLAIN) and self.chance(self.domain.rare_words)
                    colours = ("-and-" if dashed else " and ").join(pair)
                else:
                    plural = {"striped": "stripes", "plaid": "checks", "dotted": "dots", "floral": "flowers"}
                    after, pattern = f" with {second} {plural[design]}", ""
        elif self.has("print") and self.chance(0.25 + 0.6 * self.detail):
            after = self.print_phrase()
        parts = [colours, pattern]
        telling = visible["sleeve"] != "long" or visible["upper_family"] in ("shirt", "dress")
        if self.chance(0.24 + 0.5 * self.detail) and (telling or self.chance(0.3)):
            self.add_fact("sleeve")
            sleeve = choose(self.rng, SLEEVES[visible["sleeve"]])
            bare = visible["upper"] == "tank top" and kind not in ("top", "shirt")  # the noun says so
            parts.insert(1 if self.chance(0.5) else 0, "" if bare else sleeve)
        parts.append(self.rare("materials", MATERIALS.get(visible["upper"], "upper"), 0.5))
        if design == "plain":
            parts.insert(0, self.rare("cuts", "upper", 0.5))
        after = after or self.detail_of(DETAILS.get(visible["upper"], visible["upper"]))
        return " ".join([p for p in parts if p] + [kind]) + after

    def print_phrase(self) -> str:
        """Describe the print of the upper garment, e.g. " with a red logo on the front"."""
        self.add_fact("print")
        names = {"logo": {"logo": 6, "emblem": 1, "small logo": 2, "design": 1},
                 "picture": {"picture": 4, "graphic": 3, "design": 4, "image": 1, "print": 2},
                 "writing": {"writing": 5, "lettering": 3, "letters": 2, "words": 1}}  # fmt: skip
        rare = self.rare("prints", self.visible["print"])
        name = choose(self.rng, names[self.visible["print"]]) if self.dialect == "street" else self.visible["print"]
        name = rare or name
        ink = self.colour("print") + " " if self.chance(0.55) else ""
        place = self.rng.choice((" on the front", " on it", " on the chest", "", " on front"))
        return f" with {ink + name if self.visible['print'] == 'writing' else article(ink + name)}{place}"

    def inner(self) -> str:
        """Name the shirt under an open jacket, without article."""
        self.add_fact("inner")
        return f"{self.colour('inner')} {self.rng.choice(('shirt', 'shirt', 't-shirt', 'top'))}"

    def lower(self) -> str:
        """Name the lower garment, without article."""
        visible = self.visible
        kind = self.rare("lowers", "capri") if visible["lower_length"] == "capri" else ""
        if kind:
            self.add_fact("lower_length")
            return f"{self.colour('lower')} {kind}"
        kind = self.rare("lowers", visible["lower"]) or self.word(words.LOWERS, visible["lower"])
        if kind != "pants" or visible["lower"] == "pants":  # jeans and leggings may be called pants
            self.add_fact("lower")
        parts = [self.colour("lower")] if not (kind == "jeans" and self.chance(0.12)) else []
        if visible["lower"] == "shorts" and visible.get("fabric") == "denim" and self.chance(0.6):
            self.add_fact("fabric")
            kind = self.rng.choice(("jean shorts", "denim shorts"))
        if self.chance(0.1 + 0.35 * self.detail):
            names = {"knee": ("knee length", "knee-length"), "capri": ("capri", "cropped", "calf length"),
                     "short": ("short",), "long": ("long",)}[visible["lower_length"]]  # fmt: skip
            if visible["lower_length"] != "long" or visible["lower"] == "skirt" or self.chance(0.3):
                name = self.rng.choice(names)
                self.add_fact("lower_length")
                parts.insert(self.rng.randint(0, len(parts)), name)
        parts.insert(0, self.rare("cuts", "lower", 0.4))
        parts.append(self.rare("materials", "lower", 0.3) if visible["lower"] in ("pants", "shorts") else "")
        text = " ".join([part for part in parts if part] + [kind]).replace("long long", "long")
        return text + self.detail_of(visible["lower"])

    def shoes(self) -> str:
        """Name the shoes, without article."""
        kind, colour = self._shoe_word(), self.colour("shoes")
        if material := self.rare("materials", "shoes", 0.5):
            kind = f"{material} {kind}"
        if self.has("sole") and self.chance(0.4):
            self.add_fact("sole")
            return f"{colour} and white {kind}" if self.chance(0.6) else f"{colour} {kind} with white soles"
        return f"{colour} {kind}{self.detail_of(self.visible['shoes'])}"

    def _shoe_word(self) -> str:
        """Draw a word for the shoes and add the fact that it states, if any."""
        if name := self.rare("shoes", "any", 0.2):
            return name
        rare = self.rare("shoes", self.visible["shoes"])
        kind = rare or self.word(words.SHOES, self.visible["shoes"])
        if rare or kind in words.SHOE_FACTS:
            self.add_fact("shoes")
        return kind

    def bag(self) -> str:
        """Name the bag, without article."""
        rare = self.rare("bags", self.visible["bag"])
        kind = rare or self.word(words.BAGS, self.visible["bag"])
        self.add_fact("carries")
        if rare or kind in words.BAG_FACTS:
            self.add_fact("bag")
        parts = [self.rare("materials", "bag"), self.colour("bag") if self.chance(0.86) else "", kind]
        return " ".join(part for part in parts if part) + self.detail_of("bag")

    def hair(self) -> str:
        """Describe the hair, e.g. "short black hair", "black hair in a ponytail", "a bald head"."""
        visible = self.visible
        self.add_fact("hair_length")
        if visible["hair_length"] == "bald":
            return self.rng.choice(("a bald head", "no hair", "a shaved head"))
        tied = visible.get("hair_style", "loose")
        colour = visible["hair_colour"]
        if colour in ("black", "brown") and self.chance(0.3):
            self.add_fact("hair_tone", colour := "dark")
        else:
            self.add_fact("hair_colour")
            colour = self.rng.choice(("gray", "grey")) if colour == "gray" else colour
        if tied != "loose" and self.chance(0.75):
            self.add_fact("hair_style")
            self.facts = [f for f in self.facts if f[0] != "hair_length"]
            name = {"ponytail": self.rng.choice(("ponytail", "ponytail", "pony tail")), "bun": "bun"}[tied]
            if self.chance(0.2):
                return f"{colour} hair pulled back in a {name}"
            return f"{self.rng.choice(('', 'long '))}{colour} hair in a {name}"
        return self._loose_hair(colour)

    def _loose_hair(self, colour: str) -> str:
        """Describe hair that is not tied by its length, e.g. "short black hair", "a brown bob"."""
        visible = self.visible
        length = {"short": ("short",), "long": ("long",), "medium": ("shoulder length", "medium length", "neck length")}
        name = self.rng.choice(length[visible["hair_length"]])
        if visible["hair_length"] == "medium" and self.chance(self.domain.rare_words):
            return f"a {colour} bob"
        if texture := self.rare("materials", "hair", 0.5):
            return f"{name} {texture} {colour} hair"
        fringe = visible["sex"] == "woman" and visible["view"] != "back"  # as `drawing.head.crown` paints it
        if fringe and self.chance(self.domain.rare_words * 0.4):
            return f"{name} {colour} hair with bangs"
        return f"{name}, {colour} hair" if self.chance(0.16) else f"{name} {colour} hair"

    def predicate(self, item: str) -> str:
        """Make a sentence about the colour of an item: "his shoes are black", "her hair is long and brown"."""
        if item == "hair":
            self.add_fact("hair_colour")
            self.add_fact("hair_length")
            length = {"medium": "shoulder length"}.get(self.visible["hair_length"], self.visible["hair_length"])
            return f"{self.his} hair is {length} and {self.visible['hair_colour']}"
        kind = self._shoe_word() if item == "shoes" else ""
        if not kind:
            self.add_fact("lower")
            kind = self.visible["lower"]
        verb = "are" if kind.endswith("s") else "is"
        return f"{self.his if self.chance(0.6) else 'the'} {kind} {verb} {self.colour(item)}"


def article(phrase: str) -> str:
    """Put "a" or "an" before `phrase`.

    >>> article("orange shirt")
    'an orange shirt'
    """
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"
