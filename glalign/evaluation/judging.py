"""Sample translated captions for a person to judge, and count the judgements (Section 5.2, on real data)."""

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glalign.contract.records import captions_by_key, read_manifest
from glalign.evaluation.metrics import half_up, wilson
from glalign.storage.csv_files import parse_csv, write_new_csv
from glalign.storage.whole_files import read_text
from glalign.support.errors import UserError
from glalign.support.random_streams import seed_for

COLUMNS = ("image", "index", "source", "target", "judge", "comment")
NEEDED = ("image", "index", "judge")
RIGHT, WRONG = "right", "wrong"


def write_sample(source: Path, target: Path, out: Path, pairs: int, seed: int) -> int:
    """Write `pairs` captions of two manifests side by side as CSV, with an empty column `judge`; return their number.

    Captions are joined by image and caption index; the sample is in the order of the source. Raises: UserError if the
    manifests do not have the same captions, or if `out` exists, which may be judged already.
    """
    texts, translations = (captions_by_key(read_manifest(path)) for path in (source, target))
    for here, own, there, others in ((source, texts, target, translations), (target, translations, source, texts)):
        if missing := next((key for key in own if key not in others), None):
            lacks = f"{there}: no caption {missing[1]} of {missing[0]}, which {here} has"
            raise UserError(f"{lacks}; give a dataset and its translation")
    rng = random.Random(seed_for(seed, "translation sample"))
    sampled = set(rng.sample(list(texts), min(pairs, len(texts))))
    write_new_csv(out, COLUMNS, ([*key, texts[key], translations[key], "", ""] for key in texts if key in sampled))
    return len(sampled)


def read_judged(path: Path) -> dict[str, Any]:
    """Counts of a judged sample: {pairs, judged, wrong, percent, interval: [low, high], open: [rows not judged]}.

    The column `judge` holds right or wrong, in upper or lower case; percent and interval (Wilson) refer to the judged
    pairs. Raises: UserError for a file without these columns, with a repeated pair, or without a judged row.
    """
    _, rows = parse_csv(path, read_text(path, "make it with `glalign translation sample`"), NEEDED)
    lines: dict[tuple[str, str], int] = {}
    for number, row in rows:  # a pair that occurs twice would count twice, perhaps with two verdicts
        key = row["image"].strip(), row["index"].strip()
        if (first := lines.setdefault(key, number)) != number:
            twice = f"caption {key[1]} of {key[0]} occurs twice, on lines {first} and {number}"
            raise UserError(f"{path}: {twice}; remove one")
    verdicts = [row["judge"].strip().lower() for _, row in rows]
    wrong, judged = verdicts.count(WRONG), verdicts.count(WRONG) + verdicts.count(RIGHT)
    if not judged:
        raise UserError(f"{path}: no row is judged; write {RIGHT} or {WRONG} into the column `judge`")
    unclear = [
        f"line {number}, caption {row['index']} of {row['image']}: "
        + (f"{row['judge']!r} is neither {RIGHT} nor {WRONG}" if verdict else "not judged")
        for (number, row), verdict in zip(rows, verdicts, strict=True)
        if verdict not in (RIGHT, WRONG)
    ]
    shares = {"percent": 100 * wrong / judged, "interval": wilson(wrong, judged)}
    return {"pairs": len(rows), "judged": judged, "wrong": wrong, **shares, "open": unclear}


def describe(found: Mapping[str, Any]) -> str:
    """Format the counts as text, then the rows that are not judged, one per line."""
    low, high = (half_up(bound) for bound in found["interval"])
    head = f"{found['wrong']} of {found['judged']} judged pairs are wrong: {half_up(found['percent'])} %"
    return "\n".join([f"{head} (95 %: {low} to {high})", *found["open"]])
