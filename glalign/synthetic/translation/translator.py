"""A phrase-based translator as lossy as one was in 2022: longest match, noun groups reordered, and a log of every loss.

Each word takes its facts along (`ledger`): a fact whose words are lost or turned into something else is struck from the
caption's facts, and what the new words say is entered. So the oracle follows what the translated caption says.
"""

import random
from collections.abc import Iterable, Mapping

from glalign.synthetic.captions.fact_ledger import Ledger, gained, kept
from glalign.synthetic.captions.noun_groups import NounGroup, grouped, kind_of, units
from glalign.synthetic.captions.witness import Facts
from glalign.synthetic.translation.outcome import Error, Out, Phrase, Translation
from glalign.synthetic.translation.phrase_table import Entry, Piece, Wrong, phrase_table, rates

PRONOUNS = ("he", "she", "this person")
SIGNS = frozenset(",.;:!?")


def translate(
    text: str,
    facts: Iterable[tuple[str, str]],
    direction: tuple[str, str],
    rng: random.Random,
    seen: Mapping[str, str] | None = None,
    errors: Mapping[str, float] | None = None,
) -> Translation:
    """`text` from one language to the other, with its facts.

    seen: visible values of the image, which tell whether a guess was wrong. errors: rate by kind, in place of
    rates.yaml. Raises: UserError for an unknown direction.
    """
    return _Translator(text, list(facts), direction, rng, seen or {}, errors).run()


