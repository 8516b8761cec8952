"""Comparison of the noun phrases that were found with the true ones, which a generator or a person tells."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import compress
from pathlib import Path
from typing import Any, NamedTuple

from glalign.contract.phrase_counts import TruthCounts
from glalign.contract.phrase_rows import REGIONS_OR_NONE
from glalign.contract.regions import REGIONS
from glalign.language.lexicon import grammar
from glalign.storage.json_files import read_json
from glalign.support.errors import UserError

OVERALL, NO_PART, ALL = "Overall", "no part", "All"
"""Beside the five regions: their sum, the phrases of no part of the body, and both together."""

ARTICLES = ("a", "an", "the")
MEASURES = tuple(TruthCounts.model_fields)


class FoundPhrase(NamedTuple):
    """A found phrase: its characters in the caption, its regions by the repaired and by the printed keyword lists."""

    start: int
    end: int
    regions: tuple[str, ...]
    printed: tuple[str, ...]


class TruePhrase(NamedTuple):
    """A true phrase: its characters in the caption and its region, None for no part of the body."""

    start: int
    end: int
    region: str | None


def read_truth(
    path: Path | str, captions: Mapping[tuple[str, int], str]
) -> dict[tuple[str, int], list[TruePhrase]] | None:
    """Read the true phrases of each caption; None when the generator's `truth.json` names no phrases.

    Raises: UserError for a file that is not the truth of these captions.
    """
    truth: Any = read_json(path)
    try:
        if not all("phrases" in entry for entry in truth.values()):
            return None
        rows = {key: truth[key[0]]["phrases"][key[1]] for key in captions}
        if any(row["region"] not in REGIONS_OR_NONE for key in rows for row in rows[key]):
            raise ValueError("a phrase has an unknown region")
        if any(captions[key][row["start"] : row["end"]] != row["text"] for key in rows for row in rows[key]):
            raise UserError(f"{path}: its phrases are not where it says in the captions; synthesize the dataset again")
        return {key: [TruePhrase(row["start"], row["end"], row["region"]) for row in rows[key]] for key in rows}
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise UserError(f"{path}: not the truth of these captions ({error!r}); synthesize the dataset again") from error


def compare_with_truth(
    captions: Sequence[str], found: Sequence[Sequence[FoundPhrase]], true: Sequence[Sequence[TruePhrase]], language: str
) -> dict[str, TruthCounts]:
    """Count, by part, the true phrases that are found and the found phrases that are true.

    true: true phrases of the part. found: those that share a character with a found phrase. exact: with one of the same
    characters, apart from leading articles, numerals and classifiers. right: with one of their region (of no part: with
    none that has a part). right_printed: the same by the printed keyword lists. extracted: found phrases of the part,
    by the repaired lists. confirmed: those that share a character with a true phrase. confirmed_exact: with one of the
    same characters. confirmed_region: with one of that part.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for caption, ours, written in zip(captions, found, true, strict=True):
        phrases: list[FoundPhrase | TruePhrase] = [*ours, *written]
        cores = {phrase: _core(caption, phrase, language) for phrase in phrases}
        for phrase in written:
            near = [one for one in ours if overlap(one, phrase)]
            same = any(cores[one] == cores[phrase] for one in near)
            counts.update((phrase.region or NO_PART, measure) for measure in _of_true(phrase, near, same))
        for own in ours:
            hits = [one for one in written if overlap(one, own)]
            same = any(cores[one] == cores[own] for one in hits)
            for part in own.regions or (NO_PART,):
                counts.update((part, measure) for measure in _of_found(part, hits, same))
    parts = {part: {measure: counts[part, measure] for measure in MEASURES} for part in (*REGIONS, NO_PART)}
    overall = {measure: sum(parts[region][measure] for region in REGIONS) for measure in MEASURES}
    everything = {measure: overall[measure] + parts[NO_PART][measure] for measure in MEASURES}
    return {part: TruthCounts(**measures) for part, measures in {**parts, OVERALL: overall, ALL: everything}.items()}


def _of_true(phrase: TruePhrase, hits: Sequence[FoundPhrase], same: bool) -> Iterator[str]:
    """Yield the measures that a true phrase counts for. hits: the found phrases that overlap it."""
    yield from compress(("true", "found", "exact"), (True, hits, same))
    for measure, named in (("right", [one.regions for one in hits]), ("right_printed", [one.printed for one in hits])):
        if any(phrase.region in regions for regions in named) if phrase.region else hits and not any(named):
            yield measure


def _of_found(part: str, hits: Sequence[TruePhrase], same: bool) -> Iterator[str]:
    """Yield the measures that a found phrase of a part counts for. hits: the true phrases that overlap it."""
    of_part = any((one.region or NO_PART) == part for one in hits)
    measures = ("extracted", "confirmed", "confirmed_exact", "confirmed_region")
    yield from compress(measures, (True, hits, same, of_part))


def overlap(one: FoundPhrase | TruePhrase, other: FoundPhrase | TruePhrase) -> bool:
    """Whether two phrases share a character."""
    return max(one.start, other.start) < min(one.end, other.end)


def _core(caption: str, phrase: FoundPhrase | TruePhrase, language: str) -> tuple[int, int]:
    """A phrase's characters without leading articles, numerals and classifiers."""
    leading = _leading_words(language).match(caption, phrase.start, phrase.end)
    return (leading.end() if leading else phrase.start), phrase.end


@cache
def _leading_words(language: str) -> re.Pattern[str]:
    words = grammar("vi")["counts"] if language == "vi" else ARTICLES
    return re.compile(rf"(?:(?:{'|'.join(words)})\s+)+", re.IGNORECASE)
