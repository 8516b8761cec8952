"""Trainings of a few steps."""

from pathlib import Path
from typing import Any

from glalign.data.manifest import make_manifest
from glalign.storage.weight_files import PRETRAINED


def zero_steps(root: Path, folder: Path, selection: str, val: str | None) -> dict[str, Any]:
    """Specification of a training of 0 steps on the dataset at `root`."""
    manifest = folder / "manifest.jsonl"
    splits = {"train": "train", "val": val, "test": "test"}
    about = {"dataset": "pedes", "format": "cuhk_pedes", "root": str(root), "language": "en"}
    make_manifest({**about, "splits": splits, "holdout": 0, "seed": 0}, manifest)
    dataset = {"id": "pedes", "people": "pedes", "images": str(root / "imgs"), "manifest": str(manifest)}
    return {
        "system": "clip",
        "trainset": "pedes",
        "seed": 0,
        "root_seed": 0,
        "datasets": [{**dataset, "parts": None, "phrases": None}],
        "class": "baselines.clip_zero_shot.ClipZeroShot",
        "model": {"backbone": "tiny/clip", "weights": "tiny_clip"},
        "data": {"image_size": [64, 32], "batch_size": 4},
        "optim": {"name": "adamw", "lr": 0.001},
        "budget": {"steps": 0, "epochs": None, "validate_every": 1, "checkpoint_every": 1, "log_every": 1},
        "selection": selection,
        "weights": str(PRETRAINED),
        "files": [str(PRETRAINED / "tiny_clip.safetensors")],
        "threads": 1,
        "device": "cpu",
        "dress": None,
    }
