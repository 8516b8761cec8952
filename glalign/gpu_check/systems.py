"""Every system at demo size with random weights, and a training step of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from glalign.config.loading import Config
from glalign.config.settings import System
from glalign.contract.retriever import Batch, Retriever
from glalign.contract.training_info import TrainingInfo
from glalign.engine.specimen import WORDS, specimen
from glalign.planning.system_stages import trained_systems
from glalign.storage.weight_files import UNFILLED, Weights
from glalign.support.dotted_names import class_named

PERSON = (0, 1, 1, 2, 3, 4, 4, 0)
"""Class of each pair of a small batch."""

INFO = TrainingInfo(identities=5, steps=10, words=tuple((word, 100 - n) for n, word in enumerate(WORDS)))

NO_DROPOUT: Mapping[str, Mapping[str, float]] = {
    "baselines.dual_path.DualPath": {"dropout": 0.0, "branch_scale": 1.0},
    "baselines.gna_rnn.GnaRnn": {"dropout": 0.0, "trunk_dropout": 0.0, "frozen": 0.0},
    "baselines.srcf.Srcf": {"text_dropout_from": 1.0},
    "baselines.tbps_clip.TbpsClip": {"text_dropout": 0.0},
    "glalign.models.glalign.GLAlign": {"dropout": 0.0},
}
"""Class -> options without dropout, which differs between devices and between processes; GNA-RNN's trunk is trained.

With a branch scale of 0 equal words tie in the maximum over words, and rounding chooses which one has the gradient.
"""


def trainable_systems(config: Config) -> dict[str, System]:
    """id -> entry of every system that is trained, and id/language -> its entry for a language with another model."""
    found = trained_systems(config)
    whole = [name for name in found if name not in config.mcnemar.ablations]  # an ablation has its system's model
    others = {f"{name}/{of}": config.entry(name, of) for name in whole for of in found[name].by_language}
    return {**found, **others}


def distinct_systems(config: Config) -> dict[str, System]:
    """Those of `trainable_systems` without ablations and without languages that change nothing but the words."""
    found = trainable_systems(config)

    def network(name: str) -> tuple[str, dict[str, Any]]:
        return found[name].class_path or "", {k: v for k, v in found[name].model.items() if k != "segmenter"}

    def twice(name: str) -> bool:
        system, _, language = name.partition("/")
        return system in config.mcnemar.ablations or (bool(language) and network(name) == network(system))

    return {name: entry for name, entry in found.items() if not twice(name)}


def build(
    entry: System, *, seed: int = 0, info: TrainingInfo = INFO, weights: Weights = UNFILLED, dropout: bool = True
) -> Retriever:
    """Build a system on the CPU, by default with random weights; dropout: whether it has its own."""
    kind: type[Retriever] = class_named(str(entry.class_path))
    options, data = dict(entry.model), entry.data
    assert data is not None  # a system with a class has images
    if not dropout:
        for base in kind.__mro__:
            options |= NO_DROPOUT.get(f"{base.__module__}.{base.__qualname__}", {})
    torch.manual_seed(seed)
    return kind.build(options, data.image_size, info, weights)


def small_batch(entry: System, model: Retriever, *, seed: int = 11, padding: int = 0) -> Batch:
    """A batch of eight pairs of five people."""
    assert entry.data is not None
    return specimen(model, entry.data.image_size, PERSON, padding=padding, seed=seed)


def loss_terms(model: Retriever, batch: Batch, step: int, steps: int = 10, seed: int = 1) -> dict[str, Tensor]:
    """The loss terms of one step, random in `seed` alone."""
    model.train()
    model.before_step(step, steps)
    torch.manual_seed(seed)
    return model.loss(replace(batch, generator=torch.Generator().manual_seed(seed)))
