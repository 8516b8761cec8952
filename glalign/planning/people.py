"""Whether as many people are there as are held out or drawn, as far as it is known before the data are read."""

from collections.abc import Iterable, Mapping

from glalign.config.loading import Config
from glalign.planning.split_counts import expected_counts


def too_few_to_hold_out(config: Config, dataset: str) -> str:
    """Why the `holdout` of a dataset cannot be met; empty if it can, or if that is not known."""
    entry, people = config.datasets[dataset], _people(config, dataset)
    path = f"configuration: datasets.{dataset}.holdout: {entry.holdout}"
    if entry.root is None and entry.holdout and people.get("val"):
        return f"{path}, but it has {people['val']} people for validation; set 0, or `splits.val` null"
    most = people.get("train", entry.holdout + 1) - 1
    return f"{path} of {most + 1} people to train on; choose 0 to {most}" if entry.holdout > most else ""


def too_few_to_draw(config: Config, testset: str) -> str:
    """Why the `identities` or `images` of a test set cannot be drawn; empty if they can, or if that is not known."""
    entry = config.testsets[testset]
    if entry.images is not None:
        return _too_few_images(config, testset, entry.images)
    people = _people(config, entry.dataset)
    if entry.identities is None or not set(entry.splits) - {"val"} <= people.keys():
        return ""
    there = _in_splits(people, config.datasets[entry.dataset].holdout, entry.splits)
    path = f"configuration: testsets.{testset}.identities: {entry.identities}"
    remedy = f"choose 1 to {there}, or null for all"
    return f"{path} of {there} people in its splits; {remedy}" if entry.identities > there else ""


def _too_few_images(config: Config, testset: str, wanted: int) -> str:
    """The same of `images`: how many drawn people have, and how many people who are held out, is not known."""
    splits, dataset = set(config.testsets[testset].splits), config.datasets[config.testsets[testset].dataset]
    parted = dataset.holdout > 0 and len(splits & {"train", "val"}) == 1
    if dataset.root is None or dataset.allow_partial or parted:
        return ""
    known = expected_counts(config, config.testsets[testset].dataset)
    there = int(sum(known[split]["images"] for split in splits & known.keys()))
    path = f"configuration: testsets.{testset}.images: {wanted}"
    few = splits - {"val"} <= known.keys() and wanted > there
    return f"{path} of {there} images in its splits; choose 1 to {there}, or null for all" if few else ""


def _people(config: Config, dataset: str) -> dict[str, int]:
    """Our split -> people before any are held out; empty for a release that may be used in part."""
    known = {} if config.datasets[dataset].allow_partial else expected_counts(config, dataset)
    return {split: int(counts["identities"]) for split, counts in known.items()}


def _in_splits(people: Mapping[str, int], holdout: int, splits: Iterable[str]) -> int:
    """How many people some splits have after `holdout` of those to train on were moved to validation."""
    moved = {"train": -holdout, "val": holdout}
    return sum(people.get(split, 0) + moved.get(split, 0) for split in splits)
