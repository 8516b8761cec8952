"""Rates of wrong translations by the sheets of one or two judges, and how far they agree (Section 5.2, real data)."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from glalign.contract.results import Interval
from glalign.evaluation.judging_sheet import ANSWERS, KINDS, RIGHT, SIDES, WRONG
from glalign.evaluation.metrics import LEVEL, half_up, wilson
from glalign.storage.csv_files import read_sheet
from glalign.support.errors import UserError, printable, suggestion

MARGIN = 3
"""Points on either side of a rate that a sample is said to be large enough for."""

Key = tuple[str, str]
"""Image and index of a pair, as the sheet has them."""


class Answer(NamedTuple):
    """What a judge says of one side of a pair. wrong: None if not judged. fault: what has to be corrected, or empty."""

    wrong: bool | None
    kinds: tuple[str, ...]
    fault: str


class Sheet(NamedTuple):
    """The answers of one judge by pair: the line in the file, and an answer per side."""

    path: Path
    lines: dict[Key, int]
    answers: dict[Key, dict[str, Answer]]


def read_judged(paths: Sequence[Path]) -> dict[str, Any]:
    """Counts of the sheets of one or two judges.

    {pairs, judges: [{sheet, source, target, target_alone}], agreement: {source, target} or null, open: [faults]}. A
    share is {judged, wrong, percent, interval}, of a side with its kinds; percent and interval (Wilson) refer to the
    judged pairs. target_alone: pairs whose target is wrong and whose source is right, of those judged on both sides. An
    agreement is {judged, same, percent, interval, kappa, kappa_interval}, of the pairs that both judged. Raises:
    UserError for more than two sheets, sheets of other pairs, and a sheet without these columns, with a repeated pair,
    or without a judged row.
    """
    if not 1 <= len(paths) <= 2:
        raise UserError(f"{len(paths)} sheets: give that of one judge, or those of two")
    sheets = [_read(path) for path in paths]
    first, last = sheets[0], sheets[-1]
    for one, other in ((first, last), (last, first)):
        if missing := next((key for key in one.lines if key not in other.lines), None):
            lacks = f"{other.path}: no caption {missing[1]} of {missing[0]}, which {one.path} has"
            raise UserError(f"{lacks}; give two copies of one sheet")
    return {
        "pairs": len(first.lines),
        "judges": [_rates(sheet) for sheet in sheets],
        "agreement": {side: _agreement(first, last, side) for side in SIDES} if len(sheets) > 1 else None,
        "open": [line for sheet in sheets for line in _faults(sheet)],
    }


def pairs_needed(share: float) -> int:
    """Pairs of a sample whose rate, at `share` of 1, has a 95 % interval of MARGIN points on either side.

    Normal approximation: z^2 p (1 - p) / d^2 (statsmodels); 0 for a share of 0 or 1, which it says nothing about.

    >>> pairs_needed(0.5)
    1068
    """
    from statsmodels.stats.proportion import samplesize_confint_proportion  # noqa: PLC0415  slow to import

    return math.ceil(float(samplesize_confint_proportion(share, MARGIN / 100, alpha=1 - LEVEL)))


def describe(found: Mapping[str, Any]) -> str:
    """Format rates, agreement and the size of a sufficient sample as text, then the rows to correct, one per line."""
    lines = []
    for judge in found["judges"]:
        for name, what in (("target", "target"), ("source", "source"), ("target_alone", "target, with a right source")):
            rate = judge[name]
            kinds = ", ".join(f"{kind} {count}" for kind, count in rate.get("kinds", {}).items())
            counts = f"{rate['wrong']} of {rate['judged']} judged pairs are wrong"
            lines.append(f"{judge['sheet']}: {what}: {counts}{_shares(rate)}{f'; {kinds}' if kinds else ''}")
        if needed := pairs_needed((judge["target"]["percent"] or 0) / 100):
            lines.append(f"{judge['sheet']}: +-{MARGIN} points at this rate of the target need {needed} pairs")
    for side, both in (found["agreement"] or {}).items():
        kappa, bounds = both["kappa"], both["kappa_interval"]
        text = "undefined, both gave one answer only" if kappa is None else half_up(kappa)
        text += f" (95 %: {half_up(bounds[0])} to {half_up(bounds[1])})" if bounds else ""
        same = f"the same answer on {both['same']} of {both['judged']} pairs{_shares(both)}"
        lines.append(f"agreement on the {side}: {same}; Cohen's kappa {text}")
    return "\n".join(map(printable, [*lines, *found["open"]]))


def _read(path: Path) -> Sheet:
    needed = ("image", "index", *ANSWERS)
    rows = read_sheet(path, "make it with `glalign translation sample`", needed)
    lines: dict[Key, int] = {}
    answers = {}
    for number, row in rows:  # a pair that occurs twice would count twice, perhaps with two verdicts
        key = row["image"].strip(), row["index"].strip()
        if (first := lines.setdefault(key, number)) != number:
            twice = f"caption {key[1]} of {key[0]} occurs twice, on lines {first} and {number}"
            raise UserError(f"{path}: {twice}; remove one")
        answers[key] = {side: _answer(row[f"{side}_judge"], row[f"{side}_kind"]) for side in SIDES}
    if not any(one.wrong is not None for own in answers.values() for one in own.values()):
        columns = " and ".join(f"`{side}_judge`" for side in SIDES)
        raise UserError(f"{path}: no row is judged; write {RIGHT} or {WRONG} into the columns {columns}")
    return Sheet(path, lines, answers)


def _answer(verdict: str, kind: str) -> Answer:
    """An answer of a sheet. A wrong one counts whatever its kind, a right one with a kind does not count."""
    word, kinds = verdict.strip().lower(), tuple(re.findall(r"[^\s,;/+|]+", kind.lower()))
    if word not in (RIGHT, WRONG):
        return Answer(None, (), f"{verdict.strip()!r} is neither {RIGHT} nor {WRONG}" if word else "not judged")
    if word == RIGHT:
        fault = f"{RIGHT}, but of the kind {kind.strip()!r}; clear one" if kinds else ""
        return Answer(None if kinds else False, (), fault)
    unknown = next((one for one in kinds if one not in KINDS), None)
    fault = f"no kind {unknown!r}; {suggestion(unknown, KINDS)}" if unknown else ""
    if not kinds:
        fault = f"{WRONG}, but of no kind; write {', '.join(KINDS[:-1])} or {KINDS[-1]}"
    return Answer(True, tuple(one for one in dict.fromkeys(kinds) if one in KINDS), fault)


def _faults(sheet: Sheet) -> Iterator[str]:
    """One line per answer that has to be given or corrected."""
    for key, line in sheet.lines.items():
        for side, answer in sheet.answers[key].items():
            if answer.fault:
                yield f"{sheet.path}:{line}: caption {key[1]} of {key[0]}, {side}: {answer.fault}"


def _rates(sheet: Sheet) -> dict[str, Any]:
    """The rates of one judge."""
    rates: dict[str, Any] = {"sheet": printable(str(sheet.path))}
    for side in SIDES:
        given = [own[side] for own in sheet.answers.values() if own[side].wrong is not None]
        kinds = Counter(kind for answer in given for kind in answer.kinds)
        counts = {kind: kinds[kind] for kind in KINDS if kinds[kind]}
        rates[side] = _share("wrong", sum(bool(one.wrong) for one in given), len(given)) | {"kinds": counts}
    both = [own for own in sheet.answers.values() if None not in (own["source"].wrong, own["target"].wrong)]
    alone = sum(bool(own["target"].wrong and not own["source"].wrong) for own in both)
    return rates | {"target_alone": _share("wrong", alone, len(both))}


def _agreement(first: Sheet, second: Sheet, side: str) -> dict[str, Any]:
    """Share of equal answers, and Cohen's kappa (1960) with its normal interval, of the pairs that both judged."""
    table = np.zeros((2, 2), np.int64)
    for key, own in first.answers.items():
        one, other = own[side].wrong, second.answers[key][side].wrong
        if one is not None and other is not None:
            table[int(one), int(other)] += 1
    kappa, interval = _kappa(table)
    return _share("same", int(table.trace()), int(table.sum())) | {"kappa": kappa, "kappa_interval": interval}


def _kappa(table: np.ndarray) -> tuple[float | None, Interval | None]:
    """Kappa and its 95 % interval (statsmodels); None where both judges gave the same single answer."""
    from statsmodels.stats.inter_rater import cohens_kappa  # noqa: PLC0415  slow to import

    if not table.sum():
        return None, None
    with np.errstate(all="ignore"):  # 0 / 0 where there is one answer
        found = cohens_kappa(table)
    if not math.isfinite(found.kappa):
        return None, None
    bounds = float(found.kappa_low), float(found.kappa_upp)
    return float(found.kappa), bounds if all(map(math.isfinite, bounds)) else None


def _share(name: str, count: int, of: int) -> dict[str, Any]:
    percent, interval = (100 * count / of, wilson(count, of)) if of else (None, None)
    return {"judged": of, name: count, "percent": percent, "interval": interval}


def _shares(rate: Mapping[str, Any]) -> str:
    if rate["percent"] is None:
        return ""
    low, high = (half_up(bound) for bound in rate["interval"])
    return f": {half_up(rate['percent'])} % (95 %: {low} to {high})"
