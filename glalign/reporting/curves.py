"""Validation curves: validation Rank-1 in the course of a training."""

from collections.abc import Sequence
from dataclasses import dataclass

from glalign.contract.results import RunRecord

BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class Curve:
    """Validation Rank-1 in percent after some of the steps of a training."""

    steps: int
    points: tuple[tuple[int, float], ...]

    @classmethod
    def of(cls, run: RunRecord) -> "Curve | None":
        """The curve of a training; None without validation people."""
        points = tuple((step, rank1) for step, rank1 in run.validations if rank1 is not None)
        return cls(run.steps, points) if points else None

    def best(self, share: float = 1.0) -> float | None:
        """The best value within a share of the steps; None if nothing was validated by then.

        >>> Curve(4, ((1, 10.0), (2, 30.0), (3, 25.0), (4, 31.0))).best(0.75)
        30.0
        """
        return max((rank1 for step, rank1 in self.points if step <= share * self.steps), default=None)

    @property
    def last_quarter(self) -> float | None:
        """What the last quarter of the steps added to the best value, in points.

        >>> Curve(4, ((1, 10.0), (2, 30.0), (3, 25.0), (4, 31.0))).last_quarter
        1.0
        """
        before, end = self.best(0.75), self.best()
        return None if before is None or end is None else end - before


def sparkline(values: Sequence[float], highest: float) -> str:
    """One bar per value; its height is the value's share of `highest`.

    >>> sparkline([0.0, 50.0, 100.0], 100.0)
    '▁▅█'
    """
    steps = len(BARS) - 1
    return "".join(BARS[round(min(max(value / highest, 0.0), 1.0) * steps)] for value in values)
