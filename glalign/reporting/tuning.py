"""docs/tuning.md: the learning rate of every system, chosen on validation identities, and validation curves."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from glalign.config.typed_json import read_typed
from glalign.contract.results import RunRecord
from glalign.evaluation.metrics import half_up
from glalign.planning.search_stages import CurveRow, TuningSpec
from glalign.reporting.curves import Curve, sparkline
from glalign.reporting.partial_releases import partial_note
from glalign.storage.whole_files import write_text
from glalign.support.errors import UserError

FLAT = 2.0
"""Points that the last quarter of a training may add to its best validation Rank-1 where the curve counts as flat."""

HEAD = """# Length and learning rates of the demo

**One rule for all.** Every training of the demo reads the same number of image-caption pairs ({pairs}) with the same
course of the learning rate (a short rise, then a cosine down to zero). No training is stopped before its end; the
weights of its best validation count. The length is the same for all and was chosen once, from curves like those
below. A training counts as flat if its last quarter adds less than {limit:g} points to its best validation Rank-1;
one that is not flat would gain from more steps.

**One grid for all.** Every system that trains was trained once with each rate of the same grid on a training set of
each language; the rate with the best Rank-1 on its validation identities, the lower one of equals, is the system's
`optim.lr` in `config/demo.yaml` (for Vietnamese captions the one under `by_language`). Trainings on other sets of the
same language, and ablations, use the rate of their system. The test set is not looked at.

Made by

    make tuning

which runs `snakemake --cores 1 {target}` ({curves} trainings of the tables and {trainings} with the other rates) and
copies the result here.

## Rates

Validation Rank-1 in percent, the chosen rate in bold:

"""

CURVES = """## Curves

Validation Rank-1 in percent of the tables' trainings on these training sets, with the chosen rates. Columns: the
course (the tallest bar is {highest}), the best value within the first quarter, half and three quarters of the steps
and at the end, and the gain of the last quarter. {count}

"""


def make_tuning(spec: TuningSpec, document: Path) -> None:
    """Write rates and curves. Raises: UserError for a training without validation identities."""
    runs = [[read_typed(path, RunRecord) for path in row.runs] for row in spec.rows]
    curves = [(row, Curve.of(read_typed(row.run, RunRecord))) for row in spec.curves]
    pairs = sorted({run.pairs for row in runs for run in row})
    head = HEAD.format(
        pairs=" or ".join(f"{count:,}" for count in pairs), limit=FLAT, target=spec.target, curves=len(curves),
        trainings=len({path for row in spec.rows for path in row.runs} - {row.run for row in spec.curves}),
    )  # fmt: skip
    note = partial_note(spec.rows)
    parts = [head + _rates(spec, runs), _curves([(row, curve) for row, curve in curves if curve])]
    write_text(document, "\n".join([*parts, *([f"{note}.\n"] if note else [])]))


def _rates(spec: TuningSpec, runs: Sequence[Sequence[RunRecord]]) -> str:
    lines = []
    for row, records in zip(spec.rows, runs, strict=True):
        values = [run.selected.val_rank1 for run in records if run.selected.val_rank1 is not None]
        if len(values) < len(spec.rates):
            lacking = f"{row.trainset} has no validation identities to choose a rate by"
            raise UserError(f"tuning.trainsets: {lacking}; name another")
        best = best_rate(spec.rates, values)
        pairs = zip(spec.rates, values, strict=True)
        cells = [f"**{half_up(v)}**" if rate == best else half_up(v) for rate, v in pairs]
        lines.append([row.label, row.trainset, *cells, f"{best:g}"])
    ends = sum(line[-1] in (f"{spec.rates[0]:g}", f"{spec.rates[-1]:g}") for line in lines)
    table = _table(["system", "trainset", *(f"{rate:g}" for rate in spec.rates), "chosen"], lines)
    beyond = f"\n{ends} of {len(lines)} chosen rates are an end of the grid; the best may lie beyond it.\n"
    return table + (beyond if ends else "")


def _curves(curves: Sequence[tuple[CurveRow, Curve]]) -> str:
    highest = max((rank1 for _, curve in curves for _, rank1 in curve.points), default=0.0) or 100.0
    lines, rising = [], 0
    for row, curve in curves:
        course = sparkline([rank1 for _, rank1 in curve.points], highest)
        best, gain = [curve.best(share) for share in (0.25, 0.5, 0.75, 1.0)], curve.last_quarter
        rises = gain is None or gain >= FLAT
        rising += rises
        shown = ["-" if value is None else half_up(value) for value in (*best, gain)]
        lines.append([row.label, row.trainset, course, *shown[:-1], f"**{shown[-1]}**" if rises else shown[-1]])
    heads = ["system", "trainset", "course", "1/4", "1/2", "3/4", "end", "last quarter"]
    count = f"Flat by the rule: {len(lines) - rising} of {len(lines)}; the others are in bold." if lines else ""
    return CURVES.format(highest=half_up(highest), count=count) + _table(heads, lines)


def _table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    from tabulate import tabulate  # noqa: PLC0415

    return tabulate(lines, headers=heads, tablefmt="github", disable_numparse=True) + "\n"


def best_rate(rates: Sequence[float], values: Sequence[float]) -> float:
    """The rate of the largest value, the lowest of equals.

    >>> best_rate([0.1, 0.01], [5.0, 5.0])
    0.01
    """
    return max(zip(values, (-rate for rate in rates), strict=True))[1] * -1
