"""What each switch of `runtime:` and `memory:` does to a training, and what it leaves alone."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from helpers.training import zero_steps
from torch import nn

from glalign.config.training import Budget, Data, Memory, Optim, Runtime
from glalign.contract.retriever import Batch, Retriever
from glalign.contract.specs.training import FitSpec
from glalign.data import images, retrieval_set
from glalign.engine import fit
from glalign.engine.fit import train
from glalign.engine.layers import compiled
from glalign.engine.optim import make_optimizer
from glalign.engine.precision import Precision
from glalign.engine.training import Training
from glalign.storage.weight_files import read_weights
from glalign.support.errors import UserError
from glalign.support.torch_settings import prepare

STEPS = 4


def spec_of(pedes: Path, folder: Path, **changes: Any) -> FitSpec:
    """A training of STEPS steps, validated and checkpointed after every second one."""
    budget = Budget(steps=STEPS, validate_every=2, checkpoint_every=2, log_every=1)
    data = Data(image_size=(64, 32), batch_size=4, flip=True, crop=2, erase=0.5)
    return zero_steps(pedes, folder, budget=budget, data=data, **changes)


def trained(pedes: Path, folder: Path, **changes: Any) -> tuple[bytes, list[dict[str, Any]]]:
    train(spec_of(pedes, folder, **changes), folder / "run", "code")
    torch.use_deterministic_algorithms(False)
    lines = (folder / "run" / "train.jsonl").read_text(encoding="utf-8").splitlines()
    return (folder / "run" / "model.safetensors").read_bytes(), [json.loads(line) for line in lines]


def test_what_must_not_change_a_number_does_not(pedes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches made ahead, images from a mapped file, activations computed again: the same bytes."""
    plain = trained(pedes, tmp_path / "plain")
    assert trained(pedes, tmp_path / "ahead", runtime=Runtime(prefetch=2)) == plain
    assert trained(pedes, tmp_path / "again", memory=Memory(checkpoint_activations=True)) == plain
    monkeypatch.setattr(images.ImageStore.__init__, "__kwdefaults__", {"cache_bytes": 0, "threads": 1, "cache": None})
    assert trained(pedes, tmp_path / "mapped", runtime=Runtime(image_cache=str(tmp_path / "cache"))) == plain
    assert len([f for f in (tmp_path / "cache").iterdir() if f.is_dir()]) == 2  # training and validation images


SWITCHES = [Runtime(precision="bf16"), Runtime(precision="fp16"), Runtime(fused=True), Runtime(length_buckets=1)]


@pytest.mark.parametrize("runtime", SWITCHES)
def test_a_switch_changes_little_and_a_cut_training_goes_on(
    pedes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: Runtime
) -> None:
    """Losses stay near those of float32; with fp16 the scale of the loss is part of the checkpoint."""
    _, plain = trained(pedes, tmp_path / "plain")
    whole, lines = trained(pedes, tmp_path / "whole", runtime=runtime)
    for found, exact in zip(lines, plain, strict=True):
        np.testing.assert_allclose(found.get("loss", 0.0), exact.get("loss", 0.0), rtol=0.03)
    update = Training.update

    def cut(self: Training, step: int) -> dict[str, float]:
        if step == 3:
            raise KeyboardInterrupt
        return update(self, step)

    monkeypatch.setattr(Training, "update", cut)
    with pytest.raises(KeyboardInterrupt):
        trained(pedes, tmp_path / "cut", runtime=runtime)
    monkeypatch.undo()
    assert trained(pedes, tmp_path / "cut", runtime=runtime) == (whole, lines)


