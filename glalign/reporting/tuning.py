"""docs/tuning.md: learning rate and length of every system, chosen on validation identities, and validation curves."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from textwrap import fill

from glalign.config.typed_json import read_typed
from glalign.contract.results import RunRecord
from glalign.evaluation.metrics import half_up
from glalign.planning.search_stages import CurveRow, TuningSpec
from glalign.reporting.curves import Curve, sparkline
from glalign.reporting.partial_releases import partial_note
from glalign.storage.whole_files import write_text
from glalign.support.errors import UserError

FLAT = 2.0
"""A curve is flat if the last quarter of its training adds fewer points than this to its best validation Rank-1."""

WIDTH = 120

HEAD = """# Length and learning rates of the demo

Every training of the demo has batches of one size and the same course of the learning rate (a short rise, then a cosine
down to zero), and reads {pairs} image-caption pairs. No training is stopped before its
end; the weights of its best validation count. The test set is not looked at. A training counts as flat if its last
quarter adds less than {limit:g} points to its best validation Rank-1.

**One grid for all.** Every system that trains was trained once with each rate of the same grid on a training set of
each language ({trainsets}){first}. The rate with the best Rank-1 on its validation identities is taken, the lower one
of equals. It is the system's `optim.lr` in `config/demo.yaml` (for Vietnamese captions the one under `by_language`).
Trainings on other sets of the same language, and ablations, use the rate of their system.
{rule}
Made by

    make tuning

which runs `snakemake --cores 1 {target}` ({of_tables} trainings of the tables and {trainings} others) and copies the
result here.

## Rates

Validation Rank-1 in percent, the chosen rate in bold:

"""

FIRST = ", for {steps:,} steps or for its own length if that is shorter or in epochs"

RULE = """
**One rule for the length.** The lengths are {steps} steps, tried from the shortest on with the rate that is
configured. A system and its ablations have one length for each language: the first at which all of their curves on
all training sets of that language are flat, the longest if there is none. In `config/demo.yaml` it is `budget.steps`
for English captions, and `budget.steps` times the `length` under `by_language` (1 where there is none) for Vietnamese
ones. Flat does not mean best: the rule bounds what more steps might add, and does not choose the length with the
highest value. Each length is a training of its own, and two of them may differ by several points by chance.

A system of one's own starts at the shortest length, and is given the next one, if there is one, as long as the last
value in any of its rows of `Lengths` is in bold.
"""

LENGTHS = """## Lengths

Best validation Rank-1 in percent at each length, and in brackets what the last quarter added, in bold where the
training is not flat:

"""

CURVES = """## Curves

Validation Rank-1 in percent of the tables' trainings on every training set, with the chosen rates and lengths.
Columns: the course (the tallest bar is {highest}), the best value within the first quarter, half and three quarters
of the steps and at the end, and the gain of the last quarter. {count}

