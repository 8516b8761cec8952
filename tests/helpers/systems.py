"""Every trainable system of the demo, and a batch for it."""

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from glalign.config.loading import overlaid
from glalign.config.settings import System
from glalign.contract.retriever import Batch, Retriever
from glalign.contract.training_info import TrainingInfo
from glalign.engine.specimen import WORDS, specimen
from glalign.planning.system_stages import trained_systems
from glalign.storage.weight_files import UNFILLED, Weights
from glalign.support.dotted_names import class_named

ROOT = Path(__file__).parents[2]

PERSON = (0, 1, 1, 2, 3, 4, 4, 0)


INFO = TrainingInfo(identities=5, steps=10, words=tuple((word, 100 - n) for n, word in enumerate(WORDS)))


def trainable_systems() -> dict[str, System]:
    """id -> entry of every system that is trained, and id/language -> its entry for a language with another model."""
    config = overlaid(root=ROOT)
    found = trained_systems(config)
    whole = [name for name in found if name not in config.mcnemar.ablations]  # an ablation has its system's model
    others = {f"{name}/{of}": config.entry(name, of) for name in whole for of in found[name].by_language}
    return {**found, **others}


SYSTEMS = trainable_systems()


def build(name: str, seed: int = 0, weights: Weights = UNFILLED) -> Retriever:
    entry = SYSTEMS[name]
    torch.manual_seed(seed)
    return class_named(entry.class_path).build(entry.model, size_of(name), INFO, weights)


def size_of(name: str) -> tuple[int, int]:
    return SYSTEMS[name].data.image_size


def make_batch(name: str, model: Retriever, padding: int = 0, seed: int = 11) -> Batch:
    return specimen(model, size_of(name), PERSON, padding=padding, seed=seed)


def train_step(model: Retriever, batch: Batch, step: int, steps: int = 10, seed: int = 1) -> dict[str, Tensor]:
    model.train()
    model.before_step(step, steps)
    torch.manual_seed(seed)
    return model.loss(replace(batch, generator=torch.Generator().manual_seed(seed)))