def test_validation_captions_become_tokens_once(pedes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two validations, one table of tokens."""
    made, make = [], retrieval_set.TokenTable
    monkeypatch.setattr(retrieval_set, "TokenTable", lambda *values: made.append(1) or make(*values))
    _, lines = trained(pedes, tmp_path)
    assert sum("val_rank1" in line for line in lines) == 2
    assert len(made) == 1


def test_values_are_low_precision_only_inside(pedes: Path, tmp_path: Path) -> None:
    trained(pedes, tmp_path, runtime=Runtime(precision="bf16"))
    tensors, _ = read_weights(tmp_path / "run" / "model.safetensors")
    assert {value.dtype for value in tensors.values()} == {torch.float32}


class Mean(Retriever):
    """The mean of a weight times each pair's number: a loss in which pairs do not meet."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2, 2))

    def loss(self, batch: Batch) -> dict[str, torch.Tensor]:
        return {"mean": (self.weight.sum() * batch.person.float()).mean()}


def test_accumulated_gradients_are_the_mean_over_the_parts() -> None:
    """Equal to the whole batch for a mean over pairs; a contrastive loss has other terms in a part, by design."""
    found = []
    for parts in (1, 2, 4):
        model, options = Mean(), Optim(name="sgd", lr=0.5, momentum=0.0, clip=100.0)
        optimizer = make_optimizer(model.parameter_groups(0.5, 0.0), options)
        pairs = SimpleNamespace(batch=lambda step: Batch(person=torch.tensor([1, 5, 2, 4])))
        run = Training(model, optimizer, options, pairs, None, 1, 0, torch.device("cpu"), accumulate=parts)
        found.append((run.update(0), model.weight.detach()))
    for terms, weight in found:
        assert terms == {"loss": 12.0, "mean": 12.0}
        torch.testing.assert_close(weight, torch.full((2, 2), 1 - 0.5 * 3.0))


@pytest.mark.parametrize(("parts", "group"), [(5, 1), (12, 1), (8, 4)])
def test_parts_that_are_not_equal_or_tear_groups_are_refused(parts: int, group: int) -> None:
    with pytest.raises(
        UserError, match=rf"systems\.x\.memory\.accumulate: {parts} does not divide the batch of (?:16|12) into"
    ):
        Memory(accumulate=parts).check(12 if parts == 12 else 16, group, "systems.x.memory")
    Memory(accumulate=4).check(16, 4, "systems.x.memory")


def test_scaled_gradients_are_clipped_at_their_true_norm() -> None:
    precision, weight = Precision("fp16"), nn.Parameter(torch.tensor([3.0]))
    module, optimizer = nn.ParameterList([weight]), torch.optim.SGD([weight], lr=1.0)
    precision.backward((4.0 * weight).sum())
    assert float(weight.grad) == 4.0 * precision.scaler.get_scale()
    precision.step(optimizer, module, clip=1.0)
    assert float(weight.detach()) == pytest.approx(2.0, abs=1e-4)
    optimizer.zero_grad()
    scale = precision.scaler.get_scale()
    precision.backward((weight * 1e38).sum())  # overflows once scaled
    precision.step(optimizer, module, clip=0.0)
    assert float(weight.detach()) == pytest.approx(2.0, abs=1e-4)
    assert precision.scaler.get_scale() < scale


def test_kernels_follow_the_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    for tf32, deterministic in ((True, False), (False, True)):
        prepare(torch.get_num_threads(), "cpu", tf32=tf32, deterministic=deterministic)
        assert torch.backends.cuda.matmul.allow_tf32 is torch.backends.cudnn.allow_tf32 is tf32
        assert torch.are_deterministic_algorithms_enabled() is deterministic
        assert torch.backends.cudnn.benchmark is not deterministic
        prepare(torch.get_num_threads(), "cpu", deterministic=deterministic, compile=True)
        assert torch.are_deterministic_algorithms_enabled() is deterministic
    torch.use_deterministic_algorithms(False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    with pytest.raises(UserError, match=r"runtime\.precision: this GPU has no bf16.*fp16"):
        prepare(torch.get_num_threads(), "cuda", precision="bf16")


def test_compiled_layers_compute_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program is traced and run by torch itself here; a compiler's own rounding is not this suite's."""
    layer = nn.Sequential(nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True))
    short, long = torch.randn(2, 3, 8), torch.randn(2, 7, 8)
    expected = [layer(short), layer(long)]
    compile_with, traced = torch.compile, []
    monkeypatch.setattr(torch, "compile", lambda f, **o: traced.append(f) or compile_with(f, **o, backend="eager"))
    compiled(layer)
    for value, wanted in zip((short, long), expected, strict=True):
        torch.testing.assert_close(layer(value), wanted)
    assert len(traced) == 1
    assert list(layer.state_dict()) == list(nn.Sequential(nn.TransformerEncoderLayer(8, 2, 16)).state_dict())


def test_a_gpu_is_looked_at_before_anything_is_trained(
    pedes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check itself runs here on the CPU, told that a hundred megabytes are free."""
    cuda = SimpleNamespace(type="cuda")
    monkeypatch.setattr(fit, "prepare", lambda *_, **__: cuda)
    check = fit.check_memory
    monkeypatch.setattr(fit, "check_memory", lambda spec, info, device: check(spec, info, torch.device("cpu")))
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (10**7, 10**8))
    with pytest.raises(UserError, match=r"needs about .* set `runtime\.precision: bf16` and `systems\.clip\.memory"):
        train(spec_of(pedes, tmp_path), tmp_path / "run", "code")