"""


def make_tuning(spec: TuningSpec, document: Path) -> None:
    """Write rates, lengths and curves. Raises: UserError for a training without validation identities."""
    records = {path: read_typed(path, RunRecord) for path in spec.runs()}
    curves = [(row, Curve.of(records[row.run])) for row in spec.curves]
    tables = {row.run for row in spec.curves}
    pairs = sorted({record.pairs for record in records.values()})
    tried = spec.steps if spec.by_length else ()
    head = HEAD.format(
        pairs=_listed(pairs, "or"), limit=FLAT, target=spec.target, of_tables=len(tables),
        trainsets=", ".join(dict.fromkeys(row.trainset for row in spec.by_rate)),
        trainings=len(records) - len(tables), first=FIRST.format(steps=tried[0]) if tried else "",
        rule=RULE.format(steps=_listed(tried, "and")) if tried else "",
    )  # fmt: skip
    note = partial_note((*spec.by_rate, *spec.by_length))
    parts = [_wrapped(head) + _rates(spec, records), *([LENGTHS + _lengths(spec, records)] if tried else [])]
    if drawn := [(row, curve) for row, curve in curves if curve]:
        parts.append(_curves(drawn))
    write_text(document, "\n".join([*parts, *([f"{note}.\n"] if note else [])]))


def _listed(numbers: Sequence[int], word: str) -> str:
    """Numbers in a sentence.

    >>> _listed([720, 1080, 1440], "and")
    '720, 1,080 and 1,440'
    """
    *before, last = (f"{number:,}" for number in numbers)
    return f"{', '.join(before)} {word} {last}" if before else last


def _wrapped(text: str) -> str:
    """Markdown with lines of one width, whatever was filled in; headings and code stay as they are."""
    return "\n\n".join(map(_filled, text.rstrip("\n").split("\n\n"))) + "\n\n"


def _filled(part: str) -> str:
    return part if part.startswith(("#", " ")) else fill(part, WIDTH, break_on_hyphens=False)


def _rates(spec: TuningSpec, records: Mapping[str, RunRecord]) -> str:
    rates = sorted({rate for row in spec.by_rate for rate in row.rates})
    lines, chosen = [], {}
    for row in spec.by_rate:
        runs = [records[path] for path in row.runs]
        values = [run.selected.val_rank1 for run in runs if run.selected.val_rank1 is not None]
        if len(values) < len(row.rates):
            lacking = f"{row.trainset} has no validation identities to choose a rate by"
            raise UserError(f"tuning.trainsets: {lacking}; name another")
        best = chosen[row.label, row.trainset] = best_rate(row.rates, values)
        shown = {rate: half_up(value) for rate, value in zip(row.rates, values, strict=True)}
        cells = [f"**{shown[rate]}**" if rate == best else shown.get(rate, "") for rate in rates]
        lines.append([row.label, row.trainset, str(runs[0].steps), *cells, f"{best:g}"])
    table = _table(["system", "trainset", "steps", *(f"{rate:g}" for rate in rates), "best"], lines)
    grid = spec.by_rate[0].rates
    ends = sum(not min(grid) < rate < max(grid) for rate in chosen.values())
    beyond = f"\n{ends} of {len(chosen)} chosen rates are an end of the grid; the best may lie beyond it.\n"
    return table + (beyond if ends else "")


def _lengths(spec: TuningSpec, records: Mapping[str, RunRecord]) -> str:
    rows = [(row, [records[path] for path in row.runs]) for row in spec.by_length]
    steps = sorted({run.steps for _, runs in rows for run in runs})
    lines = []
    for row, runs in rows:
        curves = {run.steps: curve for run in runs if (curve := Curve.of(run))}
        cells = [f"{_points(curves[n].best())} ({_gain(curves[n])})" if n in curves else "" for n in steps]
        lines.append([row.label, row.trainset, *cells, str(runs[-1].steps)])
    return _table(["system", "trainset", *map(str, steps), "steps"], lines)


def is_flat(curve: Curve) -> bool:
    """Whether the last quarter added fewer points than FLAT, to nine digits: Rank-1 is a quotient in percent."""
    return curve.last_quarter is not None and round(curve.last_quarter, 9) < FLAT


def _gain(curve: Curve) -> str:
    """What the last quarter added, in bold where the curve is not flat."""
    shown = _points(curve.last_quarter)
    return shown if is_flat(curve) else f"**{shown}**"


def _points(value: float | None) -> str:
    return "-" if value is None else half_up(value)


def _curves(curves: Sequence[tuple[CurveRow, Curve]]) -> str:
    highest = max((rank1 for _, curve in curves for _, rank1 in curve.points)) or 100.0
    lines, rising = [], 0
    for row, curve in curves:
        course = sparkline([rank1 for _, rank1 in curve.points], highest)
        rising += not is_flat(curve)
        best = (_points(curve.best(share)) for share in (0.25, 0.5, 0.75, 1.0))
        lines.append([row.label, row.trainset, course, *best, _gain(curve)])
    heads = ["system", "trainset", "course", "1/4", "1/2", "3/4", "end", "last quarter"]
    count = f"Flat by the rule: {len(lines) - rising} of {len(lines)}; the others are in bold."
    return _wrapped(CURVES.format(highest=half_up(highest), count=count)) + _table(heads, lines)


def _table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    from tabulate import tabulate  # noqa: PLC0415

    return tabulate(lines, headers=heads, tablefmt="github", disable_numparse=True) + "\n"


def best_rate(rates: Sequence[float], values: Sequence[float]) -> float:
    """The rate of the largest value, the lowest of equals.

    >>> best_rate([0.1, 0.01], [5.0, 5.0])
    0.01
    """
    return max(zip(values, (-rate for rate in rates), strict=True))[1] * -1
