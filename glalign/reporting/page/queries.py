"""What the page's list of queries reads: captions, pictures, and the ranks and first images of each query."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glalign.contract.phrase_rows import Phrase, read_phrase_rows
from glalign.contract.query_ids import split_query
from glalign.contract.records import Record, read_manifest
from glalign.contract.regions import REGIONS
from glalign.evaluation.nuisances import HARDEST
from glalign.evaluation.ranking import RankRow
from glalign.planning.figure_stages import HARDEST_NAMES
from glalign.planning.page_stage import PageTestset
from glalign.reporting.nuisance_levels import read_levels
from glalign.reporting.page.results import Ranked
from glalign.reporting.page.sprites import COLUMNS, PER_SHEET, TILE, sheets

TOP = 10
NOTHING = (1 << 16) - 1
"""In place of an image that is not there."""

ABSENT = -128
"""In place of the cosine of a part that is not there."""

CAUSES = (
    ("hit", "found first"),
    ("tie", "an image of another person has the same score"),
    ("unclear", "the oracle, which knows every attribute that the caption names, does not find it first either"),
    ("unmapped", "no phrase of the caption names a region of the body"),
    ("near", "no such reason, and found among the first ten"),
    ("far", "no such reason, and not among the first ten"),
)
"""What goes with a result of a query: (name, sentence). The first that holds counts. None is proven to be why."""

HARD = {**HARDEST_NAMES, "blur": "Blurred image"}
"""Nuisance -> what the list calls its hardest level. Bit n of a query's number is the n-th one."""


def cause_of(row: RankRow, unclear: bool, unmapped: bool) -> int:
    """The number of the first of CAUSES that holds. unclear: the oracle misses. unmapped: no phrase has a region."""
    if row.hits[0] == 1:
        return 0
    holds = (row.best[0] == 1, unclear, unmapped, row.hits[0] <= TOP, True)
    return 1 + holds.index(True)


@dataclass(frozen=True)
class Shown:
    """The queries of a test set, as the page lists them.

    places: image -> its number in the gallery. hard: nuisance -> (Q,) whether a query has its hardest level; only those
    that are known.
    """

    testset: PageTestset
    queries: tuple[str, ...]
    records: tuple[Record, ...]
    places: Mapping[str, int]
    phrases: Mapping[tuple[str, int], Sequence[Phrase]]
    hard: Mapping[str, NDArray[np.bool_]]


def shown_queries(testsets: Iterable[PageTestset], ranked: Mapping[str, list[Ranked]]) -> list[Shown]:
    """The test sets with a manifest and at least one result. ranked: test set -> results."""
    return [_shown(one, ranked[one.id][0]) for one in testsets if one.id in ranked and Path(one.manifest).is_file()]


def query_data(shown: Sequence[Shown], ranked: Mapping[str, list[Ranked]], oracle: str) -> dict[str, Any]:
    """The JSON data of the list. oracle: the system that knows what captions name, or empty."""
    tiles = {name: {image: n for n, image in enumerate(files)} for name, files in _pictures(shown).items()}
    results = (item for one in shown for item in _results(one, ranked[one.testset.id], oracle))
    return {
        "top": TOP,
        "nothing": NOTHING,
        "absent": ABSENT,
        "regions": REGIONS,
        "causes": CAUSES,
        "hard": list(HARD.values()),
        "tile": {"width": TILE[0], "height": TILE[1], "columns": COLUMNS, "perSheet": PER_SHEET},
        "testsets": {one.testset.id: _testset(one, tiles) for one in shown},
        "results": dict(results),
    }


def picture_sheets(shown: Iterable[Shown]) -> dict[str, list[str]]:
    """Dataset of pictures -> data URIs of its sheets, for the test sets that show images."""
    return {pictures: sheets(list(paths.values())) for pictures, paths in _pictures(shown).items()}


def _shown(testset: PageTestset, first: Ranked) -> Shown:
    records = tuple(record for record in read_manifest(testset.manifest) if record.split in testset.splits)
    places = {record.image: place for place, record in enumerate(records)}
    phrases = read_phrase_rows(testset.phrases) if testset.phrases and Path(testset.phrases).is_file() else {}
    names, persons = [row.query for row in first.shown], [row.person for row in first.shown]
    hard: dict[str, NDArray[np.bool_]] = {}
    current = all(split_query(name).image in places for name in names)  # ranks may be older than the data
    if current and testset.truth and all(Path(path).is_file() for path in (testset.truth, testset.translation) if path):
        found = read_levels(testset.truth, testset.translation, names, persons, testset.id)
        hard = {name: level.queries for name in HARD for level in found[name] if level.name == HARDEST[name]}
    return Shown(testset, tuple(names), records, places, phrases, hard)


