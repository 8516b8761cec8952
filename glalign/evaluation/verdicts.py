"""What an effect says about a claim: supported, contradicted or open, and how many queries would decide it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from glalign.evaluation.effects import Effect
from glalign.evaluation.paired_tests import POWER, McNemarResult, holm

MOST_QUERIES = 1_000_000
"""No test set has more; an effect that needs them is too small to be decided."""

Verdict = Literal["supported", "contradicted", "open"]


@dataclass(frozen=True)
class Assertion:
    """What a claim says about an effect: it lies above `above`, or within `within` of `about`."""

    above: float = 0.0
    about: float | None = None
    within: float = 0.0

    def margin(self, value: float) -> float:
        """How far a value lies inside what is asserted; negative outside of it."""
        return value - self.above if self.about is None else self.within - abs(value - self.about)

    def bound(self, value: float) -> float:
        """The bound of what is asserted that is nearest to a value."""
        return self.above if self.about is None else self.about + math.copysign(self.within, value - self.about)


def p_value(effect: Effect, assertion: Assertion) -> float:
    """Two-sided p-value of the margin being 0, by the t distribution. Of the two bounds around `about`, the nearer.

    For an effect inside of both bounds this is twice the p-value of two one-sided tests (Schuirmann 1987). Where all
    people agree, their spread is not known: 1.
    """
    from scipy.stats import t  # noqa: PLC0415  slow to import

    margin, error = abs(assertion.margin(effect.value)), effect.error_at(assertion.bound(effect.value))
    return 2 * float(t.sf(margin / error, effect.freedom)) if error else 1.0


def judged(p_adjusted: float | None, margin: float, level: float) -> Verdict:
    """The verdict on one comparison. p_adjusted: by Holm within the claim; None where nothing was compared."""
    if p_adjusted is None or p_adjusted >= level or not margin:
        return "open"
    return "supported" if margin > 0 else "contradicted"


def adjusted(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's adjustment of the p-values that are there. A comparison that was not made is no test of the family."""
    made = iter(holm([p for p in p_values if p is not None]))
    return [None if p is None else next(made) for p in p_values]


def summary(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict on a claim: supported if every comparison is, contradicted if any is, else open."""
    if "contradicted" in verdicts:
        return "contradicted"
    return "supported" if set(verdicts) == {"supported"} else "open"


def needed_queries(effect: Effect, assertion: Assertion, level: float) -> int | None:
    """Queries that would decide a margin as large as this one in 80 of 100 samples at `level`.

    With as many queries per person and as many seeds. None for no margin, where the seeds alone leave it open, where
    all people agree, whose spread is then not known, or for more than `MOST_QUERIES`.
    """
    from scipy.stats import norm  # noqa: PLC0415  slow to import

    reach = float(norm.ppf(1 - level / 2) + norm.ppf(POWER))
    left = (assertion.margin(effect.value) / reach) ** 2 - effect.by_seed**2
    told = left > 0 and effect.by_person > 0
    return _at_most(effect.n * effect.by_person**2 / left) if told else None


def needed_pairs(result: McNemarResult, level: float) -> int | None:
    """Pairs with which McNemar's test would find a gap as large as this one in 80 of 100 samples at `level`.

    Connor (Biometrics 1987), eq. 1, solved for n. None for no gap, or for more than `MOST_QUERIES`.
    """
    from scipy.stats import norm  # noqa: PLC0415

    gap, discordant = (result.b - result.c) / result.n, (result.b + result.c) / result.n
    if not gap:
        return None
    reach = norm.ppf(1 - level / 2) * math.sqrt(discordant) + norm.ppf(POWER) * math.sqrt(discordant - gap**2)
    return _at_most(float(reach / gap) ** 2)


def _at_most(queries: float) -> int | None:
    return math.ceil(queries) if queries <= MOST_QUERIES else None
