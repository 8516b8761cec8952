"""A training that was cut and resumed from its checkpoint ends with the bytes of one that was not."""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch

from glalign.config.settings import System
from glalign.engine.checkpoint import CheckpointWriter, load_checkpoint
from glalign.engine.training import Training
from glalign.gpu_check.differences import same_bytes
from glalign.gpu_check.lines import Line, Setting
from glalign.gpu_check.systems import build, small_batch
from glalign.gpu_check.trainings import random_training

CUT, STEPS = 2, 4


def check_resume(name: str, entry: System, setting: Setting) -> Iterator[Line]:
    """Yield a line about a training of four steps, and one that is cut after two."""
    whole = begun(entry, setting.device, range(STEPS))
    first = begun(entry, setting.device, range(CUT))
    before = first.snapshot()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checkpoint.pt"
        with CheckpointWriter(path) as writer:
            writer.save({"key": "", "step": CUT, **{part: state.state_dict() for part, state in states(first).items()}})
            advance(first, [CUT])  # the training goes on while the file is written
        resumed = begun(entry, setting.device, ())
        saved = load_checkpoint(path, "", STEPS) or {}
    for part, state in states(resumed).items():
        state.load_state_dict(saved[part])
    advance(resumed, range(CUT, STEPS))
    differs = same_bytes(resumed.snapshot(), whole.snapshot())
    changed = same_bytes(whole.snapshot(), before) is not None
    if differs is None and changed:
        yield Line("resume", name, "ok", f"cut after step {CUT} of {STEPS}: the same bytes")
    else:
        text = f"cut after step {CUT} of {STEPS}: {differs} has other bytes" if changed else "a step changes no weight"
        yield Line("resume", name, "differs", text, {"tensor": differs})


def begun(entry: System, device: torch.device, steps: Iterable[int]) -> Training:
    """A training with dropout, after some steps; each has a batch of its own."""
    assert entry.optim is not None  # a trained system has an optimiser
    model = build(entry)
    training = random_training(model, entry.optim, lambda step: small_batch(entry, model, seed=step), STEPS, device)
    advance(training, steps)
    return training


def states(training: Training) -> dict[str, Any]:
    """What a checkpoint keeps of a training."""
    return {"model": training.model, "optimizer": training.optimizer, "scaler": training.precision.scaler}


def advance(training: Training, steps: Iterable[int]) -> None:
    """Do some steps."""
    for step in steps:
        training.update(step)
