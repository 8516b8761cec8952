"""What the training loop promises: bad numbers, full disks and torn checkpoints end in words."""

import errno
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from helpers.training import zero_steps
from torch import nn

from glalign.config.training import Optim
from glalign.config.typed_json import read_typed
from glalign.contract.results import RunRecord, Selected
from glalign.contract.retriever import Batch, Retriever
from glalign.engine.checkpoint import load_checkpoint, save_checkpoint
from glalign.engine.fit import train
from glalign.engine.optim import make_optimizer, rate_factor, set_rates
from glalign.engine.training import Training
from glalign.storage.locks import exclusive_lock
from glalign.storage.weight_files import PRETRAINED, read_weights
from glalign.support.errors import UserError
from glalign.support.torch_settings import prepare


class Line(Retriever):
    """One weight; the term `slope` is `factor` times it."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2, 2))
        self.factor = factor

    def loss(self, batch: Batch) -> dict[str, torch.Tensor]:
        return {"offset": self.weight.sum() * 0 + 1.0, "slope": self.weight.sum() * self.factor}


def training(factor: float) -> Training:
    model, options = Line(factor), Optim(name="sgd", lr=0.5, momentum=0.0)
    optimizer = make_optimizer(model.parameter_groups(0.5, 0.0), options)
    pairs = SimpleNamespace(batch=lambda step: Batch())
    return Training(model, optimizer, options, pairs, None, 10, 0, torch.device("cpu"))


def test_a_step_descends_and_names_its_terms():
    run = training(0.25)
    terms = run.update(0)
    assert terms == {"loss": 2.0, "offset": 1.0, "slope": 1.0}
    torch.testing.assert_close(run.model.weight.detach(), torch.full((2, 2), 1 - 0.5 * 0.25))


@pytest.mark.parametrize("factor", [float("nan"), float("inf")])
def test_a_term_that_is_not_finite_stops_with_step_and_name(factor: float):
    run = training(factor)
    with pytest.raises(UserError, match=r"step 7: loss term `slope` is (nan|inf); lower"):
        run.update(7)
    torch.testing.assert_close(run.model.weight.detach(), torch.ones(2, 2))


def test_a_checkpoint_comes_back_under_its_key_only(tmp_path: Path):
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, {"key": "a", "step": 3, "best": {"weights": {"w": torch.arange(3)}}})
    assert load_checkpoint(path, "a", 20)["step"] == 3
    assert load_checkpoint(path, "b", 20) is None
    path.write_bytes(path.read_bytes()[:100])
    assert load_checkpoint(path, "a", 20) is None
    assert load_checkpoint(tmp_path / "none.pt", "a", 20) is None


@pytest.mark.parametrize(
    "state",
    [[1], "text", torch.zeros(2), {"key": "a"}, *({"key": "a", "step": step} for step in (100, 20, 0, -1, "3"))],
)
def test_what_cannot_be_a_checkpoint_is_left_aside(tmp_path: Path, state: object):
    save_checkpoint(tmp_path / "checkpoint.pt", state)
    assert load_checkpoint(tmp_path / "checkpoint.pt", "a", 20) is None


def test_a_checkpoint_of_other_weights_is_not_gone_on_from(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    path = tmp_path / "checkpoint.pt"
    weights = torch.arange(100, dtype=torch.float32)
    save_checkpoint(path, {"key": "a", "step": 5, "model": {"w": weights}})
    whole = path.read_bytes()
    place = whole.index(weights.numpy().tobytes()) + 2
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    assert load_checkpoint(path, "a", 20) is None
    assert f"{path}: not as it was written" in caplog.text
    path.write_bytes(whole)
    assert load_checkpoint(path, "a", 20)["step"] == 5


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("write failed")])
def test_a_full_disk_leaves_the_last_checkpoint_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
):
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, {"key": "a", "step": 3})

    def fail(state: object, to: Path) -> None:
        to.write_bytes(b"half")
        raise error

    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(UserError, match=r"checkpoint\.pt.*free the disk"):
        save_checkpoint(path, {"key": "a", "step": 4})
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]
    monkeypatch.undo()
    assert load_checkpoint(path, "a", 20)["step"] == 3


def test_cuda_asked_for_and_absent(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="device: cuda is asked for"):
        prepare(1, "cuda")


@pytest.mark.parametrize(("asked", "beside", "given"), [(2, "1", 2), (9, "1", 3), (2, "2", 1), (4, "8", 1)])
def test_no_more_threads_than_processors(asked: int, beside: str, given: int, monkeypatch, caplog):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 5, 6}, raising=False)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", beside)
    before = torch.get_num_threads()
    try:
        with caplog.at_level(logging.INFO, "glalign"):
            prepare(asked, "cpu")
        assert torch.get_num_threads() == given
    finally:
        prepare(before, "cpu")
        torch.use_deterministic_algorithms(False)
    said = f"threads: {asked} configured, {given} used"
    assert (said in caplog.text) == (asked > given)


def test_a_training_goes_on_where_its_release_has_moved_to(
    pedes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys: list[str] = []
    monkeypatch.setattr("glalign.engine.fit.load_checkpoint", lambda path, key, steps: keys.append(key))
    spec = zero_steps(pedes, tmp_path)
    train(spec, tmp_path / "here", "code")
    images = str(pedes.rename(tmp_path / "moved") / "imgs")
    moved = spec.model_copy(update={"datasets": (spec.datasets[0].model_copy(update={"images": images}),)})
    train(moved, tmp_path / "there", "code")
    train(moved.model_copy(update={"seed": 1}), tmp_path / "other", "code")
    assert keys[0] == keys[1] != keys[2]


def test_the_log_says_how_many_captions_are_cut(
    edit: Callable, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = edit(lambda entries: entries[0]["captions"].append("red shirt " * 60))
    with caplog.at_level(logging.INFO, "glalign"):
        train(zero_steps(root, tmp_path), tmp_path / "run", "code")
    assert "captions longer than 77 tokens, which are cut: 1 of 17" in caplog.messages


def test_two_trainings_do_not_share_a_folder(tmp_path: Path):
    with (
        exclusive_lock(tmp_path / "run"),
        pytest.raises(UserError, match="another process"),
        exclusive_lock(tmp_path / "run"),
    ):
        pass
    with exclusive_lock(tmp_path / "run"):
        pass
    assert not any((tmp_path / "run").iterdir())


def test_rates_rise_then_fall_as_a_cosine():
    options = Optim(name="adamw", lr=0.2, schedule="cosine", warmup=0.2, warmup_from=0.1, floor=0.1)
    factor = rate_factor(options, steps=10)
    assert [round(factor(step), 3) for step in (0, 1, 2, 6)] == [0.1, 0.55, 1.0, 0.55]
    optimizer = make_optimizer([{"params": [nn.Parameter(torch.ones(1))], "lr": 0.2}], options)
    set_rates(optimizer, factor(1))
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.11)


@pytest.mark.parametrize("selection", ["val", "last"])
def test_no_steps_keep_the_pretrained_weights(pedes: Path, tmp_path: Path, selection: str) -> None:
    out = tmp_path / "run"
    train(zero_steps(pedes, tmp_path, selection, val="val"), out, "code")
    kept, _ = read_weights(out / "model.safetensors")
    given, _ = read_weights(PRETRAINED / "tiny_clip.safetensors")
    assert torch.equal(kept["scale.log"], given.pop("logit_scale"))
    assert all(torch.equal(kept[f"towers.{name}"], value) for name, value in given.items())
    run = read_typed(out / "run.json", RunRecord)
    (line,) = [json.loads(line) for line in (out / "train.jsonl").read_text(encoding="utf-8").splitlines()]
    assert line == {"step": 0, "val_rank1": run.selected.val_rank1}
    assert 0.0 <= line["val_rank1"] <= 100.0
    assert run.selected == Selected(rule=selection, step=0, val_rank1=line["val_rank1"])
    assert (run.info.steps, run.info.identities, run.pairs) == (0, 4, 0)
    assert sorted(file.name for file in out.iterdir()) == ["model.safetensors", "run.json", "train.jsonl"]


def test_no_steps_need_no_validation_people(pedes: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    train(zero_steps(pedes, tmp_path, "last", val=None), out, "code")
    assert read_typed(out / "run.json", RunRecord).selected.val_rank1 is None
    assert (out / "train.jsonl").read_text(encoding="utf-8") == '{"step": 0, "val_rank1": null}\n'
