"""Specifications of short trainings."""

from pathlib import Path
from typing import Any

from helpers.manifests import make
from helpers.manifests import spec as manifest_spec

from glalign.config.datasets import Splits
from glalign.config.training import Budget, Data, Optim
from glalign.contract.specs.training import DatasetSpec, FitSpec
from glalign.storage.weight_files import PRETRAINED


def pedes_dataset(root: Path, folder: Path, val: str | None = "val") -> DatasetSpec:
    """The dataset at `root`, in CUHK-PEDES's layout; its manifest is written into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = folder / "manifest.jsonl"
    make(manifest_spec(root, dataset="pedes", splits=Splits(val=val)), manifest)
    images = str(root / "imgs")
    return DatasetSpec(id="pedes", people="pedes", images=images, manifest=str(manifest), parts=None, phrases=None)


def zero_steps(root: Path, folder: Path, selection: str = "val", val: str | None = "val", **changes: Any) -> FitSpec:
    """A training of CLIP in 0 steps on the dataset at `root`, with other values of some fields."""
    values = {
        "system": "clip",
        "class_path": "baselines.clip_zero_shot.ClipZeroShot",
        "model": {"backbone": "tiny/clip", "weights": "tiny_clip"},
        "data": Data(image_size=(64, 32), batch_size=4),
        "weights": str(PRETRAINED),
        "threads": 1,
        "device": "cpu",
        "trainset": "pedes",
        "seed": 0,
        "root_seed": 0,
        "datasets": (pedes_dataset(root, folder, val),),
        "optim": Optim(name="adamw", lr=0.001),
        "budget": Budget(steps=0, validate_every=1, checkpoint_every=1, log_every=1),
        "selection": selection,
        "processes": 1,
        "files": (str(PRETRAINED / "tiny_clip.safetensors"),),
    }
    return FitSpec(**values | changes)
