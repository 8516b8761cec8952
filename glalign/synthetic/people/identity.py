"""Random identities: canonical traits and painted colours, the same in every photograph."""

import random
from typing import NamedTuple

from glalign.support.random_streams import seed_for
from glalign.synthetic.domains.domain import Domain, Wardrobe, Weights, choose
from glalign.synthetic.domains.palette import HAIR, RGB, SHADES, SKIN, paint

LONG_SLEEVED = ("jacket", "hoodie", "sweater", "cardigan", "ao dai")
FAMILY = {"t-shirt": "shirt", "shirt": "shirt", "polo": "shirt", "blouse": "shirt", "tank top": "shirt",
          "sweater": "sweater", "hoodie": "sweater", "cardigan": "sweater", "jacket": "jacket",
          "dress": "dress", "ao dai": "ao dai"}  # fmt: skip
PALM = {"cream": 70, "tan": 30}
"""Shades of a conical hat, which is made of palm leaves."""


class Person(NamedTuple):
    """One identity.

    number: id, from 1. traits: attribute -> canonical value, "none" for an item that the person does not have. dyes:
    item -> painted RGB. size: (girth, height), factors around 1.
    """

    number: int
    traits: dict[str, str]
    dyes: dict[str, RGB]
    size: tuple[float, float]


