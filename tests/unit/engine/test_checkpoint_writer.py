"""Checkpoints that a thread writes: what is saved, in which order, and where a failure is raised."""

import logging
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.training import zero_steps
from torch import nn

from glalign.config.training import Budget
from glalign.engine import checkpoint
from glalign.engine.checkpoint import CheckpointWriter, load_checkpoint, save_checkpoint
from glalign.engine.fit import train
from glalign.engine.training import Training
from glalign.support.errors import UserError


class Gate:
    """Takes the place of `save_checkpoint`: it says which step begins, and waits until it may write."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun: list[int] = []
        self.open = threading.Event()
        monkeypatch.setattr(checkpoint, "save_checkpoint", self.save)

    def save(self, path: Path, state: dict[str, Any]) -> None:
        self.begun.append(state["step"])
        assert self.open.wait(20)
        save_checkpoint(path, state)


def failing(path: Path, state: dict[str, Any]) -> None:
    raise UserError(f"{path}: free the disk")


def test_a_checkpoint_has_the_values_of_its_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights, moments and counts that change in place while the thread writes; layouts stay."""
    gate, path = Gate(monkeypatch), tmp_path / "checkpoint.pt"
    layer = nn.Conv2d(2, 3, 2).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(layer.parameters(), lr=0.1)

    def step() -> None:
        layer(torch.ones(1, 2, 2, 2)).sum().backward()
        optimizer.step()

    step()
    state = {"model": layer.state_dict(), "optimizer": optimizer.state_dict(), "key": "a", "step": 1}
    save_checkpoint(tmp_path / "now.pt", state)
    with CheckpointWriter(path) as writer:
        writer.save(state)
        step()
        gate.open.set()
    found, wanted = load_checkpoint(path, "a", 20), load_checkpoint(tmp_path / "now.pt", "a", 20)
    assert found["model"]["weight"].stride() == layer.weight.stride()
    assert not torch.equal(found["model"]["weight"], layer.weight)
    torch.testing.assert_close(found["model"], wanted["model"], rtol=0, atol=0)
    torch.testing.assert_close(found["optimizer"]["state"], wanted["optimizer"]["state"], rtol=0, atol=0)


def test_the_loop_goes_on_and_a_second_checkpoint_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, path = Gate(monkeypatch), tmp_path / "checkpoint.pt"
    with CheckpointWriter(path) as writer:
        writer.save({"key": "a", "step": 1})
        assert not path.exists()
        timer = threading.Timer(0.2, gate.open.set)
        timer.start()
        writer.save({"key": "a", "step": 2})
        assert gate.open.is_set()
        assert gate.begun[0] == 1
    assert gate.begun == [1, 2]
    assert load_checkpoint(path, "a", 20)["step"] == 2
    timer.join()


def test_what_fails_in_the_thread_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "save_checkpoint", failing)
    with pytest.raises(UserError, match="free the disk"), CheckpointWriter(tmp_path / "c.pt") as writer:
        writer.save({})
    with CheckpointWriter(tmp_path / "c.pt") as writer:
        writer.save({})
        with pytest.raises(UserError, match="free the disk"):
            writer.save({})


def test_the_error_of_the_loop_is_raised_and_that_of_the_thread_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(checkpoint, "save_checkpoint", failing)
    with (
        caplog.at_level(logging.ERROR, "glalign"),
        pytest.raises(KeyboardInterrupt),
        CheckpointWriter(tmp_path / "c.pt") as writer,
    ):
        writer.save({})
        raise KeyboardInterrupt
    assert "free the disk" in caplog.text


def spec_of(pedes: Path, folder: Path) -> Any:
    return zero_steps(pedes, folder, "last", budget=Budget(steps=3, validate_every=3, checkpoint_every=2, log_every=1))


def slow(path: Path, state: dict[str, Any]) -> None:
    threading.Event().wait(0.5)
    save_checkpoint(path, state)


def test_a_training_ends_after_its_last_checkpoint(
    pedes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is written late does not come back after it was deleted."""
    monkeypatch.setattr(checkpoint, "save_checkpoint", slow)
    train(spec_of(pedes, tmp_path), tmp_path / "run", "code")
    names = ["model.safetensors", "run.json", "train.jsonl"]
    assert sorted(file.name for file in (tmp_path / "run").iterdir()) == names


def test_a_training_that_fails_leaves_a_whole_checkpoint(
    pedes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    update = Training.update

    def cut(self: Training, step: int) -> dict[str, float]:
        if step == 2:
            raise UserError("step 2: cut")
        return update(self, step)

    monkeypatch.setattr(Training, "update", cut)
    monkeypatch.setattr(checkpoint, "save_checkpoint", slow)
    with pytest.raises(UserError, match="step 2: cut"):
        train(spec_of(pedes, tmp_path), tmp_path / "run", "code")
    assert [file.name for file in (tmp_path / "run").iterdir()] == ["checkpoint.pt"]
    assert torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)["step"] == 2