def _pictures(shown: Iterable[Shown]) -> dict[str, dict[str, Path]]:
    """Dataset of pictures -> image -> file, in the order of the sheets."""
    found: dict[str, dict[str, Path]] = {}
    for one in shown:
        if one.testset.images is not None and Path(one.testset.images).is_dir():
            files = found.setdefault(one.testset.pictures, {})
            for record in one.records:
                files.setdefault(record.image, Path(one.testset.images, record.image))
    return found


def _testset(one: Shown, tiles: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """Gallery and queries. A caption is left out where neither captions nor images are shown."""
    visible = one.testset.images is not None
    places = tiles.get(one.testset.pictures, {}) if visible else {}
    return {
        "label": one.testset.label,
        "language": one.testset.language,
        "visible": visible,
        "pictures": one.testset.pictures,
        "gallery": [[record.image, record.person, places.get(record.image, -1)] for record in one.records],
        "hard": [number for number, name in enumerate(HARD) if name in one.hard],
        "queries": [[*_query(one, query, visible), hard] for query, hard in zip(one.queries, _hard(one), strict=True)],
    }


def _hard(one: Shown) -> list[int]:
    """Of every query, a number whose bits are the nuisances that it has at their hardest level."""
    bits = np.zeros(len(one.queries), np.int64)
    for number, name in enumerate(HARD):
        if name in one.hard:
            bits |= one.hard[name].astype(np.int64) << number
    return [int(number) for number in bits]


def _query(one: Shown, query: str, visible: bool) -> list[Any]:
    """[number of its image, number of its caption, words, caption, [start, end, region] of its mapped phrases]."""
    image, index = split_query(query).key
    index = NOTHING if index is None else index
    place = one.places.get(image, NOTHING)
    captions = one.records[place].captions if place != NOTHING else ()
    caption = captions[index] if index < len(captions) else ""
    spans = [
        [phrase["start"], phrase["end"], REGIONS.index(phrase["region"])]
        for phrase in one.phrases.get((image, index), ())
        if phrase["region"] is not None
    ]
    return [place, index, len(caption.split()), *((caption, spans) if visible else ("", []))]


def _results(one: Shown, results: Sequence[Ranked], oracle: str) -> Iterable[tuple[str, dict[str, Any]]]:
    """(key, label, scenarios and codes) of every result that ranked the same queries."""
    knows = next((result for result in results if result.run.system == oracle), None)
    missed = {row.query for row in knows.shown if row.hits[0] > 1} if knows else set()
    mapped = {key for key, phrases in one.phrases.items() if any(phrase["region"] for phrase in phrases)}
    for result in results:
        if tuple(row.query for row in result.shown) == one.queries:
            about = {"label": result.run.label, "trainset": result.run.trainset, "seed": result.run.seed}
            about |= {"testset": one.testset.id, "scenarios": result.result.scenarios}
            about |= {"codes": _codes(one, result.shown, missed, mapped)}
            if parts := result.summary.parts:
                about |= {
                    "parts": [REGIONS.index(part) for part in parts],
                    "cosines": _cosines(result.shown, len(parts)),
                }
            yield result.result.key, about


def _codes(one: Shown, rows: Sequence[RankRow], missed: set[str], mapped: set[tuple[str, int]]) -> str:
    """Per query the rank of its first positive, the number of its cause, and the gallery numbers of the first images:
    16-bit numbers, little end first, in base64."""
    codes = np.full((len(rows), 2 + TOP), NOTHING, "<u2")
    for code, row in zip(codes, rows, strict=True):
        unmapped = bool(one.phrases) and split_query(row.query).key not in mapped
        code[:2] = min(row.hits[0], NOTHING), cause_of(row, row.query in missed, unmapped)
        top = [one.places.get(image, NOTHING) for image, _ in row.top[:TOP]]
        code[2 : 2 + len(top)] = top
    return base64.b64encode(codes.tobytes()).decode()


def _cosines(rows: Sequence[RankRow], parts: int) -> str:
    """Per query and image of the first ones, the cosine of each part in hundredths: 8-bit numbers, in base64."""
    codes = np.full((len(rows), TOP, parts), ABSENT, np.int8)
    for code, row in zip(codes, rows, strict=True):
        for place, line in enumerate(row.cosines[:TOP]):
            code[place] = [ABSENT if cosine is None else round(100 * cosine) for cosine in line]
    return base64.b64encode(codes.tobytes()).decode()
