"""Which order of systems holds in every seed."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A system in the order of the means.

    Args:
        name: Of the system.
        tier: From 1. Every system of a tier lies above every one of the tiers below it in every seed.
        scores: One per seed.
        difference: Mean over the seeds of its score minus that of the system below; None for the last.
        deviation: Sample standard deviation of that difference.
        holds: Seeds in which it lies above the system below; an equal score is not above.
    """

    name: str
    tier: int
    scores: tuple[float, ...]
    difference: float | None = None
    deviation: float | None = None
    holds: int | None = None


def seed_order(scores: Mapping[str, Sequence[float]]) -> list[Place]:
    """The systems by their mean over the seeds, best first; those of equal means in the order given.

    scores: system -> its score in each seed, at least two and as many for every system. A tier ends where no seed has a
    system below as good as one above: with pairs of neighbours alone, the first could fall behind the third.
    Raises: ValueError for fewer seeds, or other numbers of them.

    >>> [(place.name, place.tier) for place in seed_order({"a": (1, 2), "b": (8, 9), "c": (9, 8)})]
    [('b', 1), ('c', 1), ('a', 2)]
    """
    if scores and (min(map(len, scores.values())) < 2 or len(set(map(len, scores.values()))) > 1):
        raise ValueError("an order over seeds takes two seeds or more, the same for every system")
    names = sorted(scores, key=lambda name: -statistics.fmean(scores[name]))
    places, tier = [], 1
    for number, name in enumerate(names):
        own = tuple(scores[name])
        if number + 1 == len(names):
            places.append(Place(name, tier, own))
            break
        gaps = [one - other for one, other in zip(own, scores[names[number + 1]], strict=True)]
        holds = sum(gap > 0 for gap in gaps)
        places.append(Place(name, tier, own, statistics.fmean(gaps), statistics.stdev(gaps), holds))
        above, below = names[: number + 1], names[number + 1 :]
        tier += all(a > b for up in above for down in below for a, b in zip(scores[up], scores[down], strict=True))
    return places
