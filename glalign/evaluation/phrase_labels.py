"""A sheet of noun phrases that a person labels: the truth of coverage where no generator wrote the captions (D32)."""

import random
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from glalign.contract.records import captions_by_key, read_manifest
from glalign.contract.regions import REGIONS
from glalign.contract.specs.data import PhrasesSpec
from glalign.evaluation.phrase_truth import TruePhrase
from glalign.language.lexicon import load_lexicon
from glalign.language.phrases import find_noun_phrases
from glalign.storage.csv_files import Row, read_sheet, write_new_csv
from glalign.support.errors import UserError, suggestion
from glalign.support.random_streams import seed_for

Key = tuple[str, int]
"""An image and the number of one of its captions."""

COLUMNS = ("image", "index", "caption", "phrase", "at", "region", "comment")
NEEDED = COLUMNS[:-1]
SPARE = 2
"""Rows without a phrase that end a caption, for phrases that were missed."""

NO_REGION, DROP = "none", "drop"
"""In the column `region`: a phrase of the person but of no part of the body; no phrase of the person at all."""

REGION_WORDS = (*REGIONS, NO_REGION, DROP)
REMEDY = f"write {', '.join(REGION_WORDS[:-1])} or {DROP}"


class PhraseLabels(NamedTuple):
    """The true phrases of the captions that are labelled. sheet: number of captions of the sheet, labelled or not."""

    sheet: int
    phrases: dict[Key, list[TruePhrase]]


def write_label_sheet(rules: PhrasesSpec, out: Path, captions: int, seed: int) -> int:
    """Write the found phrases of a random sample of captions as CSV, to be labelled; return the number of captions.

    A row per found phrase, with an empty `region`: what the keyword lists say is not shown, so that it cannot lead the
    person. Every caption ends with rows for phrases that were missed. Raises: UserError if `out` exists.
    """
    texts = captions_by_key(read_manifest(rules.manifest))
    rng = random.Random(seed_for(seed, "phrase sample"))
    sampled = set(rng.sample(list(texts), min(captions, len(texts))))
    keys = [key for key in texts if key in sampled]
    lexicon = load_lexicon("repaired", rules.language, rules.match)
    found = find_noun_phrases([texts[key] for key in keys], rules, lexicon, lambda done: None)
    rows: list[tuple[object, ...]] = []
    for key, phrases in zip(keys, found, strict=True):
        text = texts[key]
        rows += [(*key, text, text[one.start : one.end], one.start, "", "") for one in phrases]
        rows += [(*key, text, "", "", "", "")] * SPARE
    write_new_csv(out, COLUMNS, rows)
    return len(keys)


def read_labels(path: Path | str, captions: Mapping[Key, str]) -> PhraseLabels:
    """Read a labelled sheet. captions: those of the manifest that it was made from.

    A caption is labelled once one of its rows has a region; captions without any are left out. Raises: UserError naming
    the row that is of another manifest, half filled in, no region, or not to be found in its caption.
    """
    rows = read_sheet(path, "make it with `glalign phrases sample`", NEEDED)
    sheet: dict[Key, list[Row]] = {}
    for line, row in rows:
        sheet.setdefault(_key(f"{path}:{line}", row, captions), []).append((line, row))
    labelled = {key: own for key, own in sheet.items() if any(row["region"].strip() for _, row in own)}
    if not labelled:
        raise UserError(f"{path}: no phrase is labelled; {REMEDY} into the column `region`")
    return PhraseLabels(len(sheet), {key: _phrases(path, captions[key], own) for key, own in labelled.items()})


def describe_labels(labels: PhraseLabels) -> str:
    """Format the numbers of captions and of phrases by region as text."""
    counts = Counter(one.region or NO_REGION for phrases in labels.phrases.values() for one in phrases)
    parts = ", ".join(f"{counts[region]} {region}" for region in (*REGIONS, NO_REGION))
    return f"{len(labels.phrases)} of {labels.sheet} captions are labelled: {parts}"


def _key(place: str, row: Mapping[str, str], captions: Mapping[Key, str]) -> Key:
    """The caption of a row."""
    image, index = row["image"].strip(), row["index"].strip()
    key = (image, int(index) if re.fullmatch(r"\d{1,9}", index) else -1)
    if key not in captions:
        raise UserError(f"{place}: the manifest has no caption {index!r} of {image!r}; make the sheet from it again")
    if _plain(row["caption"]) != _plain(captions[key]):
        what = f"the caption is not that of the manifest, {captions[key]!r}"
        raise UserError(f"{place}: {what}; restore it, or make the sheet from this manifest")
    return key


def _phrases(path: Path | str, caption: str, rows: Sequence[Row]) -> list[TruePhrase]:
    """The phrases of one caption in the order of the text. Dropped ones are left out, spare rows passed over."""
    taken: dict[tuple[int, int], int] = {}
    found = []
    for line, phrase, at, region in _filled(path, rows):
        start, end = _find(f"{path}:{line}", caption, phrase, at, taken)
        taken[start, end] = line
        if region != DROP:
            found.append(TruePhrase(start, end, None if region == NO_REGION else region))
    return sorted(found, key=lambda one: (one.start, one.end))


def _filled(path: Path | str, rows: Sequence[Row]) -> Iterator[tuple[int, str, str, str]]:
    """(line, phrase, at, region) of the rows with a phrase; `none` without a phrase says that a caption has none."""
    words = {word.lower(): word for word in REGION_WORDS}
    for line, row in rows:
        phrase, written = _plain(row["phrase"]), row["region"].strip()
        region = words.get(written.lower())
        if written and region is None:
            raise UserError(f"{path}:{line}: no region {written!r}; {suggestion(written.upper(), REGION_WORDS)}")
        if phrase and region is None:
            raise UserError(f"{path}:{line}: {phrase!r} has no region, but others of its caption have; {REMEDY}")
        if region in REGIONS and not phrase:
            raise UserError(f"{path}:{line}: {region} without a phrase; write the phrase as the caption has it")
        if phrase and region:
            yield line, phrase, row["at"].strip(), region


def _find(place: str, caption: str, phrase: str, at: str, taken: Mapping[tuple[int, int], int]) -> tuple[int, int]:
    """The characters of a phrase: at the place `at` if it is there, else at its only place that is not taken."""
    found = re.finditer(rf"(?<!\w)(?=({re.escape(phrase)})(?!\w))", caption, re.IGNORECASE)
    spans = [match.span(1) for match in found]
    there = [span for span in spans if str(span[0]) == at] or spans
    free = [span for span in there if span not in taken]
    if len(free) == 1:
        return free[0]
    if free:
        starts = " or ".join(str(start) for start, _ in free)
        raise UserError(f"{place}: the caption has {phrase!r} {len(free)} times; write {starts} into the column `at`")
    if there:
        raise UserError(f"{place}: {phrase!r} is on line {taken[there[0]]}, too; delete one")
    raise UserError(f"{place}: {phrase!r} is not in {caption!r}; copy it from there, as whole words")


def _plain(text: str) -> str:
    """Text in the normal form of manifests (NFC), blanks collapsed."""
    return " ".join(unicodedata.normalize("NFC", text).split())
