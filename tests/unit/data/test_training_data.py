"""What a training reads of its datasets: images as configured, and balanced sources that go on where they were."""

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.pedes import make_pedes
from helpers.training import pedes_dataset, zero_steps

from baselines.clip_zero_shot import ClipZeroShot
from glalign.config.training import Budget, Data, Memory
from glalign.contract.specs.training import FitSpec
from glalign.contract.training_info import TrainingInfo
from glalign.data.images import ImageStore
from glalign.data.training_data import TrainingData
from glalign.engine.fit import train
from glalign.engine.training import Training
from glalign.storage.weight_files import PRETRAINED, Weights, read_weights


@pytest.fixture
def two_sources(pedes: Path, tmp_path: Path) -> FitSpec:
    """Three epochs of two datasets, of 4 and of 2 training people (16 and 8 pairs), in batches of two parts."""
    make_pedes(tmp_path / "few", train=2)
    few = pedes_dataset(tmp_path / "few", tmp_path / "of_few").model_copy(update={"id": "few", "people": "few"})
    return zero_steps(
        pedes,
        tmp_path,
        data=Data(image_size=(64, 32), batch_size=8, sources="balanced"),
        datasets=(pedes_dataset(pedes, tmp_path), few),
        budget=Budget(epochs=3, validate_every=4, checkpoint_every=4),
        memory=Memory(accumulate=2),
    )


def model_of(spec: FitSpec) -> ClipZeroShot:
    return ClipZeroShot.build(spec.model, spec.data.image_size, TrainingInfo(4, 1), Weights(PRETRAINED))


def test_an_epoch_of_balanced_sources_is_twice_the_larger(
    two_sources: FitSpec, caplog: pytest.LogCaptureFixture
) -> None:
    data = TrainingData(two_sources)
    assert data.steps(two_sources.budget, "pairs") == 3 * 2 * 16 // 8
    assert data.steps(two_sources.budget, "identity") == 3 * 2 * 8 // 8
    with caplog.at_level(logging.INFO, "glalign"):
        pairs = data.pairs(model_of(two_sources), "pairs", seed=1)
    assert pairs.per_epoch == 32
    assert "an epoch: 32 items, as many of each of pedes, few" in caplog.messages
    first = pairs.classes.max() - 1  # `few` is numbered before `pedes`
    assert first == 4
    seen = [pairs.items(step)[1] for step in range(4)]
    for caption in seen:
        for part in caption.chunk(2):
            assert int((part < 16).sum()) == len(part) // 2 == 2
    assert torch.cat(seen)[torch.cat(seen) < 16].sort()[0].tolist() == list(range(16))
    assert torch.cat(seen)[torch.cat(seen) >= 16].bincount()[16:].tolist() == [2] * 8
    union = two_sources.model_copy(update={"data": two_sources.data.model_copy(update={"sources": "union"})})
    assert TrainingData(union).steps(union.budget, "pairs") == 3 * 24 // 8


def test_balanced_pairs_of_one_dataset_are_its_plain_pairs(two_sources: FitSpec) -> None:
    one = two_sources.model_copy(update={"datasets": two_sources.datasets[:1]})
    plain = one.model_copy(update={"data": one.data.model_copy(update={"sources": "union"})})
    mine, theirs = (TrainingData(spec).pairs(model_of(spec), "pairs", seed=1) for spec in (one, plain))
    for step in range(5):
        a, b = mine.batch(step), theirs.batch(step)
        assert torch.equal(a.pixels, b.pixels) and torch.equal(a.tokens, b.tokens)


def test_a_training_of_balanced_sources_that_was_killed_ends_with_the_same_bytes(
    two_sources: FitSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(two_sources, tmp_path / "uncut", "code")
    update = Training.update

    def killed(training: Training, step: int) -> dict[str, float]:
        if step == 6:
            raise KeyboardInterrupt
        return update(training, step)

    monkeypatch.setattr(Training, "update", killed)
    with pytest.raises(KeyboardInterrupt):
        train(two_sources, tmp_path / "cut", "code")
    monkeypatch.undo()
    steps: list[int] = []
    monkeypatch.setattr(Training, "update", lambda self, step: steps.append(step) or update(self, step))
    train(two_sources, tmp_path / "cut", "code")
    assert steps == list(range(4, 12))
    uncut, cut = (read_weights(tmp_path / name / "model.safetensors")[0] for name in ("uncut", "cut"))
    assert all(torch.equal(cut[name], value) for name, value in uncut.items())


def test_training_and_validation_images_are_cut_alike(pedes: Path, tmp_path: Path) -> None:
    spec = zero_steps(pedes, tmp_path, data=Data(image_size=(64, 32), batch_size=4, centre_crop=True, resize="bicubic"))
    data, model = TrainingData(spec), model_of(spec)
    stores = [data.pairs(model, "pairs", seed=1).images, data.validation(model).images]
    for store in stores:
        expected = ImageStore(store.files, (64, 32), "bicubic", centre_crop=True)
        np.testing.assert_array_equal(store.batch(range(len(store))), expected.batch(range(len(store))))
        assert (store.batch([0, 1, 2]) != ImageStore(store.files, (64, 32), "bicubic").batch([0, 1, 2])).any()
