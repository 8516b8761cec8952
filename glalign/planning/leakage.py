"""Nobody is both trained on and tested on, as far as the configuration can tell; manifests check the numbers."""

from glalign.config.datasets import Dataset
from glalign.config.loading import Config
from glalign.planning.draft import synthetic_source
from glalign.support.errors import UserError


def check_leakage(config: Config) -> None:
    """No scenario trains on identities that it tests on, as far as the configuration can tell.

    Datasets with the same `people` share identity numbers and the release's splits; the manifests check the numbers.
    Raises: UserError naming the scenario and the split.
    """
    for name, entry in config.datasets.items():
        splits = [split for split in (entry.splits.train, entry.splits.val, entry.splits.test) if split is not None]
        for split in splits:
            if splits.count(split) > 1:
                raise UserError(
                    f"configuration: datasets.{name}.splits: {split!r} is named twice; give each of ours its own, "
                    "or val null"
                )
    for name, pair in config.scenarios.items():
        testset = config.testsets[pair.test]
        tested = config.datasets[testset.dataset]
        scored = {getattr(tested.splits, split) for split in testset.splits}
        for dataset in config.trainsets[pair.train]:
            trained = config.datasets[dataset]
            if trained.people != tested.people:
                continue
            if shared := sorted(scored & {trained.splits.train, trained.splits.val} - {None}):
                raise UserError(
                    f"configuration: scenarios.{name}: testsets.{pair.test} scores the split {shared[0]!r} of "
                    f"people {tested.people!r}, which datasets.{dataset} trains on; "
                    f"change testsets.{pair.test}.splits"
                )
            if not _same_people(_origin(config, dataset), _origin(config, testset.dataset)):
                raise UserError(
                    f"configuration: scenarios.{name}: datasets.{dataset} and datasets.{testset.dataset} share "
                    f"people {trained.people!r} but split them differently; give both the same `synthetic` sizes"
                )


def _origin(config: Config, dataset: str) -> Dataset:
    """The dataset, or the one that it is a translation of."""
    entry = config.datasets[dataset]
    return entry if entry.root is not None else config.datasets[synthetic_source(config, dataset) or dataset]


def _same_people(one: Dataset, other: Dataset) -> bool:
    """Whether two datasets of the same people split them alike (identities are numbered consecutively by split)."""
    if one.root is not None or other.root is not None or not (one.synthetic and other.synthetic):
        return True
    sizes = ((s.train, s.val, s.test) for s in (one.synthetic, other.synthetic))
    return next(sizes) == next(sizes)
