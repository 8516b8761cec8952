"""What machine translation got wrong in the translated datasets, beside the rate that Section 5.2 names."""

import random
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from glalign.evaluation.metrics import half_up, wilson
from glalign.reporting.latex import escape
from glalign.reporting.plain_table import number, write_plain
from glalign.storage.csv_files import read_rows
from glalign.storage.whole_files import read_json
from glalign.support.errors import UserError
from glalign.support.random_streams import seed_for
from glalign.synthetic.captions.witness import region_of
from glalign.synthetic.translation.translate import mismatch

Pair = tuple[str, int]
"""An image and the number of one of its captions."""

SHARE = ("wrong", "percent", "percent_lo", "percent_hi")
CELLS = ("view", "pairs", *SHARE, "phrases", *(f"{of}_{key}" for of in ("phrase", "source", "target") for key in SHARE))
"""Columns of a view. source_*, target_*: captions that contradict the picture, in the language of either side."""

HEADS = {
    "label": ("Data set", escape),
    "direction": ("Languages", escape),
    "view": ("View", escape),
    "pairs": ("Pairs", number(0)),
    "wrong": ("Wrong", number(0)),
    "percent": ("\\%", number(2)),
    "percent_lo": ("from", number(2)),
    "percent_hi": ("to", number(2)),
    "phrases": ("Phrases", number(0)),
    "phrase_percent": ("Wrong (\\%)", number(2)),
    "source_percent": ("Source (\\%)", number(2)),
    "target_percent": ("Target (\\%)", number(2)),
    "paper_percent": ("Paper (\\%)", number(2)),
}
NOTES = (
    "Pairs of an image and a caption; wrong: the translation of one of its phrases of a body part says something else "
    "than the source, with a 95\\,\\% Wilson interval. Source, target: captions of the same pairs, in either language, "
    "that contradict the picture on such a part. Paper: Section 5.2, one language, by eye."
)


def make_mismatch(spec: Mapping[str, Any], csv_path: Path, tex_path: Path) -> None:
    """Write all pairs, and a sample of as many as the paper judged, of every translated dataset as CSV and LaTeX (D33).

    spec: title, profile, data_note, show_paper_values, root_seed, sample (number of pairs), paper (CSV of the printed
    rate), rows of {dataset, label, from, to, note, translation, truth, source_truth (paths)}; one with a note is not
    run. Columns errors_*: how often each thing went wrong, harmless cases and phrases of no body part included. Phrases
    count as if they were independent. Raises: UserError for files that do not belong together.
    """
    printed = _printed(spec["paper"]) if spec["show_paper_values"] else {}
    views = [view for row in spec["rows"] for view in _views(row, spec)]
    kinds = sorted({kind for view in views for kind in view["errors"]})
    rows = []
    for view in views:
        unknown = "" if view["about"]["status"] == "not run" else 0
        errors = {f"errors_{kind.replace(' ', '_')}": str(view["errors"].get(kind, unknown)) for kind in kinds}
        paper = printed.get(view["names"]["label"], {})
        beside = {f"paper_{key}": paper.get(key, "") for key in ("pairs", *SHARE)}
        rows.append(
            {**view["names"], **{key: view["cells"].get(key, "") for key in CELLS}, **errors, **beside, **view["about"]}
        )
    write_plain(rows, HEADS, spec["title"], csv_path, tex_path, NOTES)


def contradicted(truth: Mapping[str, Any], pair: Pair) -> bool:
    """Whether a caption names a value of a body part that its picture shows to be another; what is unseen is not."""
    image, index = pair
    seen = truth[image]["visible"]
    return any(region_of(name) and seen.get(name, value) != value for name, value in truth[image]["facts"][index])


def _views(row: Mapping[str, Any], spec: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All pairs of a dataset, then the sample; {names, cells, errors, about} of each."""
    names = {"dataset": row["dataset"], "label": row["label"], "direction": f"{row['from']} to {row['to']}"}
    about = {"status": "not run" if row["note"] else "reproduced", "profile": spec["profile"]}
    if row["note"]:
        yield {"names": names, "cells": {}, "errors": {}, "about": about | {"note": row["note"]}}
        return
    log, truth, source = (read_json(row[key]) for key in ("translation", "truth", "source_truth"))
    pairs = [(image, index) for image, captions in log.items() for index in range(len(captions))]
    rng = random.Random(seed_for(spec["root_seed"], "translation sample", row["dataset"]))
    sample = sorted(rng.sample(pairs, min(spec["sample"], len(pairs))))
    for view, chosen in (("all", pairs), (f"sample of {len(sample)}", sample)):
        try:
            counts = mismatch({pair: [log[pair[0]][pair[1]]] for pair in chosen})
            unlike = [sum(contradicted(of, pair) for pair in chosen) for of in (source, truth)]
        except (IndexError, KeyError, TypeError) as error:
            raise UserError(
                f"{row['translation']}, {row['truth']}, {row['source_truth']}: do not belong together ({error!r}); "
                "translate the dataset again"
            ) from error
        cells = {"view": view, "pairs": str(len(chosen)), "phrases": str(counts["phrases"])}
        cells |= _share(counts["wrong_captions"], len(chosen))
        cells |= _share(counts["wrong_phrases"], counts["phrases"], "phrase_")
        for side, count in zip(("source_", "target_"), unlike, strict=True):
            cells |= _share(count, len(chosen), side)
        yield {"names": names, "cells": cells, "errors": counts["errors"], "about": about | {"note": spec["data_note"]}}


def _share(wrong: int, of: int, prefix: str = "") -> dict[str, str]:
    """A count, its share in percent and Wilson's interval; of nothing, the count alone."""
    shares = (100 * Fraction(wrong, of), *wilson(wrong, of)) if of else ()
    texts = (str(wrong), *(half_up(value) for value in shares))
    return {f"{prefix}{key}": text for key, text in zip(SHARE, texts, strict=False)}


def _printed(path: str) -> dict[str, dict[str, str]]:
    """Label of a dataset -> what the paper says of it."""
    rows = read_rows(path, columns=("dataset", "pairs", "wrong"), remedy="restore it from the repository")
    return {row["dataset"]: _share(int(row["wrong"]), int(row["pairs"])) | row for row in rows}
