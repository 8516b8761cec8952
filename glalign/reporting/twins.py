"""A table of the tiny twins: their size, what pre-training read, and how they do on held-out people."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from glalign.evaluation.metrics import half_up
from glalign.reporting.curves import Curve
from glalign.storage.weight_status import TINY_PREFIX, check, read_record, safetensors_header
from glalign.support.errors import UserError

HEADS = ("twin", "kind", "parameters", "read in pre-training", "held out", "last quarter")

MEASURES = {"held_out_rank1": "Rank-1", "held_out_accuracy": "accuracy"}
"""Keys of a record's course, and what they measure in percent."""


def twins_table(folder: Path) -> str:
    """Plain text about every twin of a folder whose record has a course.

    Held out: Rank-1 of captions against the images of people that pre-training did not see, or the accuracy of masked
    words, next words or attributes; at the end (of several languages the mean, and each in brackets), and what the last
    quarter of the steps added to the best value.
    Raises: UserError for a folder without twins, or a damaged file.
    """
    from tabulate import tabulate  # noqa: PLC0415

    rows = list(_rows(folder))
    if not rows:
        raise UserError(f"{folder}: no record of a twin; make them with `snakemake --cores 1 pretrain`")
    align = ("left", "left", "right", "right", "left", "right")
    return tabulate(rows, headers=HEADS, disable_numparse=True, colalign=align)


def _rows(folder: Path) -> Iterator[list[str]]:
    for path in sorted(folder.glob(f"{TINY_PREFIX}*.json")):
        weights = path.with_suffix(".safetensors")
        if not weights.exists():  # the record of a vocabulary
            continue
        check(weights)
        record = read_record(path)
        course, recipe = record.get("record", {}).get("course", ()), record.get("recipe", {})
        key = next((key for key in MEASURES if course and key in course[-1]), None)
        if key is None:
            continue
        curve = Curve(recipe["steps"], tuple((line["step"], line[key]) for line in course))
        gain, end = curve.last_quarter, curve.points[-1][1]
        read, held_out = recipe["steps"] * _batch(recipe), f"{MEASURES[key]} {half_up(end, 1)}"
        if len(by_language := record["record"].get(key, {})) > 1:
            held_out += f" ({', '.join(f'{name} {half_up(value, 1)}' for name, value in by_language.items())})"
        what = "pairs" if "sampling" in recipe else "captions" if "batch" in recipe else "images"
        last = "-" if gain is None else half_up(gain, 1)
        yield [path.stem, recipe["kind"], f"{parameters(weights):,}", f"{read:,} {what}", held_out, last]


def _batch(recipe: Mapping[str, Any]) -> int:
    return recipe["batch"] if "batch" in recipe else recipe["data"]["batch_size"]


def parameters(weights: Path) -> int:
    """Numbers in a safetensors file, by its header."""
    return sum(math.prod(entry["shape"]) for entry in safetensors_header(weights).values())
