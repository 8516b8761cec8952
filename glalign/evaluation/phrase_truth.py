"""Found noun phrases beside those that the generator knows it wrote."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from glalign.contract.regions import REGIONS
from glalign.language.lexicon import grammar
from glalign.storage.whole_files import read_json
from glalign.support.errors import UserError

OVERALL, NO_PART, ALL = "Overall", "no part", "All"
"""Beside the five regions: their sum, the phrases that speak of none of them, and both together."""

ARTICLES = ("a", "an", "the")
MEASURES = (
    "true", "found", "exact", "right", "right_printed", "extracted", "confirmed", "confirmed_exact", "confirmed_region",
)  # fmt: skip
"""What `compared` counts: the first five of true phrases, the others of found ones."""


class Labelled(NamedTuple):
    """A found phrase: its characters in the caption, its regions by the repaired and by the printed keyword lists."""

    start: int
    end: int
    regions: tuple[str, ...]
    printed: tuple[str, ...]


class Written(NamedTuple):
    """A true phrase: its characters in the caption and its region, None for no part of the body."""

    start: int
    end: int
    region: str | None


def read_truth(path: Path | str, keys: Iterable[tuple[str, int, str]]) -> list[list[Written]] | None:
    """True phrases of each (image, index, caption); None when the generator's `truth.json` names no phrases.

    Raises: UserError for a file that is no truth of these captions.
    """
    truth = read_json(path)
    try:
        if not all("phrases" in entry for entry in truth.values()):
            return None
        rows = [(caption, truth[image]["phrases"][index]) for image, index, caption in keys]
        if any(caption[row["start"] : row["end"]] != row["text"] for caption, phrases in rows for row in phrases):
            raise UserError(f"{path}: its phrases are not where it says in the captions; synthesize the dataset again")
        return [[Written(row["start"], row["end"], row["region"]) for row in phrases] for _, phrases in rows]
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise UserError(f"{path}: not the truth of these captions ({error!r}); synthesize the dataset again") from error


def compared(
    captions: Sequence[str], found: Sequence[Sequence[Labelled]], true: Sequence[Sequence[Written]], language: str
) -> dict[str, dict[str, int]]:
    """Part -> how many of its phrases are found, and how many of those found are true; parts: regions and the rest.

    Of the `true` phrases of a part: `found`, they share a character with a found one; `exact`, with one of the same
    characters, apart from articles, numerals and classifiers in front; `right`, with one of their region (of no part:
    with none that has a part); `right_printed`, the same by the printed keyword lists. Of the `extracted` phrases of a
    part, by the repaired lists: `confirmed`, they share a character with a true one; `confirmed_exact`, with one of the
    same characters; `confirmed_region`, with one of that part.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for caption, ours, written in zip(captions, found, true, strict=True):
        bare = {phrase: _bare(caption, phrase, language) for phrase in (*ours, *written)}
        for phrase in written:
            hits = [one for one in ours if _overlap(one, phrase)]
            same = any(bare[one] == bare[phrase] for one in hits)
            counts.update((phrase.region or NO_PART, measure) for measure in _of_true(phrase, hits, same))
        for phrase in ours:
            hits = [one for one in written if _overlap(one, phrase)]
            same = any(bare[one] == bare[phrase] for one in hits)
            for part in phrase.regions or (NO_PART,):
                counts.update((part, measure) for measure in _of_found(part, hits, same))
    parts = {part: {measure: counts[part, measure] for measure in MEASURES} for part in (*REGIONS, NO_PART)}
    overall = {measure: sum(parts[region][measure] for region in REGIONS) for measure in MEASURES}
    everything = {measure: overall[measure] + parts[NO_PART][measure] for measure in MEASURES}
    return {**parts, OVERALL: overall, ALL: everything}


def _of_true(phrase: Written, hits: Sequence[Labelled], same: bool) -> Iterator[str]:
    """The measures that a true phrase counts for. hits: the found phrases that overlap it."""
    yield "true"
    if hits:
        yield "found"
    if same:
        yield "exact"
    for measure, named in (("right", [one.regions for one in hits]), ("right_printed", [one.printed for one in hits])):
        if any(phrase.region in regions for regions in named) if phrase.region else hits and not any(named):
            yield measure


def _of_found(part: str, hits: Sequence[Written], same: bool) -> Iterator[str]:
    """The measures that a found phrase of a part counts for. hits: the true phrases that overlap it."""
    yield "extracted"
    if hits:
        yield "confirmed"
    if same:
        yield "confirmed_exact"
    if any((one.region or NO_PART) == part for one in hits):
        yield "confirmed_region"


def _overlap(one: Labelled | Written, other: Labelled | Written) -> bool:
    return max(one.start, other.start) < min(one.end, other.end)


def _bare(caption: str, phrase: Labelled | Written, language: str) -> tuple[int, int]:
    """A phrase's characters without articles, numerals and classifiers in front."""
    idle = _idle(language).match(caption, phrase.start, phrase.end)
    return (idle.end() if idle else phrase.start), phrase.end


@cache
def _idle(language: str) -> re.Pattern[str]:
    words = grammar("vi")["counts"] if language == "vi" else ARTICLES
    return re.compile(rf"(?:(?:{'|'.join(words)})\s+)+", re.IGNORECASE)
