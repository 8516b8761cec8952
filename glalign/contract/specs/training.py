"""Specifications of trainings."""

from typing import Any, Literal

from glalign.config.training import Budget, Data, Memory, Optim, Runtime
from glalign.contract.specs.base import Place, Spec


class DatasetSpec(Spec):
    """What a system reads of a dataset: its manifest, its image folder, and label maps and phrases where it needs them.

    people: datasets with the same value share identity numbers.
    """

    id: str
    people: str
    images: Place
    manifest: str
    parts: str | None
    phrases: str | None


class ModelSpec(Spec):
    """What a system is built from.

    model: options of the class. weights: folder of pre-trained files. dress: regions that dress pixels count for, where
    the system reads label maps.
    """

    class_path: str
    model: dict[str, Any]
    data: Data
    weights: str
    threads: int
    device: str
    dress: Literal["upper", "lower", "both"] | None = None


class StepSpec(Spec):
    """What the memory of a training step depends on, besides the network."""

    system: str
    data: Data
    optim: Optim
    memory: Memory = Memory()
    runtime: Runtime = Runtime()


class FitSpec(ModelSpec, StepSpec):
    """A training of a system on a trainset; test data are not named in it.

    From the system's entry: class_path, model, data, optim, budget, selection, memory. From the configuration: weights,
    device, threads, processes, runtime. The planner (`fit_job`) adds the others. seed: the training seed, an entry of
    `seeds`. root_seed: root of every named random stream. files: pre-trained files that it reads.
    """

    trainset: str
    seed: int
    root_seed: int
    datasets: tuple[DatasetSpec, ...]
    budget: Budget
    selection: Literal["val", "last"]
    processes: int
    files: tuple[str, ...]


class BuildSpec(Spec):
    """A system that is built with random weights and without data.

    identities, words: of the training set that it is sized for. vocabularies: name -> (family, size).
    """

    system: str
    class_path: str
    model: dict[str, Any]
    data: Data
    optim: Optim
    identities: int
    words: int
    vocabularies: dict[str, tuple[str, int]]
    threads: int = 1
