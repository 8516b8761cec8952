"""A describer turns visible values into Vietnamese noun phrases, each marked with its region and its facts."""

import random
from collections.abc import Mapping
from typing import NamedTuple

from glalign.synthetic.captions import words_vi as words
from glalign.synthetic.captions.witness import Facts, Witness
from glalign.synthetic.domains.setting import Domain
from glalign.synthetic.drawing.palette import MIXED_UP, choose

OPEN, CLOSE = 0xE100, "\ue000"
"""Private-use characters around a phrase: OPEN plus its number before it, CLOSE behind. No slip touches them."""


class Spoken(NamedTuple):
    """A noun phrase of a caption: text[start:end], its region (None: no body part) and the facts of its words."""

    start: int
    end: int
    region: str | None
    facts: Facts


class Describer(Witness):
    """Says things about one photograph. Habits: how often this caption writes "màu" before a colour and how it spells
    shoes; `marks` grows with every phrase."""

    def __init__(self, seen: Mapping[str, str], rng: random.Random, domain: Domain) -> None:
        super().__init__(seen, rng, domain)
        self.marks: list[tuple[str | None, Facts]] = []
        self.writes_colour = rng.choice((0.3, 0.7, 0.95))
        self.shoe = "giày" if self.chance(0.78) else "giầy"

    def word(self, table: words.Names, value: str) -> str:
        """One of the dialect's words for a value."""
        return choose(self.rng, words.usual(table[value], self.dialect))

    def mark(self, region: str | None, text: str, since: int) -> str:
        """`text` as a phrase of a region; its facts are those said after the first `since`."""
        self.marks.append((region, self.facts[since:]))
        return f"{chr(OPEN + len(self.marks) - 1)}{text}{CLOSE}"

    def named(self, item: str, table: words.Names) -> str:
        """The word for what an item is, with the fact where the word commits to it."""
        kind = self.word(table, self.seen[item])
        for attribute in (item, f"{item}_family"):
            value = words.COMMITS.get(attribute, {}).get(kind)
            if value is not None and value == self.seen.get(attribute):
                self.say(attribute)
        return kind

    def colour(self, item: str) -> str:
        """Colour of an item behind its noun, with "màu" or without; sometimes only its tone, sometimes mistaken."""
        colour, tone = self.seen[f"{item}_colour"], self.seen.get(f"{item}_tone", "mid")
        if self.chance(self.domain.errors):
            colour, tone = self.rng.choice(MIXED_UP[colour]), "mid"
        name = choose(self.rng, words.usual(words.TONES.get((colour, tone)) or words.COLOURS[colour], self.dialect))
        if f"{item}_tone" in self.seen:
            for value, marks in words.TONE_WORDS.items():
                if set(name.split()) & set(marks):
                    self.say(f"{item}_tone", value)
        if name.endswith(" màu"):  # only the tone: "tối màu"
            return name
        if name in words.VAGUE:
            self.say(f"{item}_grue", "yes")
        else:
            self.say(f"{item}_colour", colour)
        return f"màu {name}" if self.chance(self.writes_colour) else name

    def upper(self, rich: float) -> str:
        """The upper garment, or the whole dress; `rich` (0..1) is the appetite for detail."""
        seen, since = self.seen, len(self.facts)
        kind = self.named("upper", words.UPPERS)
        sleeve = pattern = ""
        if seen["upper"] not in ("ao dai", "tank top") and self.chance(0.3 + 0.5 * rich):
            self.say("sleeve")
            sleeve = self.word(words.SLEEVES, seen["sleeve"])
        colour = self.colour("upper")
        if seen["upper_pattern"] != "plain" and self.chance(0.5 + 0.45 * rich):
            self.say("upper_pattern")
            pattern = self.word(words.PATTERNS, seen["upper_pattern"])
            if self.chance(0.6):
                pattern += f" {self.colour('second')}"
        parts = [sleeve, colour, pattern] if self.chance(0.66) else [colour, sleeve, pattern]
        if pattern and self.chance(0.3):
            parts = [sleeve, pattern, colour]
        # The word for a dress belongs to the lower body, as in the paper's keyword list (D19).
        return self.mark("LOWERBODY" if seen["upper"] == "dress" else "UPPERBODY", _joined(kind, *parts), since)

    def inner(self) -> str:
        """The shirt under an open jacket."""
        since = len(self.facts)
        self.say("inner")
        kind = self.rng.choice(("áo", "áo phông", "áo sơ mi", "áo thun"))
        return self.mark("UPPERBODY", f"{kind} {self.colour('inner')}", since)

    def printed(self) -> str:
        """What is on the chest: "logo màu đỏ"."""
        since = len(self.facts)
        self.say("print")
        kind = self.word(words.PRINTS, self.seen["print"])
        return self.mark("UPPERBODY", _joined(kind, self.colour("print") if self.chance(0.6) else ""), since)

    def lower(self, rich: float) -> str:
        """Trousers or skirt."""
        seen, since = self.seen, len(self.facts)
        kind = self.named("lower", words.LOWERS)
        length = ""
        if self.chance(0.12 + 0.3 * rich) and kind not in ("quần dài", "quần ngố", "quần đùi"):
            self.say("lower_length")
            length = self.word(words.LENGTHS, seen["lower_length"])
        return self.mark("LOWERBODY", _joined(kind, length, self.colour("lower")), since)

    def shoes(self) -> str:
        """Shoes, as the annotator spells them, with soles or socks of another colour now and then."""
        since = len(self.facts)
        kind = self.named("shoes", words.SHOES).replace("giày", self.shoe)
        classifier = "đôi " if self.chance(0.16) else ""
        text = self.mark("SHOES", f"{classifier}{kind} {self.colour('shoes')}", since)
        if self.has("sole") and self.chance(0.4):
            since = len(self.facts)
            self.say("sole")
            text += " " + self.mark("SHOES", f"{self.rng.choice(('đế', 'viền'))} trắng", since)
        return text

    def socks(self) -> str:
        """Socks."""
        since = len(self.facts)
        self.say("socks")
        return self.mark("SHOES", f"tất {self.colour('socks')}", since)

    def thing(self, item: str, region: str, table: words.Names | str, colour: float = 1.0) -> str:
        """A small thing by a word of `table`, or that very word, with its colour in the share `colour` of cases."""
        since = len(self.facts)
        if isinstance(table, str):
            self.say(item)
            kind = table
        else:
            kind = self.named(item, table)
            if item == "bag":
                self.say("carries")
        coloured = f"{item}_colour" in self.seen and self.chance(colour)
        return self.mark(region, _joined(kind, self.colour(item) if coloured else ""), since)

    def part(self, region: str, noun: str, side: str | None = None) -> str:
        """A part of the body, of one side where the truth knows it: "tay trái"."""
        since = len(self.facts)
        if side is not None and side in self.seen:
            self.say(side)
            noun += {"left": " trái", "right": " phải"}[self.seen[side]]
        return self.mark(region, noun, since)

    def hair(self) -> str:
        """Hair: "mái tóc ngắn màu đen", "tóc dài buộc phía sau", "đầu hói"."""
        seen, since = self.seen, len(self.facts)
        if seen["hair_length"] == "bald":
            self.say("hair_length")
            return self.mark("HEAD", self.rng.choice(("đầu hói", "đầu trọc")), since)
        noun = "mái tóc" if self.chance(0.2) else "tóc"
        style = length = ""
        if seen.get("hair_style", "loose") != "loose" and self.chance(0.8):
            self.say("hair_style")
            styles = {"ponytail": ("buộc đuôi ngựa", "buộc phía sau", "buộc gọn sau gáy"), "bun": ("búi cao", "búi")}
            style = self.rng.choice(styles[seen["hair_style"]])
        else:
            self.say("hair_length")
            lengths = {"short": ("ngắn", "cắt ngắn"), "medium": ("ngang vai", "chạm vai"),
                       "long": ("dài", "dài qua vai", "dài xõa")}  # fmt: skip
            length = self.rng.choice(lengths[seen["hair_length"]])
        colour = ""
        if self.chance(0.5):
            self.say("hair_colour")
            name = self.word(words.HAIR, seen["hair_colour"])
            colour = f"màu {name}" if self.chance(self.writes_colour) else name
        return self.mark("HEAD", _joined(noun, length, colour, style), since)


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def unmarked(text: str, marks: list[tuple[str | None, Facts]]) -> tuple[str, list[Spoken]]:
    """A caption without its marks, and the phrases that stood between them, in the order of the text."""
    letters: list[str] = []
    spoken: list[Spoken] = []
    start, number = 0, -1
    for letter in text:
        if letter == CLOSE:
            spoken.append(Spoken(start, len(letters), *marks[number]))
        elif ord(letter) >= OPEN and ord(letter) < OPEN + len(marks):
            start, number = len(letters), ord(letter) - OPEN
        else:
            letters.append(letter)
    return "".join(letters), spoken
