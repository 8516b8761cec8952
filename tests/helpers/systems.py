"""Every trainable system of the demo, and a batch for it."""

from pathlib import Path

from torch import Tensor

from glalign.config.loading import overlaid
from glalign.contract.retriever import Batch, Retriever
from glalign.gpu_check import systems
from glalign.storage.weight_files import UNFILLED, Weights

ROOT = Path(__file__).parents[2]

SYSTEMS = systems.trainable_systems(overlaid(root=ROOT))


def build(name: str, seed: int = 0, weights: Weights = UNFILLED) -> Retriever:
    return systems.build(SYSTEMS[name], seed=seed, weights=weights)


def size_of(name: str) -> tuple[int, int]:
    return SYSTEMS[name].data.image_size


def make_batch(name: str, model: Retriever, padding: int = 0, seed: int = 11) -> Batch:
    return systems.small_batch(SYSTEMS[name], model, padding=padding, seed=seed)


def train_step(model: Retriever, batch: Batch, step: int, steps: int = 10, seed: int = 1) -> dict[str, Tensor]:
    return systems.loss_terms(model, batch, step, steps, seed)
