"""The examples of Figure 3: for each cause a query that GLAlign misses, with or without local alignment."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glalign.config.typed_json import NOT_MADE
from glalign.contract.figures import Answer, Counts, FailureCase, FailureExample, Retrieved
from glalign.contract.query_ids import query_id, split_query
from glalign.contract.records import queries, read_manifest
from glalign.evaluation.nuisances import HARDEST
from glalign.evaluation.paired_tests import rows_of_first_draw
from glalign.evaluation.ranking import RankRow
from glalign.evaluation.ranks_file import read_ranks
from glalign.planning.figure_stages import HARDEST_NAMES, FailureData
from glalign.reporting.nuisance_levels import read_levels
from glalign.storage.json_files import read_json
from glalign.support.errors import UserError

TOP = 3
"""Images of the gallery that are shown of each system."""

RULE = (
    "Of each cause the first query, in the order of the test set, that has the hardest level of this cause and of none "
    "of the other three, and whose person at least one of the two systems does not find first. Levels: those of "
    "nuisance.csv. The numbers count all queries with this cause alone; that the cause is why a system misses is not "
    "shown."
)


def case(data: FailureData) -> FailureCase:
    """A cause with its example, or with the reason why it has none. Raises: UserError for files that do not fit."""
    if data.note:
        return FailureCase.from_fields_of(data, counts=None, example=None)
    full, without = (rows_of_first_draw(read_ranks(path)[0]) for path in (data.full, data.without))
    if [row.query for row in full] != [row.query for row in without]:
        raise UserError(f"{data.without}: has other queries than {data.full}; delete both and run again")
    alone, details = _alone(data, full)
    found = np.array([[row.hits[0] == 1 for row in rows] for rows in (full, without)])
    counts = Counts(
        both=_count(alone & found[0] & found[1]),
        only_full=_count(alone & found[0] & ~found[1]),
        only_global=_count(alone & ~found[0] & found[1]),
        neither=_count(alone & ~found[0] & ~found[1]),
    )
    missed = np.flatnonzero(alone & ~found.all(axis=0))
    if not missed.size:
        wanted = "has this cause alone" if not alone.any() else "with this cause alone is missed by either system"
        return FailureCase.from_fields_of(data, note=f"no query {wanted}", counts=counts, example=None)
    place = int(missed[0])
    return FailureCase.from_fields_of(
        data, counts=counts, example=_example(data, full[place], without[place], details[place])
    )


def _alone(data: FailureData, rows: Sequence[RankRow]) -> tuple[NDArray[np.bool_], list[str]]:
    """(Q,) queries at the hardest level of the cause and of no other; a sentence on the cause in each query."""
    names, persons = [row.query for row in rows], [row.person for row in rows]
    found, alone = read_levels(data.truth, data.translation, names, persons, data.scenario), np.ones(len(rows), bool)
    for cause in HARDEST_NAMES:
        hard = [level.queries for level in found[cause] if level.name == HARDEST[cause]]
        holds = hard[0] if hard else np.zeros(len(rows), dtype=bool)
        alone &= holds if cause == data.cause else ~holds
    values = found[data.cause][0].values  # known: the plan names the files that tell it
    return alone, [_detail(data.cause, value) for value in values.tolist()]


def _detail(cause: str, value: float) -> str:
    match cause:
        case "ambiguity":
            return f"The caption fits {value:.0f} people of the gallery."
        case "light":
            return f"The image is of the darkest third, with {value:.2f} of its light."
        case "occlusion":
            return "Something stands before the person."
        case _:
            return f"The translation has {value:.0f} wrong phrase{'s' if value > 1 else ''}."


def _example(data: FailureData, full: RankRow, without: RankRow, detail: str) -> FailureExample:
    records = [record for record in read_manifest(data.manifest) if record.split in data.splits]
    name = split_query(full.query)
    asked = {query.id: query for query in queries(records)}.get(query_id(*name.key))
    if asked is None:
        raise UserError(f"{data.manifest}: has no query {full.query} of {data.full}; run the workflow again")
    wrong = _wrong_phrases(data, full.query)
    return FailureExample(
        query=full.query,
        image=asked.image,
        caption=asked.caption if data.shown else "",
        detail=" ".join([detail, *wrong]) if data.shown else detail,
        without=_answer(data.without_label, without),
        full=_answer(data.full_label, full),
    )


def _wrong_phrases(data: FailureData, query: str) -> list[str]:
    """A sentence on each phrase that the translation of a caption got wrong."""
    if data.cause != "translation":
        return []
    image, caption = split_query(query).key
    entry: Mapping[str, Sequence[Mapping[str, Any]]] = read_json(data.translation, NOT_MADE)[image][caption]
    return [
        f"“{one['source']['text']}” " + (f"became “{one['target']['text']}”." if one["target"] else "is lost.")
        for one in entry["phrases"]
        if one["wrong"] and one["region"] is not None
    ]


def _answer(label: str, row: RankRow) -> Answer:
    """Ranks of hits count ties against the query, as the order of the first images does."""
    top = tuple(Retrieved(image=image, hit=place in row.hits) for place, (image, _) in enumerate(row.top[:TOP], 1))
    return Answer(label=label, first=row.hits[0], top=top)


def _count(chosen: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(chosen))
