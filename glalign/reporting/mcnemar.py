"""The table of paired tests: languages, ablations, and the paper's system against every other."""

from fractions import Fraction
from functools import cache
from pathlib import Path

from glalign.evaluation import paired_tests
from glalign.evaluation.metrics import half_up
from glalign.evaluation.ranking import RankRow
from glalign.evaluation.ranks_file import read_ranks
from glalign.planning.report_stages import McNemarSpec
from glalign.reporting.partial_releases import with_note_column, with_partial_notes, with_partial_title
from glalign.reporting.plain_table import number, write_plain
from glalign.reporting.tex_text import escape
from glalign.support.random_streams import seed_for


def format_p_value(p: str) -> str:
    """A p-value with four decimals, or the bound that it lies below.

    >>> format_p_value("3e-05"), format_p_value("0.25")
    ('$<$ 0.0001', '0.2500')
    """
    return "$<$ 0.0001" if Fraction(p) < Fraction(1, 10_000) else half_up(Fraction(p), 4)


HEADS = {
    "pair": ("Pair", escape), "scenarios": ("Scenario", escape), "queries": ("Queries", escape),
    "n": ("n", number(0)), "b": ("b", number(0)), "c": ("c", number(0)),
    "statistic": ("Statistic", number(2)), "exact": ("Exact", escape),
    "p": ("p", format_p_value), "p_holm": ("p (Holm)", format_p_value),
    "gap": ("Gap", number(2)), "gap_lo": ("from", number(2)), "gap_hi": ("to", number(2)),
    "detectable": ("Detectable", number(2)),
}  # fmt: skip
NOTES = (
    "b, c: queries whose first image is right under the first, the second system only. Exact binomial test below 25 "
    "such queries, else chi-square with continuity correction; Holm within a family (languages, ablations, "
    "baselines of a scenario) and a set of queries. Gap: Rank-1 of the first minus the second in points, with its "
    "95\\,\\% interval by a bootstrap over persons. Of several draws of a test set the first. "
    "Detectable: smallest gap found with 80\\,\\% power."
)


def make_mcnemar(spec: McNemarSpec, csv: Path, tex: Path) -> None:
    """Write the tests as CSV and LaTeX.

    Every test is made twice: on all paired queries (of the first draw, where there are several), and on the first
    caption of each person (D15).
    """

    @cache
    def ranks(path: str) -> list[RankRow]:
        return paired_tests.rows_of_first_draw(read_ranks(path)[0])

    rows, p_values, families, notes = [], [], [], []
    for test in with_partial_notes(spec.tests):
        sides = (ranks(test.first), ranks(test.second))
        names = test.model_dump(include={"family", "pair", "scenarios"})
        pick = paired_tests.first_query_per_person
        for queries, (first, second) in (("all", sides), ("first captions", (pick(sides[0]), pick(sides[1])))):
            cells, p = _cells(paired_tests.pair_hits(first, second, (test.first, test.second)), spec)
            rows.append({**names, "queries": queries, **cells})
            p_values.append(p)
            families.append((test.family, test.scenarios if test.family == "baselines" else "", queries))
            notes.append(test.note)
    for row, p_holm in zip(rows, paired_tests.holm_by_family(p_values, families), strict=True):
        row["p_holm"] = f"{p_holm:.6g}"
    title = with_partial_title(spec.title, spec.tests)
    write_plain(with_note_column(rows, notes), HEADS, title, csv, tex, NOTES)


def _cells(pair: paired_tests.PairedHits, spec: McNemarSpec) -> tuple[dict[str, str], float]:
    """Cells of a test, its `p_holm` still empty, and its p-value."""
    result = paired_tests.mcnemar(pair)
    cells = {"n": str(result.n), "b": str(result.b), "c": str(result.c), "statistic": half_up(result.statistic, 4)}
    cells |= {"exact": "yes" if result.exact else "no", "p": f"{result.p:.6g}", "p_holm": ""}
    gap = paired_tests.gap_interval(pair, spec.bootstrap, seed_for(spec.root_seed, "cluster bootstrap"))
    cells |= dict(zip(("gap", "gap_lo", "gap_hi"), map(half_up, gap), strict=True))
    smallest = paired_tests.detectable_gap(result.n, result.b + result.c)
    return {**cells, "detectable": "" if smallest is None else half_up(smallest)}, result.p
