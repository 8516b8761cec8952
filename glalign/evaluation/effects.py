"""Effects on hit rates with their uncertainty: people are redrawn, and the spread over training seeds is added.

An effect is a function of the hit rates of several sides, such as the difference of two. Sides that ask for the same
people are paired: a redrawn person brings all of its queries on every side. Other people are redrawn on their own.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from glalign.evaluation.metrics import LEVEL, numbered, redraws, wilson

FEWEST = 20
"""People that a side needs: the spread of fewer clusters says little (Cameron and Miller, J. Human Resources 2015)."""

Rates = np.ndarray
"""(..., sides) hit rates in percent."""


def difference(rates: Rates) -> np.ndarray:
    """First minus second, in points."""
    return np.asarray(rates[..., 0] - rates[..., 1])


def drop_difference(rates: Rates) -> np.ndarray:
    """Drop of the third to the fourth side minus the drop of the first to the second, in points."""
    return np.asarray((rates[..., 2] - rates[..., 3]) - (rates[..., 0] - rates[..., 1]))


def kept_difference(rates: Rates) -> np.ndarray:
    """Share of the first that the second side keeps minus that of the third that the fourth keeps, in points."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(100 * (rates[..., 1] / rates[..., 0] - rates[..., 3] / rates[..., 2]))


@dataclass(frozen=True)
class Side:
    """Hits of one system on a test set.

    Args:
        hits: (S, n) of each training seed and query: 0 or 1, or a probability.
        persons: (n,) of each query.
        people: Name of the numbering of the persons: sides of the same name ask for the same people.
    """

    hits: np.ndarray
    persons: Sequence[int | str]
    people: str


@dataclass(frozen=True)
class Effect:
    """An effect, and how uncertain it is.

    Args:
        value: Of the hit rates that are means over the seeds.
        by_person: Its standard error when other people are drawn.
        by_seed: Its standard error when other seeds are drawn; 0 for one seed, which does not tell.
        freedom: Degrees of freedom of the t distribution of both together (Satterthwaite, Biometrics 1946).
        n: Queries of the smallest side.
        seeds: Of the trainings.
    """

    value: float
    by_person: float
    by_seed: float
    freedom: float
    n: int
    seeds: int = 1

    @property
    def error(self) -> float:
        """Standard error."""
        return math.hypot(self.by_person, self.by_seed)

    def interval(self) -> tuple[float, float]:
        """Bounds of the 95 % interval."""
        from scipy.stats import t  # noqa: PLC0415  slow to import

        half = float(t.ppf((1 + LEVEL) / 2, self.freedom)) * self.error
        return self.value - half, self.value + half

    def error_at(self, bound: float) -> float:
        """Standard error if the true effect were `bound`, for a test of it; here the same everywhere."""
        return self.error


@dataclass(frozen=True)
class Share(Effect):
    """A share of independent cases, in percent, with Wilson's interval and the score test that it inverts."""

    def interval(self) -> tuple[float, float]:
        """Bounds of Wilson's 95 % interval."""
        return wilson(self.value * self.n / 100, self.n)

    def error_at(self, bound: float) -> float:
        """Standard error of a share whose true value is `bound`."""
        return math.sqrt(bound * (100 - bound) / self.n)


def estimate(sides: Sequence[Side], effect: Callable[[Rates], np.ndarray], resamples: int, seed: int) -> Effect | None:
    """The effect of these sides, by a bootstrap over persons; None for too few persons or a share of a rate of 0.

    A side without seeds of its own counts for every seed. Sides of the same number of people are redrawn by the same
    draws.
    """
    people = list(dict.fromkeys(side.people for side in sides))
    drawn = np.empty((resamples, len(sides)))
    for place, name in enumerate(people):
        own = [number for number, side in enumerate(sides) if side.people == name]
        person = numbered([one for number in own for one in sides[number].persons])
        parts = np.split(person, np.cumsum([len(sides[number].persons) for number in own])[:-1])
        size = int(person.max()) + 1
        chosen = _redraws(size, resamples, seed, place)
        for number, part in zip(own, parts, strict=True):
            hits = np.bincount(part, weights=sides[number].hits.sum(axis=0), minlength=size)
            queries = np.bincount(part, minlength=size) * len(sides[number].hits)
            with np.errstate(invalid="ignore"):
                drawn[:, number] = 100 * hits[chosen].sum(axis=1) / queries[chosen].sum(axis=1)
    seeds = max(len(side.hits) for side in sides)
    rates = 100 * np.stack([np.broadcast_to(side.hits.mean(axis=1), seeds) for side in sides], axis=-1)
    value, effects = float(effect(rates.mean(axis=0))), effect(drawn)
    effects = effects[np.isfinite(effects)]  # a draw of few people may have none of a side
    fewest = min(len(set(side.persons)) for side in sides)
    if fewest < FEWEST or not math.isfinite(value) or len(effects) < resamples / 2:
        return None
    by_person = float(effects.std(ddof=1))
    by_seed = float(effect(rates).std(ddof=1)) / math.sqrt(seeds) if seeds > 1 else 0.0
    freedom = _freedom(((by_person, fewest - 1), (by_seed, seeds - 1)))
    return Effect(value, by_person, by_seed, freedom, min(len(side.persons) for side in sides), seeds)


def _freedom(parts: Sequence[tuple[float, int]]) -> float:
    """Degrees of freedom of a sum of variances. parts: standard error and degrees of freedom of each."""
    total = sum(error**2 for error, _ in parts)
    if not total:
        return float(parts[0][1])
    return total**2 / sum(error**4 / freedom for error, freedom in parts if error)


@lru_cache(maxsize=4)
def _redraws(persons: int, resamples: int, seed: int, place: int) -> np.ndarray:
    """(resamples, persons): the numbers of the persons that are drawn."""
    return redraws(np.random.default_rng([seed, place]), persons, resamples)
