"""A phrase-based translator with the errors of machine translation of about 2022.

It replaces the longest matching phrases, reorders noun groups and logs every error. Every fact is assigned to the word
that states it (`word_facts`): if the word is lost or rendered wrongly, the fact is removed from the caption's facts and
what the new words state is added. The facts, and so the oracle, hold for the translated caption.
"""

import random
from collections.abc import Iterable, Mapping

from glalign.synthetic.captions.generator import Facts
from glalign.synthetic.translation.noun_groups import NounGroup, grouped, kind_of, units
from glalign.synthetic.translation.phrase_table import Entry, PhraseTable, Segment, WrongRendering, phrase_table, rates
from glalign.synthetic.translation.result import AlignedPhrase, ErrorRecord, Span, Translation
from glalign.synthetic.translation.word_facts import UnassignedFacts, facts_gained, facts_kept

SUBJECTS = ("he", "she", "this person")
PUNCTUATION = frozenset(",.;:!?")


def translate(
    text: str, facts: Iterable[tuple[str, str]], direction: tuple[str, str], rng: random.Random,
    visible: Mapping[str, str] | None = None, errors: Mapping[str, float] | None = None,
) -> Translation:  # fmt: skip
    """Translate a caption with its facts from one language to the other.

    direction: languages of source and target. visible: visible attributes of the image; they decide whether a guess is
    harmful. errors: rate by kind, instead of rates.yaml. Raises: UserError for an unknown direction.
    """
    table, rate = phrase_table(*direction), rates() if errors is None else errors
    return _Translator(text, list(facts), table, rng, visible or {}, rate).run()


