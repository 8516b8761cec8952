"""What a system costs per image, caption and pair: counted once by benchmarks/costs.py, read here without torch."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from glalign.storage.csv_files import read_rows


@dataclass(frozen=True)
class Cost:
    """Parameters, those trained, numbers of buffers; multiply-adds of one image, one caption, one query against a
    gallery of `GALLERY` images (second stage included), and one pair of a training step, forward and backward."""

    parameters: int
    trained: int
    buffers: int
    image: int
    caption: int
    query: int
    pair: int


GALLERY = 3074
"""Images of CUHK-PEDES's test split, which a query's cost is counted for."""


def built_as(entry: Mapping[str, Any]) -> str:
    """What a system's cost depends on: class, image size, and the options that are names or whole numbers.

    Names of weight files and real numbers (rates, losses' weights) build the same network.

    >>> built_as({"class": "a.B", "model": {"width": 8, "tau": 0.1}, "data": {"image_size": [64, 32]}})
    'a.B 64x32 width=8'
    """
    options = {
        key: value
        for key, value in entry["model"].items()
        if isinstance(value, str | int) and not isinstance(value, bool) and not key.endswith("weights")
    }
    size = "x".join(map(str, entry["data"]["image_size"]))
    return " ".join([entry["class"], size, *(f"{key}={value}" for key, value in sorted(options.items()))])


def read_costs(path: Path | str) -> dict[str, Cost]:
    """`built_as` -> cost, from config/costs.csv. Raises UserError when the file is missing."""
    names = [field.name for field in fields(Cost)]
    rows = read_rows(path, columns=("built_as", *names), remedy="restore it from the repository")
    return {row["built_as"]: Cost(**{name: int(row[name]) for name in names}) for row in rows}
