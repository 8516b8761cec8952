"""The scenarios of the page: the best systems of each, and how far the nearest two lie apart."""

from collections.abc import Mapping
from dataclasses import dataclass

from glalign.evaluation.metrics import LEVEL
from glalign.evaluation.paired_tests import gap_interval, mcnemar
from glalign.planning.page_stage import PageCell, PageScenario, PageSpec
from glalign.reporting.page.read_runs import Run
from glalign.reporting.page.results import Ranked, pair
from glalign.support.random_streams import seed_for


@dataclass(frozen=True)
class Gap:
    """Two systems whose Rank-1 differ by `points`, and its interval when whole persons are redrawn; p: McNemar's."""

    first: str
    second: str
    points: float
    low: float
    high: float
    p: float

    @property
    def told(self) -> bool:
        """Whether both the test and the interval tell the two apart."""
        return self.p < 1 - LEVEL and not self.low <= 0 <= self.high


@dataclass(frozen=True)
class Scenario:
    """A scenario. ran: cells with a result, by Rank-1 of the first seed, the highest first. planned: cells that are to
    run. gap: of the best two systems, None with fewer, or where they ranked other queries. behind: of the best system
    and the paper's, where that is not one of the two. below: gaps to the systems without a step of training below which
    the paper's system lies, by interval."""

    plan: PageScenario
    ran: tuple[tuple[PageCell, Ranked], ...]
    planned: int
    gap: Gap | None
    behind: Gap | None
    below: tuple[Gap, ...]

    @property
    def best(self) -> tuple[PageCell, Ranked] | None:
        """The best system; references do not compete."""
        return next(((cell, ranked) for cell, ranked in self.ran if cell.competes), None)

    @property
    def draws(self) -> int:
        """Draws of the test set that the results hold, 1 for one that is not drawn."""
        return max([1, *(len(ranked.summary.galleries) for _, ranked in self.ran)])

    @property
    def queries(self) -> int:
        """Queries of one draw, rounded; 0 without a result."""
        return round(len(self.ran[0][1].queries) / self.draws) if self.ran else 0

    @property
    def not_run(self) -> list[PageCell]:
        """The cells that the configuration does not run, with their reasons."""
        return [cell for cell in self.plan.cells if cell.note]


def read_scenarios(spec: PageSpec, results: Mapping[str, Ranked], runs: Mapping[str, Run]) -> list[Scenario]:
    """The scenarios of the page, in the order of the tables. runs: key -> run."""
    return [_scenario(spec, one, results, runs) for one in spec.scenarios]


def _scenario(spec: PageSpec, plan: PageScenario, results: Mapping[str, Ranked], runs: Mapping[str, Run]) -> Scenario:
    found = [(cell, results[cell.results[0]]) for cell in plan.cells if cell.results and cell.results[0] in results]
    ran = sorted(found, key=lambda one: (-one[1].rank(1), one[0].label))
    rivals = [ranked for cell, ranked in ran if cell.competes]
    ours = next((ranked for cell, ranked in ran if cell.system == spec.own), None)
    untrained = [one for one in rivals if (record := runs[one.run.key].record) and record.steps == 0]
    gaps = [gap_of(spec, plan.id, one, ours) for one in untrained] if ours else []
    return Scenario(
        plan=plan,
        ran=tuple(ran),
        planned=sum(bool(cell.results) for cell in plan.cells),
        gap=gap_of(spec, plan.id, *rivals[:2]) if len(rivals) > 1 else None,
        behind=gap_of(spec, plan.id, rivals[0], ours) if ours and any(ours is one for one in rivals[2:]) else None,
        below=tuple(gap for gap in gaps if gap and gap.low > 0),
    )


def gap_of(spec: PageSpec, scenario: str, first: Ranked, second: Ranked) -> Gap | None:
    """The gap between two results on the queries of the first draw; None where they ranked other queries."""
    hits = pair(first, second)
    if hits is None:
        return None
    points, low, high = gap_interval(hits, spec.bootstrap, seed_for(spec.root_seed, "page", scenario))
    return Gap(first.run.label, second.run.label, points, low, high, mcnemar(hits).p)
