"""Specifications of manifests."""

from pathlib import Path
from typing import Any


def spec(root: Path, **changes: Any) -> dict[str, Any]:
    splits = {"train": "train", "val": "val", "test": "test"}
    plain = {"dataset": "cuhk_en", "format": "cuhk_pedes", "root": str(root), "splits": splits}
    return {**plain, "holdout": 0, "seed": 5, "language": "en", **changes}
