"""docs/tuning.md: the learning rate of every system, chosen on validation identities from one grid."""

from collections.abc import Sequence
from pathlib import Path

from glalign.config.typed_json import read_typed
from glalign.contract.results import RunRecord
from glalign.evaluation.metrics import half_up
from glalign.planning.search_stages import TuningSpec
from glalign.reporting.partial_releases import partial_note
from glalign.storage.whole_files import write_text
from glalign.support.errors import UserError

HEAD = """# Learning rates of the demo

Every system that trains was trained once with each rate of the same grid, on the same {pairs} image-caption pairs of a
training set; the rate with the best Rank-1 on its validation identities, the lower one of equals, is the system's
`optim.lr` in `config/demo.yaml` (for Vietnamese captions the one under `by_language`). What is trained on other sets of
the same language, and an ablation, has its system's rate. The test set is not looked at. The best of a training's
validations counts, as everywhere in the suite.

Made by

    make tuning

which runs `snakemake --cores 1 {target}` ({trainings} trainings) and copies the result here. Validation Rank-1 in
percent, the chosen rate in bold:

"""


def make_tuning(spec: TuningSpec, document: Path) -> None:
    """Write the table of validation Rank-1. Raises: UserError for a training without validation identities."""
    from tabulate import tabulate  # noqa: PLC0415

    rates = spec.rates
    lines, pairs = [], set()
    for row in spec.rows:
        runs = [read_typed(path, RunRecord) for path in row.runs]
        values = [run.selected.val_rank1 for run in runs if run.selected.val_rank1 is not None]
        if len(values) < len(rates):
            lacking = f"{row.trainset} has no validation identities to choose a rate by"
            raise UserError(f"tuning.trainsets: {lacking}; name another")
        pairs |= {run.pairs for run in runs}
        best = best_rate(rates, values)
        cells = [f"**{half_up(v)}**" if rate == best else half_up(v) for rate, v in zip(rates, values, strict=True)]
        lines.append([row.label, row.trainset, *cells, f"{best:g}"])
    heads = ["system", "trainset", *(f"{rate:g}" for rate in rates), "chosen"]
    table = tabulate(lines, headers=heads, tablefmt="github", disable_numparse=True)
    shown = " or ".join(f"{count:,}" for count in sorted(pairs))
    head = HEAD.format(pairs=shown, target=spec.target, trainings=len(rates) * len(lines))
    note = partial_note(spec.rows)
    write_text(document, f"{head}{table}\n" + (f"\n{note}.\n" if note else ""))


def best_rate(rates: Sequence[float], values: Sequence[float]) -> float:
    """The rate of the largest value, the lowest of equals.

    >>> best_rate([0.1, 0.01], [5.0, 5.0])
    0.01
    """
    return max(zip(values, (-rate for rate in rates), strict=True))[1] * -1