class _Translator:
    """Translation of one caption."""

    def __init__(
        self, text: str, facts: Facts, table: PhraseTable, rng: random.Random, visible: Mapping[str, str],
        rates: Mapping[str, float],
    ) -> None:  # fmt: skip
        self.text, self.facts, self.table, self.rng, self.visible, self.rates = text, facts, table, rng, visible, rates
        self.unassigned = UnassignedFacts(facts)
        self.subject: Entry | None = None  # of a predicate: the last noun
        self.spans: list[Span] = []
        self.errors: list[ErrorRecord] = []
        self.phrases: list[AlignedPhrase] = []

    def run(self) -> Translation:
        """Return the translation with the facts that its words state."""
        for part in grouped(self.table.segment(self.text), self.table.source):
            before = self.text[: part.start].rstrip()  # the space after a full stop may be missing
            rendered = self._noun_group(part) if isinstance(part, NounGroup) else self._single(part)
            if rendered and (not before or before.endswith(".")) and self.text[part.start].isupper():
                rendered[0].text = rendered[0].text[:1].upper() + rendered[0].text[1:]
            self.spans += rendered
        facts = list(self.facts)
        for error in self.errors:
            facts = [fact for fact in facts if fact not in error.lost] + error.gained
        return Translation(self.text, self._target_text(), list(dict.fromkeys(facts)), self.errors, self.phrases)

    def _target_text(self) -> str:
        """Join the spans to the text of the target and set their positions."""
        text = ""
        for span in self.spans:
            text += " " if text and span.text not in PUNCTUATION else ""
            span.start, span.end = len(text), len(text) + len(span.text)
            text += span.text
        return text

    def _single(self, segment: Segment) -> list[Span]:
        """Translate a segment that belongs to no noun; a phrase of a place has its own body region."""
        entry = segment.entry
        if entry is None or (entry.kind == "join" and segment.text in PUNCTUATION):
            span = Span(segment.text)
            if entry is None and segment.text not in PUNCTUATION:
                self.errors.append(ErrorRecord("untranslated", segment.position, [span], None, True))
            return [span]
        subject = self.subject if entry.kind in ("colour", "modifier") else None  # "his shoes are black"
        items, region = (subject.items, subject.region) if subject else (None, entry.region)
        span, facts = self._render(segment, entry, items, region)
        if entry.kind == "colour" and self.table.target == "vi" and not span.text.endswith("màu"):
            span.text = f"màu {span.text}"
        behind = len(entry.targets) > 1 and self.spans and self.spans[-1].text.lower() in SUBJECTS
        if behind and span.text == entry.targets[0]:
            span.text = entry.targets[1]
        if not span.text:
            return []
        if entry.kind == "place" or subject:
            self.phrases.append(AlignedPhrase(segment.position, [span], region, facts))
        return [span]

    def _render(
        self, segment: Segment, entry: Entry, items: tuple[str, ...] | None, region: str | None
    ) -> tuple[Span, Facts]:
        """Translate a segment, correctly or not; return its span and the facts that it states."""
        claimed = self.unassigned.take(entry, items)
        wrong = self._wrong_rendering(entry)
        if wrong is None:
            return Span(entry.targets[0]), claimed
        span, new, still = Span(wrong.target), facts_gained(wrong, claimed), facts_kept(entry, wrong, claimed)
        harmful = any(self.visible.get(name, value) != value for name, value in new) if wrong.kind == "guess" else True
        lost = [fact for fact in claimed if fact not in still]
        self.errors.append(ErrorRecord(wrong.kind, segment.position, [span], region, harmful, lost, new))
        return span, still + new

    def _wrong_rendering(self, entry: Entry) -> WrongRendering | None:
        """Draw a wrong rendering, or None; every kind of error is drawn once."""
        for kind in dict.fromkeys(wrong.kind for wrong in entry.wrong):
            if self.rng.random() < self.rates.get(kind, 0.0):
                options = [wrong for wrong in entry.wrong if wrong.kind == kind]
                return self.rng.choices(options, [wrong.weight for wrong in options])[0]
        return None

    def _noun_group(self, group: NounGroup) -> list[Span]:
        """Translate a noun with its determiner and modifiers."""
        noun, source = group.head.entry, (group.start, group.end)
        assert noun is not None  # a head is a noun of the table
        self.subject = noun
        spans: dict[int, Span] = {}
        facts: Facts = []
        for segment in sorted((*group.modifiers, group.head), key=lambda segment: segment.start):
            if kind_of(segment) == "join" or segment.entry is None:
                continue
            if segment is not group.head and self._happens("lost modifier"):
                lost = self.unassigned.take(segment.entry, noun.items)
                self.errors.append(ErrorRecord("lost modifier", segment.position, [], noun.region, True, lost))
                continue
            span, stated = self._render(segment, segment.entry, noun.items, noun.region)
            spans[segment.start] = span
            facts += stated
        keep_order = len(spans) > 1 and self._happens("order")
        in_target_order = self._vietnamese if self.table.target == "vi" else self._english
        rendered = in_target_order(group, spans, keep_order)
        whole = self._with_determiner(group, noun, spans[group.head.start], rendered)
        if keep_order:
            self.errors.append(ErrorRecord("order", source, whole, noun.region, False))
        self.phrases.append(AlignedPhrase(source, whole, noun.region, facts))
        return whole

    def _happens(self, kind: str) -> bool:
        """Draw whether an error of a kind happens here."""
        return self.rng.random() < self.rates.get(kind, 0.0)

    def _vietnamese(self, group: NounGroup, spans: Mapping[int, Span], keep_order: bool) -> list[Span]:
        """Order a group for Vietnamese: noun, then modifiers by rank. keep_order: modifiers first, as in English."""
        runs: list[tuple[int, list[Span]]] = []
        for unit in units(group.modifiers):
            words = [segment for segment in unit if segment.start in spans]
            if not words or words[0].entry is None:
                continue
            run = [span for segment in words for span in (Span("và"), spans[segment.start])][1:]
            if words[0].entry.kind == "colour" and not run[0].text.endswith("màu"):
                run[0].text = f"màu {run[0].text}"
            runs.append((words[0].entry.rank, run))
        if not keep_order:
            runs.sort(key=lambda pair: pair[0])
        modifiers = [span for _, run in runs for span in run]
        head = spans[group.head.start]
        return [*modifiers, head] if keep_order else [head, *modifiers]

    def _english(self, group: NounGroup, spans: Mapping[int, Span], keep_order: bool) -> list[Span]:
        """Order a group for English: modifiers in reverse, noun, then modifiers that follow it (`PhraseTable.behind`).

        keep_order: noun first, as in Vietnamese.
        """
        modifiers = [spans[segment.start] for segment in group.modifiers if segment.start in spans]
        head = spans[group.head.start]
        if keep_order:
            return [head, *modifiers]
        front = [span for span in reversed(modifiers) if span.text not in self.table.behind]
        return [*front, head, *(span for span in modifiers if span.text in self.table.behind)]

    def _with_determiner(self, group: NounGroup, noun: Entry, head: Span, rendered: list[Span]) -> list[Span]:
        """Put the article or classifier, correct or wrong, before a group."""
        determiner = group.determiner.text.lower() if group.determiner else ""
        vietnamese = self.table.target == "vi"
        countable = determiner in ("a", "an", "a pair of") if vietnamese else head.text not in self.table.mass
        wrong = countable and noun.region is not None and self._happens("number")
        if vietnamese:
            text = self._classifier(noun, determiner, wrong)
        else:
            text = self._article(noun, determiner, head, rendered, wrong)
        front = Span(text)
        if wrong:
            place, changed = (group.start, group.end), [front] if text else [head]
            self.errors.append(ErrorRecord("number", place, changed, noun.region, False))
        return [front, *rendered] if text else rendered

    def _classifier(self, noun: Entry, determiner: str, wrong: bool) -> str:
        """Return "một" and a classifier, "một số" or nothing. wrong: with a classifier that the noun does not take."""
        one = f"một {noun.classifier}"
        right = {"some": "một số", "a pair of": one, "a": one.strip(), "an": one.strip()}
        if not wrong:
            return right.get(determiner, "")
        return f"một {self.rng.choice([c for c in self.table.classifiers if c != noun.classifier])}"

    def _article(self, noun: Entry, determiner: str, head: Span, rendered: list[Span], wrong: bool) -> str:
        """Return "a", "an", "a pair of" or nothing. wrong: swap singular and plural, also in the noun."""
        many = head.text.endswith("s") and not head.text.endswith("ss")
        if wrong and many:
            head.text = head.text[:-1]
        elif wrong:
            head.text += "es" if head.text.endswith(("s", "x", "ch", "sh")) else "s"
        elif many:
            return "a pair of" if "đôi" in determiner and set(noun.items) & self.table.pairs else ""
        elif head.text in self.table.mass:
            return ""
        if many is not wrong:
            return ""
        return "an" if rendered[0].text[0] in "aeiou" else "a"
