"""Vietnamese noun phrases for visible attributes, marked in the text with their body regions and facts."""

import random
from collections.abc import Mapping

from glalign.synthetic.captions import words_vi as words
from glalign.synthetic.captions.generator import CaptionGenerator, Facts, Phrase
from glalign.synthetic.domains.domain import Domain, choose
from glalign.synthetic.domains.palette import MIXED_UP

OPEN, CLOSE = 0xE100, "\ue000"
"""Private-use characters around a phrase: OPEN plus its number before it, CLOSE after it. Typing errors keep them."""


TOPICS = {"upper": "uppers", "lower": "lowers", "shoes": "shoes", "bag": "bags", "hat": "hats", "glasses": "glasses",
          "mask": "masks", "scarf": "things", "belt": "things", "watch": "things", "umbrella": "things"}  # fmt: skip
"""Item -> its topic in the long tail."""


class VietnamesePhrases(CaptionGenerator):
    """Makes the marked noun phrases of a caption, one method per garment or item.

    marks: region and facts of every phrase made so far. writes_colour: how often the caption has "màu" before a colour.
    shoe: its spelling of shoes.
    """

    language = "vi"

    def __init__(self, visible: Mapping[str, str], rng: random.Random, domain: Domain) -> None:
        super().__init__(visible, rng, domain)
        self.marks: list[tuple[str | None, Facts]] = []
        self.writes_colour = rng.choice((0.6, 0.9, 1.0))
        self.shoe = "giày" if self.chance(0.78) else "giầy"

    def word(self, table: words.Names, value: str) -> str:
        """Draw a word of the dialect for a value."""
        return choose(self.rng, words.usual(table[value], self.dialect))

    def mark(self, region: str | None, text: str, since: int) -> str:
        """Mark `text` as a phrase of a region; its facts are those after the first `since`."""
        self.marks.append((region, self.facts[since:]))
        return f"{chr(OPEN + len(self.marks) - 1)}{text}{CLOSE}"

    def noun_of(self, item: str, table: words.Names) -> str:
        """Draw the noun of an item and add the fact that the noun states, if any."""
        if rare := self.rare(TOPICS[item], self.visible[item]):
            self.add_fact(item)
            return rare
        kind = self.word(table, self.visible[item])
        for attribute in (item, f"{item}_family"):
            if kind in words.FACTS.get(attribute, {}).get(self.visible.get(attribute, ""), ()):
                self.add_fact(attribute)
        return kind

    def colour(self, item: str) -> str:
        """Make the colour word of an item: its colour, sometimes a wrong one, or only its tone; with "màu" or not."""
        colour, tone = self.visible[f"{item}_colour"], self.visible.get(f"{item}_tone", "mid")
        if self.chance(self.domain.colour_error_rate):
            colour, tone = self.rng.choice(MIXED_UP[colour]), "mid"
        if rare := self.rare("colours", f"{colour} {tone}"):
            if tone != "mid" and f"{item}_tone" in self.visible:
                self.add_fact(f"{item}_tone", tone)
            self.add_fact(f"{item}_colour", colour)
            return f"màu {rare}" if self.chance(self.writes_colour) else rare
        name = choose(self.rng, words.usual(words.TONES.get((colour, tone)) or words.COLOURS[colour], self.dialect))
        if f"{item}_tone" in self.visible:
            for value, marks in words.TONE_WORDS.items():
                if set(name.split()) & set(marks):
                    self.add_fact(f"{item}_tone", value)
        if name.endswith(" màu"):  # only the tone: "tối màu"
            return name
        if name in words.VAGUE:
            self.add_fact(f"{item}_grue", "yes")
        else:
            self.add_fact(f"{item}_colour", colour)
        return f"màu {name}" if self.chance(self.writes_colour) else name

    def upper(self) -> str:
        """Name the upper garment or dress."""
        visible, since = self.visible, len(self.facts)
        kind = self.noun_of("upper", words.UPPERS)
        sleeve = pattern = ""
        if visible["upper"] not in ("ao dai", "tank top") and self.chance(0.3 + 0.5 * self.detail):
            self.add_fact("sleeve")
            sleeve = self.rare("sleeves", visible["sleeve"], 0.4) or self.word(words.SLEEVES, visible["sleeve"])
        colour = self.colour("upper")
        if visible["upper_pattern"] != "plain" and self.chance(0.5 + 0.45 * self.detail):
            self.add_fact("upper_pattern")
            pattern = self.rare("patterns", visible["upper_pattern"])
            pattern = pattern or self.word(words.PATTERNS, visible["upper_pattern"])
            pattern += f" {self.colour('second')}" if self.chance(0.6) else ""
        parts = [sleeve, colour, pattern] if self.chance(0.66) else [colour, sleeve, pattern]
        if pattern and self.chance(0.3):
            parts = [sleeve, pattern, colour]
        # The word for a dress belongs to the lower body, as in the paper's keyword list (D19).
        return self.mark("LOWERBODY" if visible["upper"] == "dress" else "UPPERBODY", _joined(kind, *parts), since)

    def print_phrase(self) -> str:
        """Describe the print of the upper garment, e.g. "logo màu đỏ"."""
        since = len(self.facts)
        self.add_fact("print")
        kind = self.rare("prints", self.visible["print"]) or self.word(words.PRINTS, self.visible["print"])
        return self.mark("UPPERBODY", _joined(kind, self.colour("print") if self.chance(0.6) else ""), since)

    def lower(self) -> str:
        """Name the lower garment."""
        visible, since = self.visible, len(self.facts)
        kind, length = self.noun_of("lower", words.LOWERS), ""
        if kind in words.LENGTHENED and self.chance(0.12 + 0.3 * self.detail):
            self.add_fact("lower_length")
            length = self.word(words.LENGTHS, visible["lower_length"])
        return self.mark("LOWERBODY", _joined(kind, length, self.colour("lower")), since)

    def shoes(self) -> str:
        """Name the shoes, sometimes with their white soles."""
        since = len(self.facts)
        kind = self.noun_of("shoes", words.SHOES).replace("giày", self.shoe)
        pair = "đôi" if self.chance(0.16) else ""
        text = self.mark("SHOES", _joined(pair, kind, self.colour("shoes")), since)
        if self.has("sole") and self.chance(0.4):
            since = len(self.facts)
            self.add_fact("sole")
            text += " " + self.mark("SHOES", f"{self.rng.choice(('đế', 'viền'))} trắng", since)
        return text

    def coloured(self, item: str, region: str, noun: str) -> str:
        """Name an item that is always described with its colour."""
        since = len(self.facts)
        self.add_fact(item)
        noun = self.rare("things", item) or noun
        return self.mark(region, f"{noun} {self.colour(item)}", since)

    def item(self, item: str, region: str, table: words.Names | str, colour: float = 1.0) -> str:
        """Name an item. table: its words, or the one word. colour: probability of its colour."""
        since = len(self.facts)
        if isinstance(table, str):
            self.add_fact(item)
            kind = self.rare(TOPICS[item], item) or table
        else:
            kind = self.noun_of(item, table)
        if item == "bag":
            self.add_fact("carries")
        coloured = f"{item}_colour" in self.visible and self.chance(colour)
        return self.mark(region, _joined(kind, self.colour(item) if coloured else ""), since)

    def body_part(self, region: str | None, noun: str, side: str | None = None) -> str:
        """Name a part of the body, with the side of an item ("bag" or "held") if it is visible, e.g. "tay trái".

        region: None where the part is only the place of something else, such as the shoulder that carries a bag.
        """
        since = len(self.facts)
        name = self.side_of(side) if side else None
        return self.mark(region, noun + {"left": " trái", "right": " phải"}[name] if name else noun, since)

    def hair(self) -> str:
        """Describe the hair, e.g. "mái tóc ngắn màu đen", "tóc dài buộc phía sau", "đầu hói"."""
        visible, since = self.visible, len(self.facts)
        if visible["hair_length"] == "bald":
            self.add_fact("hair_length")
            return self.mark("HEAD", self.rng.choice(("đầu hói", "đầu trọc")), since)
        noun = "mái tóc" if self.chance(0.2) else "tóc"
        style = length = colour = ""
        if visible.get("hair_style", "loose") != "loose" and self.chance(0.8):
            self.add_fact("hair_style")
            styles = {"ponytail": ("buộc đuôi ngựa", "buộc phía sau", "buộc gọn sau gáy"), "bun": ("búi cao", "búi")}
            style = self.rare("hair", visible["hair_style"]) or self.rng.choice(styles[visible["hair_style"]])
        else:
            self.add_fact("hair_length")
            lengths = {"short": ("ngắn", "cắt ngắn"), "medium": ("ngang vai", "chạm vai"),
                       "long": ("dài", "dài qua vai", "dài xõa")}  # fmt: skip
            length = self.rare("hair", visible["hair_length"]) or self.rng.choice(lengths[visible["hair_length"]])
        if self.chance(0.5):
            self.add_fact("hair_colour")
            colour = self.word(words.HAIR, visible["hair_colour"])
            colour = f"màu {colour}" if self.chance(self.writes_colour) else colour
        return self.mark("HEAD", _joined(noun, length, colour, style), since)


def _joined(*parts: str) -> str:
    """Join the parts that are not empty by spaces."""
    return " ".join(part for part in parts if part)


def unmarked(text: str, marks: list[tuple[str | None, Facts]]) -> tuple[str, list[Phrase]]:
    """Remove the markers from a caption; return the text and its marked phrases in the order of the text."""
    letters: list[str] = []
    phrases: list[Phrase] = []
    start, number = 0, -1
    for letter in text:
        if letter == CLOSE:
            phrases.append(Phrase(start, len(letters), *marks[number]))
        elif OPEN <= ord(letter) < OPEN + len(marks):
            start, number = len(letters), ord(letter) - OPEN
        else:
            letters.append(letter)
    return "".join(letters), phrases
