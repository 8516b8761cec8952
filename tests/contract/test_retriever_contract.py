"""What every trainable system of the demo must do, whatever it is: no test here knows a method."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
import torch
from helpers.systems import SYSTEMS, build, make_batch, size_of, train_step
from torch import Tensor

from glalign.contract.regions import REGIONS
from glalign.contract.retriever import Batch, Features, Retriever
from glalign.engine.optim import make_optimizer
from glalign.evaluation.reranking import candidates, reranked
from glalign.gpu_check.systems import INFO, PERSON
from glalign.storage.weight_files import PRETRAINED, UNFILLED, Weights, load_weights, save_weights
from glalign.support.dotted_names import class_named
from glalign.support.errors import UserError

RATE = 1e-3
STEPS = 200
LEARNT = 0.65
"""Largest share of the first loss that may be left after STEPS steps on eight pairs."""

FOUND = 0.5
"""Smallest share of the eight captions whose first image is of their person; chance is .22."""


pytestmark = pytest.mark.parametrize("name", sorted(SYSTEMS))


@pytest.fixture(autouse=True)
def as_in_a_job(one_thread: None) -> Iterator[None]:
    """One thread and deterministic kernels, as every training sets them."""
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


def images_only(batch: Batch, model: Retriever) -> Batch:
    """What a gallery image brings to the test: no label, no caption."""
    kept = {"pixels": batch.pixels, "parts": batch.parts if "parts" in model.needs else None}
    return Batch(**kept)


def texts_only(batch: Batch) -> Batch:
    """What a query brings to the test: no label, no image."""
    return Batch(tokens=batch.tokens, lengths=batch.lengths, phrases=batch.phrases)


def reorder(batch: Batch, order: Tensor) -> Batch:
    values = {f.name: getattr(batch, f.name) for f in fields(batch)}
    return Batch(**{k: v[order] if isinstance(v, Tensor) else v for k, v in values.items()})


@torch.no_grad()
def encode(model: Retriever, batch: Batch) -> tuple[Features, Features]:
    model.eval()
    return model.encode_texts(texts_only(batch)), model.encode_images(images_only(batch, model))


def rows(features: Features, index: Any) -> Features:
    return {name: value[index] for name, value in features.items()}


@torch.no_grad()
def scored(model: Retriever, texts: Features, images: Features) -> np.ndarray:
    """Final scores, the second stage of those that have one included."""
    coarse = model.similarity(texts, images).float().numpy()
    if not model.rerank_top:
        return coarse
    columns = candidates(coarse, model.rerank_top)
    pairs = torch.tensor([[row, column] for row, line in enumerate(columns) for column in line])
    return reranked(coarse, columns, model.rerank(texts, images, pairs).float().numpy().reshape(columns.shape))


def assert_same(first: Features, second: Features) -> None:
    assert first.keys() == second.keys()
    for key in first:
        torch.testing.assert_close(first[key], second[key], atol=2e-5, rtol=1e-4)


def optimizer_of(model: Retriever, name: str) -> torch.optim.Optimizer:
    """The system's own rule and relative rates, at a base rate that suits random values (tuned ones suit twins)."""
    return make_optimizer(model.parameter_groups(RATE, 0.0), SYSTEMS[name].optim)


def learn(
    model: Retriever,
    name: str,
    steps: int,
    seed: int = 1,
    batch: Batch | None = None,
    optimizer: torch.optim.Optimizer | None = None,
    done: int = 0,
) -> list[float]:
    """Losses of `steps` more steps on the same eight pairs, as at the end of a training."""
    batch, optimizer, totals = batch or make_batch(name, model), optimizer or optimizer_of(model, name), []
    for step in range(done, done + steps):
        total = torch.stack(list(train_step(model, batch, 1000 + step, 1001 + step, seed + step).values())).sum()
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        totals.append(float(total.detach()))
    return totals


@pytest.mark.parametrize("step", [0, 9])
def test_losses_are_finite_scalars_that_reach_trained_parameters(name, step):
    model = build(name)
    with torch.no_grad():
        for parameter in model.parameters():
            if not parameter.any():  # a residual branch that starts at zero would hand on no gradient at first
                parameter.fill_(0.1)
    terms = train_step(model, make_batch(name, model), step)
    assert terms
    for value in terms.values():
        assert value.ndim == 0
        assert torch.isfinite(value)
    torch.stack(list(terms.values())).sum().backward()
    trained = [p for p in model.parameters() if p.requires_grad]
    learned = [p for p in trained if p.grad is not None and p.grad.abs().sum() > 0]
    assert len(learned) > len(trained) / 2
    assert all(torch.isfinite(p.grad).all() for p in trained if p.grad is not None)