class _Translator:
    """One caption's translation in the making."""

    def __init__(
        self,
        text: str,
        facts: Facts,
        direction: tuple[str, str],
        rng: random.Random,
        seen: Mapping[str, str],
        errors: Mapping[str, float] | None,
    ) -> None:
        self.table = phrase_table(*direction)
        self.text, self.facts, self.rng, self.seen = text, facts, rng, seen
        self.rates = rates() if errors is None else errors
        self.ledger = Ledger(facts)
        self.outs: list[Out] = []
        self.errors: list[Error] = []
        self.phrases: list[Phrase] = []

    def run(self) -> Translation:
        for part in grouped(self.table.segment(self.text), self.table.source):
            begins = self._begins(part)
            made = self._group(part) if isinstance(part, NounGroup) else self._alone(part)
            if begins and made and self.text[part.start].isupper():
                made[0].text = made[0].text[:1].upper() + made[0].text[1:]
            self.outs += made
        facts = list(self.facts)
        for error in self.errors:
            facts = [fact for fact in facts if fact not in error.lost] + error.gained
        return Translation(self.text, self._written(), list(dict.fromkeys(facts)), self.errors, self.phrases)

    def _begins(self, part: Piece | NounGroup) -> bool:
        """Whether a sentence begins here, also where the blank behind the full stop was forgotten."""
        before = self.text[: part.start].rstrip()
        return not before or before.endswith(".")

    def _written(self) -> str:
        """The text, every stretch told its place."""
        text = ""
        for out in self.outs:
            if text and out.text not in SIGNS:
                text += " "
            out.start, out.end = len(text), len(text) + len(out.text)
            text += out.text
        return text

    def _alone(self, piece: Piece) -> list[Out]:
        """What belongs to no noun; a phrase of a place has a region of its own."""
        entry = piece.entry
        if entry is None or (entry.kind == "join" and piece.text in SIGNS):
            out = Out(piece.text)
            if entry is None and piece.text not in SIGNS:
                self.errors.append(Error("untranslated", (piece.start, piece.end), [out], None, True))
            return [out]
        out, facts = self._word(piece, entry, None, entry.region)
        behind = len(entry.targets) > 1 and self.outs and self.outs[-1].text.lower() in PRONOUNS
        if behind and out.text == entry.targets[0]:
            out.text = entry.targets[1]
        if not out.text:
            return []
        if entry.kind == "place":
            self.phrases.append(Phrase((piece.start, piece.end), [out], entry.region, facts))
        return [out]

    def _word(self, piece: Piece, entry: Entry, items: tuple[str, ...] | None, region: str | None) -> tuple[Out, Facts]:
        """A piece rendered, rightly or not, and the facts that it says now."""
        claimed = self.ledger.claim(entry, items)
        wrong = self._slips(entry)
        if wrong is None:
            return Out(entry.targets[0]), claimed
        out, new, still = Out(wrong.target), gained(wrong, claimed), kept(entry, wrong, claimed)
        harmful = any(self.seen.get(name, value) != value for name, value in new) if wrong.kind == "guess" else True
        lost = [fact for fact in claimed if fact not in still]
        self.errors.append(Error(wrong.kind, (piece.start, piece.end), [out], region, harmful, lost, new))
        return out, still + new

    def _slips(self, entry: Entry) -> Wrong | None:
        """The wrong rendering that happens now, if any: one draw per kind."""
        for kind in dict.fromkeys(wrong.kind for wrong in entry.wrong):
            if self.rng.random() < self.rates.get(kind, 0.0):
                options = [wrong for wrong in entry.wrong if wrong.kind == kind]
                return self.rng.choices(options, [wrong.weight for wrong in options])[0]
        return None

    def _group(self, group: NounGroup) -> list[Out]:
        """A noun with its modifiers, in the target's order."""
        noun, place = group.head.entry, (group.start, group.end)
        assert noun is not None  # a head is a noun of the table
        in_order = sorted((*group.modifiers, group.head), key=lambda piece: piece.start)
        outs: dict[int, Out] = {}
        facts: Facts = []
        for piece in in_order:
            if kind_of(piece) == "join" or piece.entry is None:
                continue
            if piece is not group.head and self._happens("lost modifier"):
                lost = self.ledger.claim(piece.entry, noun.items)
                self.errors.append(Error("lost modifier", (piece.start, piece.end), [], noun.region, True, lost))
                continue
            out, said = self._word(piece, piece.entry, noun.items, noun.region)
            outs[piece.start] = out
            facts += said
        swapped = len(outs) > 1 and self._happens("order")
        head = outs[group.head.start]
        made = (
            self._vietnamese(group, outs, swapped) if self.table.target == "vi" else self._english(group, outs, swapped)
        )
        whole = self._counted(group, noun, head, made)
        if swapped:
            self.errors.append(Error("order", place, whole, noun.region, False))
        self.phrases.append(Phrase(place, whole, noun.region, facts))
        return whole

    def _happens(self, kind: str) -> bool:
        return self.rng.random() < self.rates.get(kind, 0.0)

    def _vietnamese(self, group: NounGroup, outs: Mapping[int, Out], swapped: bool) -> list[Out]:
        """Noun, then modifiers by rank; swapped: the modifiers first, as in English."""
        runs = []
        for unit in units(group.modifiers):
            words = [piece for piece in unit if piece.start in outs]
            if not words:
                continue
            run = []
            for piece in words:
                if run:
                    run.append(Out("và"))
                run.append(outs[piece.start])
            if kind_of(words[0]) == "colour" and not run[0].text.endswith("màu"):
                run[0].text = f"màu {run[0].text}"
            runs.append((words[0].entry.rank, run))  # type: ignore[union-attr]
        if not swapped:
            runs.sort(key=lambda pair: pair[0])
        modifiers = [out for _, run in runs for out in run]
        head = outs[group.head.start]
        return [*modifiers, head] if swapped else [head, *modifiers]

    def _english(self, group: NounGroup, outs: Mapping[int, Out], swapped: bool) -> list[Out]:
        """Modifiers, the last one first, then noun, then what follows it; swapped: noun first, as in Vietnamese."""
        modifiers = [outs[piece.start] for piece in group.modifiers if piece.start in outs]
        head = outs[group.head.start]
        if swapped:
            return [head, *modifiers]
        front = [out for out in reversed(modifiers) if out.text not in self.table.behind]
        return [*front, head, *(out for out in modifiers if out.text in self.table.behind)]

    def _counted(self, group: NounGroup, noun: Entry, head: Out, made: list[Out]) -> list[Out]:
        """The words of a group behind their article or classifier, the right one or another."""
        told = group.determiner.text.lower() if group.determiner else ""
        countable = told in ("a", "an", "a pair of") if self.table.target == "vi" else head.text not in self.table.mass
        wrong = countable and noun.region is not None and self._happens("number")
        if self.table.target == "vi":
            text = self._classifier(noun, told, wrong)
        else:
            text = self._article(noun, told, head, made, wrong)
        front = Out(text)
        if wrong:
            source = (group.start, group.end)
            self.errors.append(Error("number", source, [front] if text else [head], noun.region, False))
        return [front, *made] if text else made

    def _classifier(self, noun: Entry, told: str, wrong: bool) -> str:
        """ "một chiếc", "một đôi", or nothing; wrong: with a classifier that the noun does not take."""
        if told == "some":
            right = "một số"
        elif told == "a pair of":
            right = f"một {noun.classifier}"
        else:
            right = f"một {noun.classifier}".strip() if told in ("a", "an") else ""
        if not wrong:
            return right
        return f"một {self.rng.choice([c for c in self.table.classifiers if c != noun.classifier])}"

    def _article(self, noun: Entry, told: str, head: Out, made: list[Out], wrong: bool) -> str:
        """ "a", "an", "a pair of" or nothing; wrong: one for many or many for one, the noun's end with it."""
        many = head.text.endswith("s") and not head.text.endswith("ss")
        if wrong and many:
            head.text = head.text[:-1]
        elif wrong:
            head.text += "es" if head.text.endswith(("s", "x", "ch", "sh")) else "s"
        elif many:
            return "a pair of" if "đôi" in told and set(noun.items) & self.table.pairs else ""
        elif head.text in self.table.mass:
            return ""
        if many is not wrong:
            return ""
        return "an" if made[0].text[0] in "aeiou" else "a"