class _TraitSampler:
    """Draws the traits and dyes of one person from one random stream."""

    def __init__(self, rng: random.Random, wardrobe: Wardrobe) -> None:
        self.rng, self.wardrobe = rng, wardrobe
        self.traits: dict[str, str] = {}
        self.dyes: dict[str, RGB] = {}

    def coloured(self, item: str, weights: Weights, besides: str = "") -> None:
        """Draw a shade for `item` and record its dye, colour and tone. besides: a colour that is excluded."""
        allowed = {k: w for k, w in weights.items() if SHADES[k].colour != besides}
        shade = SHADES[choose(self.rng, allowed)]
        self.dyes[item] = paint(self.rng, shade.rgb, self.wardrobe.spread)
        self.traits[f"{item}_colour"], self.traits[f"{item}_tone"] = shade.colour, shade.tone

    def optional(self, item: str, probability: float, weights: Weights | None = None, besides: str = "") -> None:
        """Draw whether the person has `item`, and its shade. weights: None: no colour is recorded."""
        self.traits[item] = item if self.rng.random() < probability else "none"
        if weights and self.traits[item] != "none":
            self.coloured(item, weights, besides)

    def body(self) -> None:
        """Draw sex, build, skin, hair, glasses, hat and mask."""
        rng, w, t = self.rng, self.wardrobe, self.traits
        woman = rng.random() < w.women
        t["sex"] = "woman" if woman else "man"
        t["build"] = choose(rng, {"average": 70, "slim": 18, "heavy": 12})
        self.dyes["skin"] = paint(rng, SKIN[choose(rng, w.skin)], 6)
        t["hair_colour"] = choose(rng, w.hair)
        self.dyes["hair"] = paint(rng, HAIR[t["hair_colour"]], 4)
        lengths = {"short": 14, "medium": 22, "long": 64} if woman else {"short": 92, "bald": 4, "medium": 4}
        t["hair_length"] = choose(rng, lengths)
        tied = woman and t["hair_length"] != "short" and rng.random() < 0.42
        t["hair_style"] = choose(rng, {"ponytail": 78, "bun": 22}) if tied else "loose"
        t["glasses"] = choose(rng, {"none": 78, "glasses": 18, "sunglasses": 4})
        t["hat"] = choose(rng, w.hat)
        if t["hat"] != "none":
            self.coloured("hat", PALM if t["hat"] == "conical hat" else w.hat_shades or w.upper_shades)
        if w.mask:
            t["mask"] = "none" if rng.random() < w.mask["none"] / sum(w.mask.values()) else "mask"
            if t["mask"] != "none":
                self.coloured("mask", {k: v for k, v in w.mask.items() if k != "none"})

    def upper(self) -> None:
        """Draw the upper garment with sleeves, inner shirt, pattern and print."""
        rng, w, t = self.rng, self.wardrobe, self.traits
        t["upper"] = choose(rng, w.upper_woman if t["sex"] == "woman" else w.upper_man)
        t["upper_family"] = FAMILY[t["upper"]]
        self.coloured("upper", w.upper_shades)
        sleeves: Weights = {"short": 80, "long": 20}
        if t["upper"] == "dress":
            sleeves = {"short": 55, "sleeveless": 35, "long": 10}
        fixed = dict.fromkeys(LONG_SLEEVED, "long") | {"tank top": "sleeveless"}
        t["sleeve"] = fixed.get(t["upper"]) or choose(rng, sleeves)
        t["inner"] = "none"
        if t["upper"] in ("jacket", "cardigan") and rng.random() < 0.62:
            t["inner"] = "shirt"
            self.coloured("inner", w.upper_shades, besides=t["upper_colour"])
        t["upper_pattern"], t["print"] = "plain", "none"
        chance = rng.random()
        busy = {"shirt": 0.5, "blouse": 0.35, "dress": 0.5, "ao dai": 0.3}.get(t["upper"], w.patterned)
        if t["upper"] != "jacket" and t["inner"] == "none" and chance < busy:
            kinds = {"striped": 50, "plaid": 12, "dotted": 8, "floral": 4}
            if t["upper"] in ("shirt", "ao dai"):
                kinds = {"plaid": 60, "striped": 40} if t["upper"] == "shirt" else {"floral": 90, "dotted": 10}
            elif t["sex"] == "woman" and t["upper"] in ("blouse", "dress"):
                kinds = {"floral": 46, "striped": 26, "dotted": 20, "plaid": 8}
            t["upper_pattern"] = choose(rng, kinds)
            light = {"white": 60, "black": 25, "light gray": 8, "red": 6, "blue": 8, "yellow": 3}
            self.coloured("second", light, besides=t["upper_colour"])
        elif t["upper"] in ("t-shirt", "hoodie", "sweater", "tank top") and rng.random() < w.printed:
            t["print"] = choose(rng, {"logo": 36, "picture": 34, "writing": 30})
            inks = {"black": 30, "white": 25, "red": 14, "blue": 12, "green": 6, "yellow": 6, "orange": 4, "pink": 3}
            self.coloured("print", inks, besides=t["upper_colour"])

    def lower(self) -> None:
        """Draw the lower garment with length, fabric and belt."""
        rng, w, t = self.rng, self.wardrobe, self.traits
        if t["upper"] == "dress":
            t["lower"] = "dress"
            t["lower_length"] = choose(rng, {"short": 40, "knee": 45, "long": 15})
        elif t["upper"] == "ao dai":
            t["lower"], t["lower_length"], t["fabric"] = "pants", "long", "cloth"
            self.coloured("lower", {"white": 62, "black": 26, "cream": 6, "pink": 3, "red": 3})
        else:
            t["lower"] = choose(rng, w.lower_woman if t["sex"] == "woman" else w.lower_man)
            spans = {"shorts": {"knee": 70, "short": 30} if t["sex"] == "man" else {"short": 70, "knee": 30},
                     "skirt": {"short": 50, "knee": 34, "long": 16}, "pants": {"long": 90, "capri": 10},
                     "jeans": {"long": 92, "capri": 8}, "leggings": {"long": 62, "capri": 38}}  # fmt: skip
            t["lower_length"] = choose(rng, spans[t["lower"]])
            denim = t["lower"] == "jeans" or (t["lower"] == "shorts" and rng.random() < 0.3)
            jeans = {"denim": 40, "dark denim": 30, "light denim": 18, "black": 7, "gray": 5}
            self.coloured("lower", jeans if denim else w.lower_shades)
            t["fabric"] = "denim" if denim else "cloth"
        t["belt"] = "none"
        if t["lower"] not in ("skirt", "leggings") and t["upper_family"] in ("shirt", "dress"):
            leather = {"black": 50, "brown": 30, "white": 12, "red": 8}
            self.optional("belt", 0.12, leather, t.get("lower_colour", ""))

    def feet(self) -> None:
        """Draw shoes, soles and socks."""
        rng, w, t = self.rng, self.wardrobe, self.traits
        t["shoes"] = choose(rng, w.shoes_woman if t["sex"] == "woman" else w.shoes_man)
        plain = {"black": 58, "brown": 28, "white": 8, "red": 6}
        self.coloured("shoes", plain if t["shoes"] in ("dress shoes", "boots") else w.shoes_shades)
        soled = t["shoes"] == "sneakers" and t["shoes_colour"] != "white" and rng.random() < 0.5
        t["sole"], t["socks"] = "white" if soled else "none", "none"
        bare = t["lower"] in ("shorts", "skirt", "dress") or t["lower_length"] == "capri"
        if bare and t["shoes"] in ("sneakers", "dress shoes", "flats"):
            self.optional("socks", 0.4, {"white": 60, "black": 28, "gray": 12})

    def items(self) -> None:
        """Draw bag, object in the hand, umbrella, watch and scarf."""
        rng, w, t = self.rng, self.wardrobe, self.traits
        men = {"handbag": w.bag["handbag"] * 0.15, "shoulder bag": w.bag["shoulder bag"] * 0.5}
        t["bag"] = choose(rng, {**w.bag, **men} if t["sex"] == "man" else w.bag)
        if t["bag"] != "none":
            plastic = {"white": 62, "red": 14, "black": 12, "blue": 12}
            self.coloured("bag", plastic if t["bag"] == "plastic bag" else w.bag_shades)
        t["held"] = choose(rng, {"none": 79, "phone": 11, "book": 5, "bottle": 5})
        self.optional("umbrella", 0.035, w.upper_shades)
        self.optional("watch", 0.12)
        self.optional("scarf", 0.06 if t["sleeve"] == "long" else 0.012, w.upper_shades, t["upper_colour"])


def make_person(domain: Domain, seed: int, population: str, number: int) -> Person:
    """Return the identity `number` of a population; its named random stream is independent of other numbers."""
    rng = random.Random(seed_for(seed, "person", domain.name, population, number))
    sampler = _TraitSampler(rng, domain.wardrobe)
    for stage in (sampler.body, sampler.upper, sampler.lower, sampler.feet, sampler.items):
        stage()
    sampler.traits["bag_side"], sampler.traits["held_side"] = ("left", "right") if number % 2 else ("right", "left")
    girth = {"slim": 0.9, "average": 1.0, "heavy": 1.24}[sampler.traits["build"]] * rng.uniform(0.96, 1.05)
    height = rng.gauss(1.0 if sampler.traits["sex"] == "man" else 0.97, 0.02)
    return Person(number, sampler.traits, sampler.dyes, (girth, height))
