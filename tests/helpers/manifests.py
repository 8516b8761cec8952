"""Specifications of manifests."""

from pathlib import Path
from typing import Any

from glalign.config.datasets import Splits
from glalign.contract.specs.data import ManifestSpec


def spec(root: Path, **changes: Any) -> ManifestSpec:
    """A manifest of a folder in CUHK-PEDES's layout."""
    values = {"dataset": "cuhk_en", "format": "cuhk_pedes", "root": str(root), "holdout": 0, "root_seed": 5}
    values |= {"language": "en", "splits": Splits()}
    return ManifestSpec(**values | changes)


def make(spec: ManifestSpec, manifest: Path) -> None:
    """Write a manifest, and its statistics beside it."""
    from glalign.data.manifest import make_manifest  # noqa: PLC0415

    make_manifest(spec, manifest, manifest.with_suffix(".json"))
