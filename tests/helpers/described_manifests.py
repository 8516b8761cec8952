"""Manifests with the statistics that lie beside them."""

import json
from collections.abc import Sequence
from pathlib import Path

from glalign.contract.records import Record, write_manifest
from glalign.contract.results import DatasetStatistics
from glalign.data.manifest import count


def write_described(manifest: Path, records: Sequence[Record], language: str) -> Path:
    """The path of a manifest, after writing it and its statistics."""
    write_manifest(manifest, records)
    counts = count(list(records), language)
    about = {"dataset": manifest.stem, "language": language, "annotations": {}}
    sizes = {"width": (64, 64), "height": (128, 128)}
    statistics = DatasetStatistics(**about, image_size=sizes, splits={"test": counts}, all=counts)
    manifest.with_suffix(".json").write_text(json.dumps(statistics.to_json()), encoding="utf-8")
    return manifest
