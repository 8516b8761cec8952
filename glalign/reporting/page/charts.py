"""The geometry of the page's charts: what the template draws as SVG. Sizes are in pixels, y grows downwards."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

WIDTH = 360
"""Of every chart: a phone shows it at its size."""

DASHES = ("", "7 3", "2 3", "9 3 2 3")
MARKS = ("circle", "square", "triangle", "diamond")
"""How the lines of a chart differ, besides in colour."""

NAMES = 132  # width of the names beside a dot plot
ROW = 22
LETTER, CAPITAL = 7.0, 8.6  # widths of letters of a label in wide fonts


@dataclass(frozen=True)
class Tick:
    """A mark of an axis. at: its place along the axis."""

    at: float
    text: str


@dataclass(frozen=True)
class Dot:
    """A row of a dot plot. low, high: ends of its interval. paper: place of the printed value, None without one."""

    label: str
    y: float
    x: float
    low: float
    high: float
    paper: float | None
    title: str
    link: str


@dataclass(frozen=True)
class DotPlot:
    """Percentages of systems, one below the other."""

    height: int
    left: int
    right: int
    ticks: tuple[Tick, ...]
    dots: tuple[Dot, ...]


@dataclass(frozen=True)
class Line:
    """A line of a chart. points: its places. dash, mark: how it is drawn."""

    label: str
    number: int
    points: tuple[tuple[float, float], ...]
    dash: str
    mark: str


@dataclass(frozen=True)
class Name:
    """The name of a point. anchor: start or end of the text, at x. point: the point's place. title: its values."""

    x: float
    y: float
    anchor: str
    text: str
    point: tuple[float, float]
    title: str


@dataclass(frozen=True)
class Chart:
    """Lines, or points with names, over two axes. marked: a place to mark."""

    height: int
    left: float
    right: float
    top: float
    bottom: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    x_title: str
    y_title: str
    lines: tuple[Line, ...] = ()
    names: tuple[Name, ...] = ()
    marked: tuple[float, float] | None = None


def dot_plot(rows: Sequence[Mapping[str, str]], links: Sequence[str]) -> DotPlot | None:
    """Rank-1 of the rows of a results table that have ours or the paper's; None without any."""
    left, right = NAMES + 4, WIDTH - 12

    def at(percent: str) -> float:
        return round(left + (right - left) * float(percent) / 100, 1)

    dots: list[Dot] = []
    for row, link in zip(rows, links, strict=True):
        ours, printed, y = row["rank1"], row.get("rank1_paper", ""), 12 + ROW * len(dots)
        if not ours and not printed:
            continue
        said = f"ours {ours} % ({row['rank1_lo']} to {row['rank1_hi']})" if ours else f"ours {row['status']}"
        title = f"{row['method']}: {said}" + (f", paper {printed} %" if printed else "")
        bounds = (at(row["rank1_lo"]), at(row["rank1_hi"])) if ours else (0.0, 0.0)
        place = at(ours) if ours else -1.0
        paper = at(printed) if printed else None
        dots.append(Dot(row["method"], y, place, *bounds, paper=paper, title=title, link=link))
    ticks = tuple(Tick(at(str(value)), str(value)) for value in (0, 25, 50, 75, 100))
    return DotPlot(40 + ROW * len(dots), left, right, ticks, tuple(dots)) if dots else None


def line_chart(
    lines: Mapping[str, Sequence[tuple[float, float]]],
    x_title: str,
    y_title: str,
    log: bool = False,
    height: int = 200,
    marked: tuple[float, float] | None = None,
) -> Chart | None:
    """Lines over common axes; None without points. log: whether the horizontal axis is logarithmic."""
    points = [point for line in lines.values() for point in line]
    if not points:
        return None
    frame = _frame(points, x_title, y_title, log, height)
    drawn = tuple(
        Line(label, n, tuple(_place(frame, *point) for point in line), DASHES[n % 4], MARKS[n % 4])
        for n, (label, line) in enumerate(lines.items())
    )
    return frame.chart(lines=drawn, marked=_place(frame, *marked) if marked else None)


def scatter(points: Mapping[str, tuple[float, float]], x_title: str, y_title: str) -> Chart | None:
    """Labelled points; None without any."""
    if not points:
        return None
    frame = _frame([(0, 0), *points.values()], x_title, y_title, log=False, height=260)
    placed = {label: _place(frame, *point) for label, point in points.items()}
    titles = {label: f"{label}: {x_title} {x:.4g}, {y_title} {y:.4g}" for label, (x, y) in points.items()}
    lines = tuple(Line(label, 0, (place,), "", "circle") for label, place in placed.items())
    return frame.chart(lines=lines, names=_names(frame.base, placed, titles))


@dataclass(frozen=True)
class _Frame:
    """The axes of a chart and their scales. x, y: (lowest, highest) value, x as its logarithm where `log`."""

    base: Chart
    x: tuple[float, float]
    y: tuple[float, float]
    log: bool

    def chart(self, **parts: object) -> Chart:
        return Chart(**{**vars(self.base), **parts})


