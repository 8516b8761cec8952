"""The table of the paper's claims: what each comparison says, and the verdict that follows."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

from glalign.evaluation.metrics import half_up
from glalign.evaluation.verdicts import (
    Assertion,
    Verdict,
    adjusted,
    judged,
    needed_pairs,
    needed_queries,
    p_value,
    summary,
)
from glalign.planning.claim_specs import AnyCompared, ClaimRow, ClaimsSpec
from glalign.reporting.claim_effects import Found, find_effect
from glalign.reporting.mcnemar import format_p_value
from glalign.reporting.partial_releases import join_notes, with_partial_notes, with_partial_title
from glalign.reporting.plain_table import number, write_plain
from glalign.reporting.tex_text import escape

COLUMNS = (
    "claim", "comparison", "verdict", "effect", "low", "high", "unit", "asserted", "printed", "p", "p_adjusted", "n",
    "seeds", "needed_queries", "systems", "scenarios", "test", "caveat", "note", "where", "text", "profile",
)  # fmt: skip
HEADS = {
    "claim": ("Claim", escape), "comparison": ("Comparison", escape),
    "effect": ("Effect", number(2)), "low": ("from", number(2)), "high": ("to", number(2)),
    "asserted": ("Asserted", escape), "p_adjusted": ("p (Holm)", format_p_value), "n": ("n", number(0)),
    "verdict": ("Verdict", escape), "needed_queries": ("Needed", number(0)), "printed": ("Paper", number(2)),
}  # fmt: skip
ALL = "every comparison"
"""Names the row of a claim as a whole, where several comparisons decide it."""

OF_OTHER_DATA = "the printed value is about the paper's data"
"""Why a printed value is neither supported nor contradicted by other data."""

NOTES = (
    "Effect in points, with its 95\\,\\% interval: by a bootstrap over persons, with the spread over seeds where there "
    "are several. p: of an effect at the bound of what is asserted, by Holm within the claim. Supported: every "
    "comparison lies inside of what is asserted at p $<$ 0.05 (C4: 0.01); contradicted: one lies outside of it; open: "
    "neither, or a printed value where the data are not the paper's. Needed: queries that would decide as large a "
    "distance from the bound with 80\\,\\% power, up to a million. "
)


def make_claims(spec: ClaimsSpec, csv: Path, tex: Path) -> None:
    """Write one row per claim, and below it one per comparison where there are several, as CSV and LaTeX."""
    rows = [row for claim in spec.claims for row in _rows(claim, spec)]
    title = with_partial_title(spec.title, [one for claim in spec.claims for one in claim.comparisons])
    texts = " ".join(f"{claim.claim}: {claim.text}" for claim in spec.claims)
    write_plain(rows, HEADS, title, csv, tex, NOTES + escape(texts))


def _rows(claim: ClaimRow, spec: ClaimsSpec) -> Iterator[dict[str, str]]:
    compared = with_partial_notes(claim.comparisons)
    found = [find_effect(one, spec) for one in claim.comparisons]
    assertions = [_assertion(one) for one in compared]
    p_values = [_p_value(*pair) for pair in zip(found, assertions, strict=True)]
    p_adjusted = adjusted(p_values)
    verdicts: list[Verdict] = []
    rows = []
    for one, own, assertion, p, p_holm in zip(compared, found, assertions, p_values, p_adjusted, strict=True):
        row = _head(claim, one.name, spec) | {"systems": one.systems, "scenarios": one.scenarios}
        row |= {"printed": one.printed if spec.show_paper_values else "", "note": join_notes(one.note, own.note)}
        verdict: Verdict = "open"
        if assertion and own.effect and p is not None:
            if spec.data_note and assertion.about is not None:
                row["note"] = join_notes(row["note"], OF_OTHER_DATA)
            else:
                verdict = judged(p_holm, assertion.margin(own.effect.value), one.level)
            row |= _cells(own, assertion, p, p_holm, one.level / len(compared))
        verdicts.append(verdict)
        rows.append(row | {"asserted": _asserted(one), "verdict": _worded(verdict, spec)})
    if len(rows) > 1:
        yield _summary(claim, rows, verdicts, spec)
    yield from rows


def _head(claim: ClaimRow, comparison: str, spec: ClaimsSpec) -> dict[str, str]:
    """A row with its first cells, the others empty."""
    named = {"claim": claim.claim, "text": claim.text, "where": claim.where, "caveat": claim.caveat}
    return dict.fromkeys(COLUMNS, "") | named | {"profile": spec.profile, "comparison": comparison}


def _assertion(one: AnyCompared) -> Assertion | None:
    """What is asserted of the effect; None where it is a printed value that the paper lacks."""
    if one.within is None:
        return Assertion(above=one.above)
    return Assertion(about=float(one.printed), within=one.within) if one.printed else None


def _asserted(one: AnyCompared) -> str:
    """What is asserted, in the words of the table."""
    return f"above {one.above:g}" if one.within is None else f"paper's ± {one.within:g}"


def _p_value(found: Found, assertion: Assertion | None) -> float | None:
    """Of McNemar's test and the bootstrap the larger, where the claim names McNemar's."""
    if found.effect is None or assertion is None:
        return None
    p = p_value(found.effect, assertion)
    return max(p, found.tested.p) if found.tested else p


def _cells(own: Found, assertion: Assertion, p: float, p_holm: float | None, level: float) -> dict[str, str]:
    assert own.effect
    bounds = map(half_up, (own.effect.value, *own.effect.interval()))
    if own.tested:
        n, needed = own.tested.n, needed_pairs(own.tested, level)
    else:
        n, needed = own.effect.n, needed_queries(own.effect, assertion, level)
    return {
        **dict(zip(("effect", "low", "high"), bounds, strict=True)),
        "unit": "points",
        "test": own.test,
        "p": f"{p:.6g}",
        "p_adjusted": "" if p_holm is None else f"{p_holm:.6g}",
        "n": str(n),
        "seeds": str(own.effect.seeds),
        "needed_queries": "" if needed is None else str(needed),
    }


def _worded(verdict: Verdict, spec: ClaimsSpec) -> str:
    """A verdict, and on what, where that is not the paper's data."""
    return f"{verdict} on {spec.data_note}" if spec.data_note else verdict


def _summary(
    claim: ClaimRow, rows: Sequence[dict[str, str]], verdicts: Sequence[Verdict], spec: ClaimsSpec
) -> dict[str, str]:
    """The row of the claim as a whole: the queries that its last open comparison needs, and how many say what."""
    counts = ", ".join(f"{verdicts.count(one)} {one}" for one in get_args(Verdict))
    needed = [int(row["needed_queries"]) for row in rows if row["needed_queries"]]
    absent = sum(row["note"].startswith("not run") for row in rows)
    cells = {
        "verdict": _worded(summary(verdicts), spec),
        "needed_queries": str(max(needed)) if needed else "",
        "test": "every comparison, Holm",
        "note": join_notes(f"{len(rows)} comparisons: {counts}", f"{absent} not run" if absent else ""),
    }
    return _head(claim, ALL, spec) | cells
