"""How many people, images and captions a dataset has in each split, as far as it is known before anything runs."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from glalign.config.loading import Config
from glalign.config.typed_json import read_typed
from glalign.contract.formats import dataset_release
from glalign.contract.published_counts import published_counts
from glalign.contract.records import SPLITS
from glalign.contract.results import DatasetStatistics
from glalign.planning.stage import Paths
from glalign.storage.weight_status import joint_sha256

UNITS = ("identities", "images", "captions")

Counts = Mapping[str, float]
"""Unit -> number, of one split."""


def split_counts(config: Config, paths: Paths) -> dict[str, dict[str, Counts]]:
    """Dataset -> our split -> counts: of the manifest of this release, else as it would be drawn or was published.

    A dataset of which nothing is known has no splits.
    """
    return {name: _of(config, paths, name) for name in config.datasets}


def total(parts: Iterable[Counts]) -> dict[str, float]:
    """Sum of several counts."""
    parts = list(parts)
    return {unit: sum(part[unit] for part in parts) for unit in UNITS}


def _of(config: Config, paths: Paths, name: str) -> dict[str, Counts]:
    entry = config.datasets[name]
    made = Path(paths.path("manifest", "statistics", dataset=name))
    report = read_typed(made, DatasetStatistics) if made.is_file() else None
    made_of = [paths.path("synthesize", "annotations", dataset=name)]
    if entry.root is not None:
        made_of = [*dataset_release(entry.model_dump(), name).annotations.values()]
    if report and _is_of(report, made_of):
        return {split: {unit: getattr(part, unit) for unit in UNITS} for split, part in report.splits.items()}
    known = expected_counts(config, name)
    if entry.root is not None and entry.holdout and "train" in known:
        share = entry.holdout / known["train"]["identities"]
        held = {unit: number * share for unit, number in known["train"].items()}
        known["val"] = total([held, *([known["val"]] if "val" in known else [])])
        known["train"] = {unit: number - held[unit] for unit, number in known["train"].items()}
    return known


def expected_counts(config: Config, name: str) -> dict[str, Counts]:
    """Our split -> counts of a dataset before people are held out: as it is drawn, or as its release was published."""
    entry = config.datasets[name]
    if entry.root is None:
        source = config.datasets.get(entry.translated or "")
        drawn = entry.synthetic or (source.synthetic if source else None)
        return {split: _drawn(getattr(drawn, split), drawn.images) for split in SPLITS} if drawn else {}
    known = {ours: _published(entry.label, theirs) for ours, theirs in entry.splits.model_dump().items()}
    return {split: counts for split, counts in known.items() if counts}


def _is_of(report: DatasetStatistics, annotations: Sequence[str]) -> bool:
    """Whether statistics are of these annotation files; the results may hold another profile's manifest of the name."""
    there = all(Path(file).is_file() for file in annotations)
    return there and report.annotations.get("sha256") == joint_sha256(annotations)


def _published(label: str, split: str) -> Counts:
    """Counts of a split of a release, captions as the paper counts them; empty if they are unknown."""
    found = published_counts().get((label, split))
    return dict(zip(UNITS, (found.identities, found.images, found.captions_in_paper), strict=True)) if found else {}


def _drawn(identities: int, images: float) -> Counts:
    """The generator's: two captions of every image."""
    return {"identities": identities, "images": identities * images, "captions": 2 * identities * images}
