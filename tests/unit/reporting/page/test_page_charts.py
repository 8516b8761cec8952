"""The charts' geometry: axes that reach every value, places that follow the values, names that cover nothing."""

import math
from itertools import combinations, pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from glalign.reporting.page.charts import WIDTH, Chart, dot_plot, line_chart, scatter, ticks, width_of

VALUES = st.floats(0, 1e5).map(lambda value: round(value, 3))


@given(low=VALUES, span=st.floats(0.001, 1e5))
def test_ticks_are_few_and_reach_both_ends(low: float, span: float) -> None:
    found = ticks(low, low + span)
    assert found[0] <= low + span * 1e-6
    assert found[-1] >= low + span - span * 1e-6
    assert 2 <= len(found) <= 7
    steps = {round((after - before) / span, 6) for before, after in pairwise(found)}
    assert max(steps) - min(steps) < 1e-3


@given(st.lists(st.tuples(st.floats(1, 1e5), st.floats(0, 100)), min_size=1, max_size=30), st.booleans())
def test_places_are_inside_the_axes_and_in_the_order_of_the_values(points: list, log: bool) -> None:
    chart = line_chart({"a": points}, "x", "y", log=log)
    assert chart
    places = chart.lines[0].points
    assert all(chart.left <= x <= chart.right and chart.top <= y <= chart.bottom for x, y in places)
    by_x = [place[0] for _, place in sorted(zip(points, places, strict=True))]
    assert by_x == sorted(by_x)
    by_y = [place[1] for _, place in sorted(zip(points, places, strict=True), key=lambda one: one[0][1])]
    assert by_y == sorted(by_y, reverse=True)


NAMES = (
    "GNA-RNN", "Dual-path CNN", "Method in [14]", "ViTAA", "SRCF", "IRRA", "PLOT", "RaSa", "M-IRRA", "Method in [13]",
    "TBPS-CLIP, simplified", "CLIP, not fine-tuned", "GLAlign", "GLAlign, global only", "GLAlign, local only",
)  # fmt: skip


NO_ROOM_BESIDE = [
    (1.0, 5.0), (1.0, 26.0), (3.0, 5.0), (9.0, 55.0), (1.0, 5.0), (1.0, 5.0), (2.0, 21.0), (2.0, 13.0), (1.5, 18.0),
    (1.0, 5.0), (5.0, 14.0), (1.0, 33.0), (6.0, 41.0), (8.0, 41.0), (1.0, 14.0),
]  # fmt: skip
"""Points that leave a long name no room beside, above or below its own."""


def boxes_of(chart: Chart) -> list[tuple[float, float, float, float]]:
    """(left, top, right, bottom) of the names of a chart."""
    lefts = [name.x if name.anchor == "start" else name.x - width_of(name.text) for name in chart.names]
    pairs = zip(chart.names, lefts, strict=True)
    return [(left, name.y - 10, left + width_of(name.text), name.y + 3) for name, left in pairs]


def check_names(chart: Chart | None) -> None:
    """No name covers another one, a point or the numbers of an axis."""
    assert chart
    boxes = boxes_of(chart)
    for one, other in combinations(boxes, 2):
        assert one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3] or other[1] >= one[3]
    for x, y in (line.points[0] for line in chart.lines):
        assert not any(left < x < right and top < y < bottom for left, top, right, bottom in boxes)
    assert min(left for left, *_ in boxes) >= chart.left - 0.1
    assert max(bottom for *_, bottom in boxes) <= chart.bottom + 0.1
    assert max(right for _, _, right, _ in boxes) <= WIDTH + 0.1


def test_names_of_near_points_cover_neither_each_other_nor_a_point() -> None:
    check_names(scatter({f"System {n}": (1.5 + n / 50, 40 + n % 3) for n in range(10)}, "minutes", "Rank-1"))


def test_a_name_stands_beside_its_point_where_there_is_room() -> None:
    chart = scatter({name: (1 + 4 * n, 10 + 11 * n) for n, name in enumerate(NAMES[:3])}, "minutes", "Rank-1")
    assert chart
    for name, (left, _, right, bottom) in zip(chart.names, boxes_of(chart), strict=True):
        assert min(abs(left - name.point[0]), abs(right - name.point[0])) <= 8.1
        assert abs(bottom - 7 - name.point[1]) <= 1


def test_names_of_many_near_points_stay_near() -> None:
    chart = scatter({name: (5.0, 30 + n / 10) for n, name in enumerate(NAMES)}, "minutes", "Rank-1")
    assert chart
    boxes, points = boxes_of(chart), [name.point for name in chart.names]
    far = [
        math.hypot(max(left - x, x - right, 0), max(top - y, y - bottom, 0))
        for (left, top, right, bottom), (x, y) in zip(boxes, points, strict=True)
    ]
    assert max(far) < 130


@settings(deadline=None)
@example([(1.0, 5.0)] * len(NAMES))
@example(NO_ROOM_BESIDE)
@given(st.lists(st.tuples(st.floats(0.1, 10), st.floats(5, 60)), min_size=1, max_size=len(NAMES)))
def test_names_of_the_systems_wherever_their_points_lie(points: list[tuple[float, float]]) -> None:
    check_names(scatter(dict(zip(NAMES, points, strict=False)), "minutes", "Rank-1"))


def test_a_dot_plot_shows_ours_the_interval_and_the_paper() -> None:
    row = {"method": "A", "rank1": "50", "rank1_lo": "45", "rank1_hi": "60", "rank1_paper": "100", "status": "x"}
    missing = {"method": "B", "rank1": "", "rank1_lo": "", "rank1_hi": "", "rank1_paper": "0", "status": "not run"}
    nothing = missing | {"method": "C", "rank1_paper": ""}
    plot = dot_plot([row, missing, nothing], ["run-a", "", ""])
    assert plot
    middle = (plot.left + plot.right) / 2
    assert [dot.label for dot in plot.dots] == ["A", "B"]
    assert plot.dots[0].x == pytest.approx(middle, abs=0.1)
    assert plot.dots[0].low < plot.dots[0].x < plot.dots[0].high < plot.dots[0].paper
    assert plot.dots[1].x < 0
    assert plot.dots[1].paper == pytest.approx(plot.left)
    assert "not run" in plot.dots[1].title
    assert dot_plot([nothing], [""]) is None