def test_parameter_groups_hold_every_trained_parameter_once(name):
    model = build(name)
    grouped = [id(p) for group in model.parameter_groups(0.1, 0.01) for p in group["params"]]
    assert len(set(grouped)) == len(grouped), "a parameter in two groups"
    model.train()
    for step in (0, 9):  # stages may freeze: what learns at any time must be there
        model.before_step(step, 10)
        assert {id(p) for p in model.parameters() if p.requires_grad} <= set(grouped)
    assert set(grouped) <= {id(p) for p in model.parameters()}


def test_loss_is_a_function_of_weights_batch_and_seed(name):
    def terms() -> dict[str, float]:
        model = build(name)
        return {k: float(v.detach()) for k, v in train_step(model, make_batch(name, model), 0).items()}

    assert terms() == terms()


def test_same_seed_same_bytes_and_another_seed_others(name):
    def trained(seed: int) -> dict[str, Tensor]:
        model = build(name, seed)
        learn(model, name, 2, seed)
        return model.state_dict()

    first, again, other = trained(0), trained(0), trained(1)
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


def test_eight_pairs_can_be_learnt_by_heart(name):
    """Most systems need 30 steps; one whose targets are a distillation, a queue and changing masks needs 200."""
    model = build(name)
    person, batch, optimizer = np.array(PERSON), make_batch(name, model), optimizer_of(model, name)
    totals: list[float] = []
    while len(totals) < STEPS:
        totals += learn(model, name, STEPS // 5, batch=batch, optimizer=optimizer, done=len(totals))
        found = person[scored(model, *encode(model, batch)).argmax(1)] == person
        left = np.mean(totals[-5:]) / totals[0]
        if left < LEARNT and found.mean() >= FOUND:
            return
    pytest.fail(
        f"{left:.2f} of the loss is left after {STEPS} steps, {found.mean():.2f} of the captions find their person"
    )


def test_features_are_finite_and_of_the_declared_shape(name):
    model = build(name)
    for features, shapes in zip(encode(model, make_batch(name, model)), model.feature_shapes(), strict=True):
        assert {key: tuple(value.shape[1:]) for key, value in features.items()} == shapes
        assert all(len(value) == len(PERSON) for value in features.values())
        assert all(torch.isfinite(value).all() for value in features.values())


def test_scores_are_finite_and_tell_items_apart(name):
    model = build(name)
    texts, images = encode(model, make_batch(name, model))
    scores = model.similarity(rows(texts, slice(0, 3)), images)
    assert scores.shape == (3, len(PERSON))
    assert torch.isfinite(scores).all()
    assert scores.std() > 0


def test_encoding_in_eval_mode_repeats_itself_bit_for_bit(name):
    model = build(name)
    batch = make_batch(name, model)
    for first, second in zip(encode(model, batch), encode(model, batch), strict=True):
        assert all(torch.equal(first[key], second[key]) for key in first)


def test_encoding_does_not_depend_on_the_rest_of_the_batch(name):
    model = build(name)
    batch = make_batch(name, model)
    order = torch.tensor([5, 2, 7])
    for whole, some in zip(encode(model, batch), encode(model, reorder(batch, order)), strict=True):
        assert_same(rows(whole, order), some)
    one = torch.tensor([3])
    for whole, some in zip(encode(model, batch), encode(model, reorder(batch, one)), strict=True):
        assert_same(rows(whole, one), some)


def test_padding_changes_nothing(name):
    model = build(name)
    short, images = encode(model, make_batch(name, model))
    long, _ = encode(model, make_batch(name, model, padding=6))
    np.testing.assert_allclose(scored(model, short, images), scored(model, long, images), atol=2e-5, rtol=1e-4)


def test_scores_do_not_depend_on_the_order_of_the_gallery(name):
    model = build(name)
    texts, images = encode(model, make_batch(name, model))
    order = torch.tensor([3, 0, 7, 6, 1, 5, 2, 4])
    straight, mixed = scored(model, texts, images), scored(model, texts, rows(images, order))
    np.testing.assert_allclose(mixed, straight[:, order.numpy()], atol=1e-5, rtol=1e-5)


def test_scores_of_blocks_are_blocks_of_the_scores(name):
    model = build(name)
    texts, images = encode(model, make_batch(name, model))
    with torch.no_grad():
        whole = model.similarity(texts, images)
        for start in range(0, len(PERSON), 3):
            for left in range(0, len(PERSON), 5):
                block = model.similarity(rows(texts, slice(start, start + 3)), rows(images, slice(left, left + 5)))
                expected = whole[start : start + 3, left : left + 5]
                torch.testing.assert_close(block, expected, atol=1e-5, rtol=1e-5)


def test_cosines_of_parts_are_of_pairs_and_change_no_feature(name):
    """A system without parts adds nothing; NaN is where the caption does not name the part or no image shows it."""
    model = build(name)
    batch = make_batch(name, model)
    if model.part_names:
        batch.phrases[1, 2] = False
        batch.parts[5, 0] = 0
    texts, images = encode(model, batch)
    with torch.no_grad():
        more_texts = model.encode_texts_and_parts(texts_only(batch))
        more_images = model.encode_images_and_parts(images_only(batch, model))
    for plain, more in ((texts, more_texts), (images, more_images)):
        assert all(torch.equal(more[key], value) for key, value in plain.items())
    if not model.part_names:
        assert (more_texts.keys(), more_images.keys()) == (texts.keys(), images.keys())
        return
    assert set(model.part_names) <= set(REGIONS)
    every_image = {key: torch.stack([value, value]) for key, value in more_images.items()}
    cosines = model.part_cosines(rows(more_texts, [1, 4]), every_image)
    assert cosines.shape == (2, len(PERSON), len(model.part_names))
    expected = torch.zeros(cosines.shape, dtype=torch.bool)
    expected[0, :, 2] = expected[:, 5, 0] = True
    assert torch.equal(cosines.isnan(), expected)
    assert cosines.nan_to_num().abs().max() <= 1 + 1e-5
    few_images = {key: value[None, [5, 2]] for key, value in more_images.items()}
    alone = model.part_cosines(rows(more_texts, [4]), few_images)
    torch.testing.assert_close(alone[0], cosines[1, [5, 2]], equal_nan=True)


def test_a_training_cut_off_goes_on_as_the_same_training(name, tmp_path):
    """Weights, buffers and the optimiser's state are all there is: what a checkpoint holds."""
    model = build(name)
    batch, optimizer = make_batch(name, model), optimizer_of(model, name)
    state: dict[str, Any] = {}
    for step in range(4):
        if step == 2:
            torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "state.pt")
        total = torch.stack(list(train_step(model, batch, step + 6).values())).sum()
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    other = build(name, seed=5)
    resumed = optimizer_of(other, name)
    other.load_state_dict(state["model"])
    resumed.load_state_dict(state["optimizer"])
    for step in (2, 3):
        total = torch.stack(list(train_step(other, batch, step + 6).values())).sum()
        resumed.zero_grad()
        total.backward()
        resumed.step()
    own, theirs = model.state_dict(), other.state_dict()
    assert all(torch.equal(own[key], theirs[key]) for key in own)


