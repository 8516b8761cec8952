"""The table of paired tests: languages, ablations, and the paper's system against every other."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from glalign.evaluation.metrics import half_up
from glalign.evaluation.ranking import RankRow
from glalign.evaluation.ranks_file import read_ranks
from glalign.evaluation.significance import (
    adjusted,
    detectable,
    first_captions,
    first_draw,
    gap_interval,
    joined,
    mcnemar,
)
from glalign.reporting.latex import escape
from glalign.reporting.partial_releases import stated, with_note
from glalign.reporting.plain_table import number, write_plain
from glalign.support.random_streams import seed_for

SMALLEST = Fraction(1, 10_000)  # p-value printed as such


def shown(p: str) -> str:
    """A p-value with four places, or the bound that it lies below.

    >>> shown("3e-05"), shown("0.25")
    ('$<$ 0.0001', '0.2500')
    """
    return "$<$ 0.0001" if Fraction(p) < SMALLEST else half_up(Fraction(p), 4)


HEADS = {
    "pair": ("Pair", escape),
    "scenarios": ("Scenario", escape),
    "queries": ("Queries", escape),
    "n": ("n", number(0)),
    "b": ("b", number(0)),
    "c": ("c", number(0)),
    "statistic": ("Statistic", number(2)),
    "exact": ("Exact", escape),
    "p": ("p", shown),
    "p_holm": ("p (Holm)", shown),
    "gap": ("Gap", number(2)),
    "gap_lo": ("from", number(2)),
    "gap_hi": ("to", number(2)),
    "detectable": ("Detectable", number(2)),
}
NOTES = (
    "b, c: queries whose first image is right under the first, the second system only. Exact binomial test below 25 "
    "such queries, else chi-square with continuity correction; Holm within a family (languages, ablations, "
    "baselines of a scenario) and a set of queries. Gap: Rank-1 of the first minus the second in points, with its "
    "95\\,\\% interval by a bootstrap over persons. Of several draws of a test set the first. "
    "Detectable: smallest gap found with 80\\,\\% power."
)


def make_mcnemar(spec: Mapping[str, Any], csv_path: Path, tex_path: Path) -> None:
    """Write the tests as CSV and LaTeX. spec: tests of {family, pair, scenarios, first, second (paths of ranks)},
    bootstrap (resamples), root_seed, title.

    Every test is made twice: on all paired queries (of the first draw, where there are several), and on the first
    caption of each person (D15).
    """
    spec = stated(spec)
    ranks: dict[str, list[RankRow]] = {}
    rows, found, families, notes = [], [], [], []
    for test in spec["tests"]:
        for path in (test["first"], test["second"]):
            if path not in ranks:
                ranks[path] = first_draw(read_ranks(path)[0])
        sides = [ranks[test["first"]], ranks[test["second"]]]
        for queries, chosen in (("all", sides), ("first captions", [first_captions(side) for side in sides])):
            pair = joined(*chosen, (test["first"], test["second"]))
            result = mcnemar(pair)
            gap = gap_interval(pair, spec["bootstrap"], seed_for(spec["root_seed"], "cluster bootstrap"))
            rows.append({**{key: test[key] for key in ("family", "pair", "scenarios")}, "queries": queries, "gap": gap})
            found.append(result)
            notes.append(test.get("note", ""))
            families.append((test["family"], test["scenarios"] if test["family"] == "baselines" else "", queries))
    table = [_row(*of) for of in zip(rows, found, adjusted(found, families), strict=True)]
    write_plain(with_note(table, notes), HEADS, spec["title"], csv_path, tex_path, NOTES)


def _row(names: Mapping[str, Any], result: Mapping[str, Any], p_holm: float) -> dict[str, str]:
    smallest = detectable(result["n"], result["b"] + result["c"])
    gap, low, high = (half_up(value) for value in names["gap"])
    return {
        **{key: names[key] for key in ("family", "pair", "scenarios", "queries")},
        **{key: str(result[key]) for key in ("n", "b", "c")},
        "statistic": half_up(result["statistic"], 4),
        "exact": "yes" if result["exact"] else "no",
        "p": f"{result['p']:.6g}",
        "p_holm": f"{p_holm:.6g}",
        "gap": gap,
        "gap_lo": low,
        "gap_hi": high,
        "detectable": "" if smallest is None else half_up(smallest),
    }
