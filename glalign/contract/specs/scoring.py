"""Specifications of the stages that score trained systems."""

from glalign.config.base import Resamples
from glalign.config.datasets import Testset
from glalign.contract.specs.base import Spec
from glalign.contract.specs.training import DatasetSpec, FitSpec, ModelSpec


class TestSpec(DatasetSpec):
    """A test set: what is read of its dataset, and which queries and gallery are made of it.

    testset: its id. draw_seed: seed of the draws of identities or images. truth: the generator's truth.json, for the
    oracle.
    """

    __test__ = False  # no class of tests

    testset: str
    settings: Testset
    draw_seed: int
    truth: str | None


class TrainedOn(Spec):
    """A dataset that a system was trained on: none of its people may be tested."""

    id: str
    people: str
    manifest: str


class TrainedSpec(ModelSpec):
    """A trained system: what it is built from, the folder of its run, and what it was trained on."""

    run: str
    trained_on: tuple[TrainedOn, ...]


class PredictSpec(Spec):
    """A test set to be scored by a system; `trained` is None for references, such as the oracle.

    seed: the training seed, an entry of `seeds`. root_seed: root of every named random stream. block: queries scored at
    a time. top: gallery entries kept per query.
    """

    system: str
    class_path: str
    trainset: str
    seed: int
    root_seed: int
    test: TestSpec
    block: int
    top: int
    trained: TrainedSpec | None


class MetricsSpec(Spec):
    """A ranks file to be counted. bootstrap: person-level resamples of the interval."""

    ranks: str
    bootstrap: Resamples
    root_seed: int


class AlphaRun(Spec):
    """A training with a weight of the global branch."""

    alpha: float
    folder: str


class AlphaSpec(Spec):
    """Trainings that differ in alpha alone, to be scored on the validation identities of `fit`."""

    fit: FitSpec
    runs: tuple[AlphaRun, ...]
