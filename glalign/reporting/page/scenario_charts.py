"""The charts of a scenario: Rank-1 of all systems, Rank-k against the size of the gallery, and what Rank-1 costs."""

from collections.abc import Mapping
from dataclasses import dataclass

from glalign.evaluation.gallery_size import expected_ranks, gallery_sizes
from glalign.evaluation.metrics import KS, half_up
from glalign.planning.page_stage import PageScenario
from glalign.reporting.page.charts import Chart, DotPlot, dot_plot, line_chart, scatter
from glalign.reporting.page.read_runs import Run
from glalign.reporting.page.read_tables import Table
from glalign.reporting.page.scenarios import Scenario

DRAWN = 4
"""Systems whose curves are drawn: the best ones and the paper's own. The table below the chart has all."""


@dataclass(frozen=True)
class Charts:
    """The charts of a scenario. sizes: numbers of other people. by_size: system, k, Rank-k at each size."""

    dots: DotPlot | None
    gallery: Chart | None
    sizes: tuple[int, ...]
    by_size: tuple[tuple[str, ...], ...]
    minutes: Chart | None
    memory: Chart | None


def charts_of(scenario: Scenario, tables: Mapping[str, Table], runs: Mapping[str, Run], own: str) -> Charts:
    """The charts of a scenario. runs: key -> run. own: the paper's system, which is drawn whatever its rank."""
    ranked = {cell.label: one for cell, one in scenario.ran}
    known = {label: one.ahead for label, one in ranked.items() if one.ahead}
    sizes = gallery_sizes(next(iter(known.values())).others) if known else []
    curves = {label: expected_ranks(one, sizes) for label, one in known.items()}
    rivals = [cell.label for cell, _ in scenario.ran if cell.competes]
    ours = [cell.label for cell, _ in scenario.ran if cell.system == own]
    drawn = list(dict.fromkeys([*rivals[: DRAWN - 1], *ours, *rivals]))[:DRAWN]
    costs = {cell.label: (runs[one.run.key], one.rank(1)) for cell, one in scenario.ran if cell.competes}
    timed = {
        label: (run.times, rank)
        for label, (run, rank) in costs.items()
        if run.times and run.record and run.record.steps  # one that is not fine-tuned takes no time to train
    }
    return Charts(
        dots=_dots(scenario, tables),
        gallery=line_chart(
            {label: list(zip(map(float, sizes), curves[label][0], strict=True)) for label in drawn
             if label in curves and min(sizes) > 0}, "other people in the gallery", "Rank-1 (%)", log=True,
        ),
        sizes=tuple(sizes),
        by_size=tuple(
            (label, f"Rank-{k}", *(half_up(float(rank)) for rank in curves[label][row]))
            for label in curves for row, k in enumerate(KS)
        ),
        minutes=scatter(
            {label: (times.wall / 60, rank) for label, (times, rank) in timed.items()}, "minutes of training",
            "Rank-1 (%)",
        ),
        memory=scatter(
            {label: (times.peak_mib, rank) for label, (times, rank) in timed.items() if times.peak_mib},
            "peak memory of the training (MiB)", "Rank-1 (%)",
        ),
    )  # fmt: skip


def tables_of(plan: PageScenario) -> tuple[str, str]:
    """The names of a scenario's table and of its extended one."""
    return f"table{plan.table}", f"table{plan.table}_extended"


def _dots(scenario: Scenario, tables: Mapping[str, Table]) -> DotPlot | None:
    """The rows of the extended table, or of the paper's where the extended one is not there."""
    found = (tables[one] for one in tables_of(scenario.plan)[::-1] if one in tables)
    table = next((one for one in found if one.state != "missing"), None)
    return dot_plot(table.dicts(), table.links) if table else None