def _frame(points: Sequence[tuple[float, float]], x_title: str, y_title: str, log: bool, height: int) -> _Frame:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    x_values, y_values = _decades(min(xs), max(xs)) if log else ticks(min(xs), max(xs)), ticks(min(0, *ys), max(ys))
    ends = (x_values[0], x_values[-1])
    x_range = (math.log(ends[0]), math.log(ends[1])) if log else ends
    base = Chart(height, 44, WIDTH - 14, 10, height - 38, (), (), x_title, y_title)
    frame = _Frame(base, x_range, (y_values[0], y_values[-1]), log)
    x_ticks = tuple(Tick(_place(frame, value, 0)[0], f"{value:,.10g}") for value in x_values)
    y_ticks = tuple(Tick(_place(frame, x_values[0], value)[1], f"{value:,.10g}") for value in y_values)
    return _Frame(Chart(**{**vars(base), "x_ticks": x_ticks, "y_ticks": y_ticks}), x_range, frame.y, log)


def _place(frame: _Frame, x: float, y: float) -> tuple[float, float]:
    base, value = frame.base, math.log(x) if frame.log else x
    across = (value - frame.x[0]) / (frame.x[1] - frame.x[0])
    up = (y - frame.y[0]) / (frame.y[1] - frame.y[0])
    return round(base.left + across * (base.right - base.left), 1), round(
        base.bottom - up * (base.bottom - base.top), 1
    )


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """At most `most` round values that reach from at or below `low` to at or above `high`.

    >>> ticks(0, 48), ticks(90, 720)
    ([0, 10, 20, 30, 40, 50], [0, 200, 400, 600, 800])
    """
    if high - low <= 1e-6 * max(1.0, abs(low), abs(high)):  # one value
        low, high = math.floor(low), math.floor(low) + 1
    size = 10 ** math.floor(math.log10((high - low) / most))
    for step in (size, 2 * size, 5 * size, 10 * size, 20 * size):
        first, last = math.floor(low / step + 1e-9), max(math.ceil(high / step - 1e-9), math.floor(low / step) + 1)
        if last - first < most:
            break
    return [round(place * step, 10) for place in range(first, last + 1)]


def _decades(low: float, high: float) -> list[float]:
    """Round values around a range of positive numbers: 1, 2 and 5 times powers of ten, thinned where there are many.

    >>> _decades(30, 700)
    [20.0, 50.0, 100.0, 200.0, 500.0, 1000.0]
    """
    exponents = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    values = [round(digit * 10.0**power, 10) for power in exponents for digit in (1, 2, 5)]
    first = max(place for place, value in enumerate(values) if value <= low)
    last = min(place for place, value in enumerate(values) if value >= high and place > first)
    kept = values[first : last + 1]
    return kept if len(kept) <= 7 else [kept[0], *(v for v in kept[1:-1] if f"{v:e}"[0] == "1"), kept[-1]]


def _names(base: Chart, placed: Mapping[str, tuple[float, float]], titles: Mapping[str, str]) -> tuple[Name, ...]:
    """Names beside their points, each at the nearest place between the axes where it covers no point and no name."""
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y in placed.values()]
    found, steps = [], range(-base.height // 6, base.height // 6)
    near = sorted(
        ((away, 6 * step) for away in range(8, WIDTH, 12) for step in steps), key=lambda one: (math.hypot(*one), one)
    )
    for label, (x, y) in sorted(placed.items(), key=lambda item: (item[1][1], item[1][0])):
        width = width_of(label)
        middle = min(max(x - width / 2, base.left), WIDTH - width)  # above and below, where the sides lack the width
        places = [
            (y + 4 + shift, *side)
            for away, shift in near
            for side in (("start", x + away, x + away), ("end", x - away, x - away - width), ("start", middle, middle))
        ]
        # A long name has little room beside or above its point: then anywhere, the nearest first.
        lines, lefts = (
            range(int(base.top) + 8, int(base.bottom) - 2, 6),
            range(int(base.left), int(WIDTH - width) + 1, 12),
        )
        grid = product(lines, lefts)
        nearest = sorted(grid, key=lambda one: (math.hypot(one[1] + width / 2 - x, one[0] - y), one))
        places += [(float(line), "start", float(left), float(left)) for line, left in nearest]
        upright = [one for one in places if base.top + 8 <= one[0] <= base.bottom - 3] or places
        inside = [one for one in upright if one[3] >= base.left and one[3] + width <= WIDTH] or upright
        boxes = {one: (one[3], one[0] - 10, one[3] + width, one[0] + 3) for one in inside}
        free = (one for one, box in boxes.items() if not any(_overlap(box, other) for other in taken))
        chosen = next(free, inside[0])
        taken.append(boxes[chosen])
        found.append(Name(round(chosen[2], 1), round(chosen[0], 1), chosen[1], label, (x, y), titles[label]))
    return tuple(found)


def width_of(label: str) -> float:
    """The width that a name takes at most."""
    return sum(CAPITAL if letter.isupper() else LETTER for letter in label)


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether two boxes (left, top, right, bottom) have a point in common."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
