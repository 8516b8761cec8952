"""Every trainable system of the demo, and a batch for it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from glalign.config.loading import overlaid
from glalign.contract.retriever import Batch, Retriever
from glalign.contract.training_info import TrainingInfo
from glalign.engine.specimen import WORDS, specimen
from glalign.storage.weight_files import UNFILLED, Weights
from glalign.support.dotted_names import class_named

ROOT = Path(__file__).parents[2]


PERSON = (0, 1, 1, 2, 3, 4, 4, 0)


INFO = TrainingInfo(identities=5, steps=10, words=tuple((word, 100 - n) for n, word in enumerate(WORDS)))


def trainable_systems() -> dict[str, dict[str, Any]]:
    """id -> resolved entry of every system that is trained, and once more for a language in which its model is another
    (id/language); reference scorers have no `data`."""
    config = overlaid(root=ROOT)
    found = {name: entry for name, entry in config["systems"].items() if entry.get("class") and "data" in entry}
    whole = [name for name in found if name not in config["mcnemar"]["ablations"]]  # those are its model
    others = {f"{name}/{of}": config.entry(name, of) for name in whole for of in found[name]["by_language"]}
    return {**found, **others}


SYSTEMS = trainable_systems()


def build(name: str, seed: int = 0, weights: Weights = UNFILLED) -> Retriever:
    entry = SYSTEMS[name]
    torch.manual_seed(seed)
    return class_named(entry["class"]).build(entry["model"], size_of(name), INFO, weights)


def size_of(name: str) -> tuple[int, int]:
    return tuple(SYSTEMS[name]["data"]["image_size"])


def make_batch(name: str, model: Retriever, padding: int = 0, seed: int = 11) -> Batch:
    return specimen(model, size_of(name), PERSON, padding=padding, seed=seed)


def train_step(model: Retriever, batch: Batch, step: int, steps: int = 10, seed: int = 1) -> dict[str, Tensor]:
    model.train()
    model.before_step(step, steps)
    torch.manual_seed(seed)
    return model.loss(replace(batch, generator=torch.Generator().manual_seed(seed)))
