"""Levels of what makes a query hard: light, blur and occlusion of its image, ambiguity and translation of its caption.

They come from what the generator and the translator wrote beside the data (truth.json, translation.json).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from glalign.contract.query_ids import split_query

NUISANCES = ("light", "blur", "occlusion", "ambiguity", "translation")
Truth = Mapping[str, Any]
"""Image -> its entry in truth.json; in translation.json a list with an entry per caption."""


class Level(NamedTuple):
    """Queries of a level. span: of their values; queries: bool (Q,); values: of all queries, (Q,)."""

    name: str
    span: str
    queries: np.ndarray
    values: np.ndarray


def levels(
    nuisance: str, truth: Truth, translation: Truth | None, queries: Sequence[str], persons: Sequence[int | str]
) -> list[Level]:
    """The levels of a nuisance, easiest first, without those that no query has; empty where it is not known.

    queries (Q,): ids of all queries of the gallery; persons (Q,): of each.
    """
    values = _measured(nuisance, truth, translation, queries, persons)
    if values is None:
        return []
    if nuisance in COUNTED:
        return _counted(values, *COUNTED[nuisance])
    found = _thirds(values, [split_query(query).image for query in queries], THIRDS[nuisance])
    return found[::-1] if nuisance == "light" else found


def _measured(
    nuisance: str, truth: Truth, translation: Truth | None, queries: Sequence[str], persons: Sequence[int | str]
) -> np.ndarray | None:
    """(Q,) values of a nuisance, whose levels are `levels`; None where it is not known."""
    if nuisance == "translation":
        return None if translation is None else _wrong_phrases(translation, queries)
    if nuisance == "ambiguity":
        return fitting_people(truth, queries, persons)
    return np.array([MEASURES[nuisance](truth[split_query(query).image]["nuisance"]) for query in queries])


MEASURES: Mapping[str, Callable[[Mapping[str, Any]], float]] = {
    "light": lambda seen: seen["gain"],
    "blur": lambda seen: seen["blur"],
    "occlusion": lambda seen: seen["occluder"] != "none" or bool(seen.get("passer")),
}
"""Of an image: factor of the brightness; sigma of the blur in pixels; whether something stands before the person."""

THIRDS = {"light": ("dark", "medium", "bright"), "blur": ("sharp", "medium", "blurred")}
COVER = (("free", 0, 0), ("covered", 1, 1))
PEOPLE = (("one person", 0, 1), ("several people", 2, 10**9))
PHRASES = (("right", 0, 0), ("wrong", 1, 10**9))
"""Name, smallest and largest value of each level."""

COUNTED = {"occlusion": COVER, "ambiguity": PEOPLE, "translation": PHRASES}
HARDEST = {name: bins[-1][0] for name, bins in COUNTED.items()} | {"light": "dark", "blur": "blurred"}
"""Name of the hardest level, which a dataset need not have."""


def fitting_people(truth: Truth, queries: Sequence[str], persons: Sequence[int | str]) -> np.ndarray:
    """(Q,) people of the gallery with an image that contradicts no fact of the caption.

    A fact whose attribute an image does not show neither agrees with it nor contradicts it.
    """
    person = {split_query(query).image: one for query, one in zip(queries, persons, strict=True)}
    numbers = {one: number for number, one in enumerate(dict.fromkeys(person.values()))}
    owner = np.array([numbers[one] for one in person.values()])
    seen = [truth[image]["visible"] for image in person]
    contradicted: dict[tuple[str, str], np.ndarray] = {}
    counts = []
    for query in queries:
        fits = np.ones(len(seen), dtype=bool)
        for name, value in _of_caption(truth[split_query(query).image]["facts"], query):
            if (name, value) not in contradicted:
                contradicted[name, value] = np.array([one.get(name, value) != value for one in seen])
            fits &= ~contradicted[name, value]
        counts.append(len(np.unique(owner[fits])))
    return np.array(counts)


def _of_caption(entries: Sequence[Any], query: str) -> Any:
    """The entry of a query's caption among those of its image. Raises: KeyError for an id without a caption."""
    caption = split_query(query).caption
    if caption is None:
        raise KeyError(query)
    return entries[caption]


def _wrong_phrases(translation: Truth, queries: Sequence[str]) -> np.ndarray:
    """(Q,) phrases of a part of the body that the translation of the caption got wrong, as results/translation.csv."""
    phrases = [_of_caption(translation[split_query(query).image], query)["phrases"] for query in queries]
    return np.array([sum(one["wrong"] for one in own if one["region"] is not None) for own in phrases])


def _counted(values: np.ndarray, *bins: tuple[str, int, int]) -> list[Level]:
    """The levels of whole numbers: name, smallest and largest value."""
    found = [(name, (values >= low) & (values <= high)) for name, low, high in bins]
    return [Level(name, _span(values[queries], "{:.0f}"), queries, values) for name, queries in found if queries.any()]


def _thirds(values: np.ndarray, images: Sequence[str], names: Sequence[str]) -> list[Level]:
    """The lower, middle and upper third of the images."""
    of_image = dict(zip(images, values.tolist(), strict=True))
    bounds = np.quantile(np.array(list(of_image.values())), [1 / 3, 2 / 3])
    place = np.searchsorted(bounds, values, side="left")
    found = [(name, place == number) for number, name in enumerate(names)]
    return [Level(name, _span(values[queries], "{:.2f}"), queries, values) for name, queries in found if queries.any()]


def _span(values: np.ndarray, shown: str) -> str:
    low, high = shown.format(values.min()), shown.format(values.max())
    return low if low == high else f"{low} to {high}"
