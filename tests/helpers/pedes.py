"""Small datasets in CUHK-PEDES's layout, drawn on the spot."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from glalign.contract.formats import dataset_release
from glalign.contract.records import Record
from glalign.data.reader import read_release

SHAPES = (
    ("CUHK01/{}.png", "RGBA", (60, 160)),
    ("Market/{}.jpg", "RGB", (64, 128)),
    ("train_query/{}.png", "P", (33, 77)),
)


def make_pedes(root: Path, train: int = 4, val: int = 2, test: int = 3) -> list[dict[str, Any]]:
    """Write `root/reid_raw.json` and imgs/: two images a person, of several sizes and modes, two captions each."""
    rng = np.random.default_rng(0)
    entries, person = [], 0
    for split, count in (("train", train), ("val", val), ("test", test)):
        for _ in range(count):
            person += 1
            for view in range(2):
                pattern, mode, (width, height) = SHAPES[(person + view) % len(SHAPES)]
                path = pattern.format(f"{person:04d}_{view}")
                file = root / "imgs" / path
                file.parent.mkdir(parents=True, exist_ok=True)
                pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
                Image.fromarray(pixels).convert(mode).save(file)
                captions = [
                    f"A person number {person} in a red shirt seen {view} times.",
                    f"Wearing  blue jeans, carrying a bag in the left hand, {person} {view} ",
                ]
                entry = {"split": split, "id": person, "file_path": path, "captions": captions}
                entries.append({**entry, "processed_tokens": [c.lower().split() for c in captions]})
    write_entries(root, entries)
    return entries


def write_entries(root: Path, entries: object) -> None:
    """Replace the annotation file."""
    (root / "reid_raw.json").write_text(json.dumps(entries), encoding="utf-8")


def read_pedes(root: Path, splits: Mapping[str, str | None]) -> list[Record]:
    """The records of a folder in CUHK-PEDES's own layout."""
    return read_release(dataset_release({"format": "cuhk_pedes", "root": str(root), "splits": splits}), splits)