def test_a_weight_file_carries_the_whole_system(name, tmp_path):
    model, other = build(name), build(name, seed=1)
    train_step(model, make_batch(name, model), 0)  # running statistics move
    batch = make_batch(name, model)
    save_weights(tmp_path / "model.safetensors", model.state_dict())
    load_weights(other, tmp_path, "model")
    features = [encode(m, batch) for m in (model, other)]
    for first, second in zip(*features, strict=True):
        assert all(torch.equal(first[key], second[key]) for key in first)
    np.testing.assert_array_equal(scored(model, *features[0]), scored(other, *features[1]))


def test_the_twins_weights_fit(name):
    model = build(name, weights=Weights(PRETRAINED))
    texts, images = encode(model, make_batch(name, model))
    assert all(torch.isfinite(value).all() for value in (*texts.values(), *images.values()))


def test_a_missing_weight_file_is_named(name, tmp_path):
    entry = SYSTEMS[name]
    for vocabulary in PRETRAINED.glob("*.tokenizer.json"):
        (tmp_path / vocabulary.name).symlink_to(vocabulary)
    with pytest.raises(UserError, match=r"nowhere\.safetensors"):
        class_named(entry.class_path).build(
            {**entry.model, "weights": "nowhere"}, size_of(name), INFO, Weights(tmp_path)
        )


def test_an_unknown_option_is_named(name):
    entry = SYSTEMS[name]
    with pytest.raises(UserError, match="no_such_option"):
        class_named(entry.class_path).build({**entry.model, "no_such_option": 1}, size_of(name), INFO, UNFILLED)
