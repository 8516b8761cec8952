"""A trained system, rebuilt from its run."""

from pathlib import Path

import torch

from glalign.config.typed_json import read_typed
from glalign.contract.results import RunRecord
from glalign.contract.retriever import Retriever
from glalign.contract.specs.training import ModelSpec
from glalign.contract.training_info import TrainingInfo
from glalign.storage.weight_files import Weights, load_weights
from glalign.support.dotted_names import class_named


def load_trained(spec: ModelSpec, run: Path, device: torch.device) -> Retriever:
    """Build a system with the weights kept in the folder `run`. Raises: UserError naming a file that does not fit."""
    info = TrainingInfo(**dict(read_typed(run / "run.json", RunRecord).info))
    kind: type[Retriever] = class_named(spec.class_path)
    model = kind.build(spec.model, spec.data.image_size, info, Weights(Path(spec.weights), load=False))
    load_weights(model, run, "model")
    return model.to(device)
