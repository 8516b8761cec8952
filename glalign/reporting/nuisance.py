"""Rank-1 by level of what makes a query hard, and what local alignment adds at each level."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from glalign.evaluation import effects
from glalign.evaluation.effects import Effect, Side
from glalign.evaluation.metrics import half_up, share_interval
from glalign.evaluation.paired_tests import holm
from glalign.evaluation.verdicts import Assertion, p_value
from glalign.planning.nuisance_stages import NuisanceScenario, NuisanceSpec
from glalign.reporting.first_hits import FirstHits, read_seeds
from glalign.reporting.mcnemar import format_p_value
from glalign.reporting.nuisance_levels import read_levels
from glalign.reporting.partial_releases import join_notes
from glalign.reporting.plain_table import number, write_csv, write_tex
from glalign.reporting.tex_text import escape
from glalign.support.random_streams import seed_for

RANK = ("rank1", "rank1_lo", "rank1_hi")
GAIN = ("gain", "gain_lo", "gain_hi")
COLUMNS = (
    "scenario", "nuisance", "level", "span", "system", "label", "n", "persons", "seeds",
    *RANK, *GAIN, "p", "p_holm", "profile", "note",
)  # fmt: skip
CHANGE = "hardest minus easiest"
"""In place of a level: Rank-1, and the gain, at the hardest level minus that at the easiest."""

HEADS = {
    "scenario": ("Scenario", escape), "nuisance": ("Nuisance", escape), "level": ("Level", escape),
    "span": ("Span", escape), "n": ("n", number(0)),
    "rank1": ("Rank-1", number(2)), "rank1_lo": ("from", number(2)), "rank1_hi": ("to", number(2)),
    "gain": ("Gain", number(2)), "gain_lo": ("from", number(2)), "gain_hi": ("to", number(2)),
    "p_holm": ("p (Holm)", format_p_value),
}  # fmt: skip
NOTES = (
    "Rank-1 of the system with local alignment, and its gain over the one of the global branch alone, paired by query, "
    "with a 95\\,\\% interval by a bootstrap over persons; Holm within a scenario. Light: factor of the brightness; "
    "blur: sigma in pixels of 64 $\\times$ 128; ambiguity: people whom the caption fits; translation: wrong phrases."
)


def make_nuisance(spec: NuisanceSpec, csv: Path, tex: Path) -> None:
    """Write a row per scenario, nuisance, level and system as CSV, and those of the own system as LaTeX.

    A scenario whose data have no truth has one row, whose note says so.
    """
    rows = [row for scenario in spec.scenarios for row in _scenario(scenario, spec)]
    write_csv(rows, csv)
    write_tex([row for row in rows if row["system"] in ("", spec.own)], HEADS, spec.title, tex, NOTES)


def _scenario(scenario: NuisanceScenario, spec: NuisanceSpec) -> list[dict[str, str]]:
    if scenario.note:
        return [_row(scenario, spec) | {"note": scenario.note}]
    found = {one.system: read_seeds(one.ranks) for one in scenario.systems}
    rows, tests = list[dict[str, str]](), dict[int, float]()
    for nuisance, name, span, parts in _parts(scenario, next(iter(found.values()))[0]):
        for one in scenario.systems:
            files = found[one.system]
            row = _row(scenario, spec) | {"nuisance": nuisance, "level": name, "span": span}
            row |= {"system": one.system, "label": one.label, "seeds": str(len(files))}
            row |= _rank_cells([_side(files, part, scenario.people) for part in parts], spec)
            if one.system == spec.own and spec.without in found:
                pair = (files, found[spec.without])
                gain = _estimate([_side(own, part, scenario.people) for part in parts for own in pair], spec)
                if gain is None:
                    row["note"] = join_notes(row["note"], f"fewer than {effects.FEWEST} people")
                else:
                    row |= _cells(GAIN, gain.value, gain.interval())
                    tests[len(rows)] = p_value(gain, Assertion())
            rows.append(row)
    for (place, p), p_holm in zip(tests.items(), holm(list(tests.values())), strict=True):
        rows[place] |= {"p": f"{p:.6g}", "p_holm": f"{p_holm:.6g}"}
    return rows


def _row(scenario: NuisanceScenario, spec: NuisanceSpec) -> dict[str, str]:
    cells = {"profile": spec.profile, "scenario": scenario.scenario, "note": spec.data_note}
    return dict.fromkeys(COLUMNS, "") | cells


def _parts(scenario: NuisanceScenario, ranks: FirstHits) -> Iterator[tuple[str, str, str, tuple[np.ndarray, ...]]]:
    """Nuisance, level and span, with the queries of the level; and of the change, those of the easiest and the hardest.

    Raises: UserError for files that do not belong to the queries.
    """
    found = read_levels(scenario.truth, scenario.translation, ranks.queries, ranks.persons, scenario.scenario)
    for nuisance, known in found.items():
        for level in known:
            yield nuisance, level.name, level.span, (level.queries,)
        if len(known) > 1:
            yield nuisance, CHANGE, "", (known[0].queries, known[-1].queries)


def _side(files: Sequence[FirstHits], part: np.ndarray, people: str) -> Side:
    """The hits of a system on some of the queries."""
    hits = np.stack([file.first[part] <= 1 for file in files]).astype(float)
    return Side(hits, [one for one, chosen in zip(files[0].persons, part, strict=True) if chosen], people)


def _estimate(sides: Sequence[Side], spec: NuisanceSpec) -> Effect | None:
    """Of two sides the difference; of four, at two levels each, how much it grows from the first to the second."""
    effect = effects.difference if len(sides) == 2 else effects.drop_difference
    return effects.estimate(sides, effect, spec.bootstrap, seed_for(spec.root_seed, "cluster bootstrap"))


def _rank_cells(sides: Sequence[Side], spec: NuisanceSpec) -> dict[str, str]:
    """Rank-1 at a level with Wilson's interval, as in the tables; the change from one level to another."""
    persons = len({person for side in sides for person in side.persons})
    sizes = {"n": str(sum(len(side.persons) for side in sides)), "persons": str(persons)}
    if len(sides) == 1:
        share = float(sides[0].hits.mean())
        return sizes | _cells(RANK, 100 * share, share_interval(share, len(sides[0].persons), 1))
    change = _estimate(list(reversed(sides)), spec)
    return sizes | (_cells(RANK, change.value, change.interval()) if change else {})


def _cells(names: Sequence[str], value: float, bounds: tuple[float, float]) -> dict[str, str]:
    return dict(zip(names, map(half_up, (value, *bounds)), strict=True))
