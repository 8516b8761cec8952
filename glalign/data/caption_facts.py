"""What in the captions of a dataset limits results: texts of several people, other scripts, captions that are cut."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from glalign.contract.records import Record
from glalign.contract.results import CaptionFacts
from glalign.contract.tokenizer import Tokenizer, count_cut, is_cut
from glalign.language.tokenizers import BytePairTokenizer, FileTokenizer, clip_tokenizer
from glalign.storage.whole_files import read_text

LATIN = frozenset({"LATIN", "FULLWIDTH", "MODIFIER", "FEMININE", "MASCULINE", "MICRO", "KELVIN", "ANGSTROM"})
"""First words of the Unicode names of letters that Latin text may have; of other letters it is their script."""

MARKS = frozenset("\u0300\u0301\u0303\u0309\u0323\u0302\u0306\u031b")
"""Vietnamese marks: grave, acute, tilde, hook above, dot below; circumflex, breve, horn."""


def caption_facts(
    records: Sequence[Record], language: str, tokenizers: Mapping[str, Tokenizer] | None = None
) -> CaptionFacts:
    """Return the facts of the captions of a split.

    Captions that are cut are counted for `tokenizers`, and in English for CLIP's, which needs no file beside the suite;
    the log of every training and scoring has the count of its own tokenizer.
    """
    captions = [caption for record in records for caption in record.captions]
    texts = _people_by_text(records)
    shared = [people for people in texts if len(people) > 1]
    scripts = Counter(script for caption in captions for script in set(map(_script, caption)) if script)
    cut = {name: count_cut(captions, tokenizer) for name, tokenizer in (tokenizers or {}).items()}
    if language == "en":
        cut[f"CLIP's {_clip().context_length} tokens"] = sum(map(_is_cut_by_clip, captions))
    return CaptionFacts(
        shared=sum(map(Counter.total, shared)),
        shared_texts=len(shared),
        rank1_ceiling=rank1_ceiling(texts),
        vietnamese=sum(any(map(_is_vietnamese, caption)) for caption in captions),
        scripts=dict(sorted(scripts.items())),
        cut=cut,
    )


def tokenizers_of(files: Iterable[tuple[Path, int]]) -> dict[str, Tokenizer]:
    """Return name -> tokenizer of tokenizer.json files with a length each, marks included. Raises: UserError."""
    found: dict[str, Tokenizer] = {}
    for file, length in files:
        family = "roberta" if '"<mask>"' in read_text(file, "name a tokenizer.json") else "bert"
        found[f"the {length} tokens of {file.name}"] = FileTokenizer(file, length, family)
    return found


def _people_by_text(records: Iterable[Record]) -> list[Counter[int]]:
    """Count the captions of each text by person."""
    found: dict[str, Counter[int]] = defaultdict(Counter)
    for record in records:
        for caption in record.captions:
            found[caption][record.person] += 1
    return list(found.values())


def rank1_ceiling(texts: Sequence[Counter[int]]) -> float:
    """Return the highest Rank-1 in percent that any system can reach over all captions, to 3 decimals.

    A system sees nothing of a query but its text. Equal texts therefore get one ranking, whose first image shows one
    person: of the captions of a text, at most those of the person with most of them are hits. A hit is any image of
    the caption's person.

    >>> rank1_ceiling([Counter({1: 2, 2: 1}), Counter({3: 1})])
    75.0
    """
    hits = sum(max(people.values()) for people in texts)
    return round(100 * hits / sum(map(Counter.total, texts)), 3)


def remarks(name: str, facts: CaptionFacts, captions: int, language: str, *, ranked: bool) -> list[str]:
    """Return a line on each fact of a split that limits results. ranked: its captions are queries."""
    lines = []
    if facts.shared:
        ceiling = f"; no system can reach a Rank-1 above {facts.rank1_ceiling:.2f} %" if ranked else ""
        texts = f"{facts.shared_texts:,} text{'s' * (facts.shared_texts > 1)}"
        lines.append(f"{name}: {facts.shared:,} captions have {texts} that several people have{ceiling}")
    if facts.scripts:
        scripts = ", ".join(f"{script} in {count:,}" for script, count in facts.scripts.items())
        lines.append(f"{name}: captions have letters of other scripts than Latin: {scripts}")
    for tokenizer, count in facts.cut.items():
        if count:
            lines.append(f"{name}: {count:,} of {captions:,} captions are longer than {tokenizer} and are cut")
    few, marked = 2 * facts.vietnamese < captions, f"{facts.vietnamese:,} of {captions:,} captions have a letter"
    if language == "vi" and few:
        wanted = "is it Vietnamese, and where are its diacritics? Tokenizers and keyword lists need them"
        lines.append(f"{name}: only {marked} that Vietnamese has and English lacks, such as \u0111 or \u01a1: {wanted}")
    if language != "vi" and not few:
        lines.append(f"{name}: {marked} that Vietnamese has and English lacks: is its language {language!r}?")
    return lines


@cache
def _clip() -> BytePairTokenizer:
    return clip_tokenizer()


@cache
def _is_cut_by_clip(caption: str) -> bool:
    return is_cut(caption, _clip().encode(caption)[1], _clip().context_length)


@cache
def _script(letter: str) -> str:
    """Return the script of a letter that is not Latin, as Unicode names it (CJK, CYRILLIC); else an empty text."""
    if letter.isascii() or not letter.isalpha():
        return ""
    script = unicodedata.name(letter, "UNNAMED").split()[0]
    return "" if script in LATIN else script


@cache
def _is_vietnamese(letter: str) -> bool:
    """Whether a letter is one of Vietnamese that English lacks."""
    return letter in "\u0111\u0110" or not MARKS.isdisjoint(unicodedata.normalize("NFD", letter))
