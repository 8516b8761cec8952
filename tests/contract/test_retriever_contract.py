"""What every trainable system of config.yaml must do, whatever it is: no test here knows a method."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from glalign.config import load
from glalign.errors import UserError
from glalign.models.retriever import Batch, Facts, Features, Retriever
from glalign.models.weights import load_weights, save_weights
from glalign.names import class_named

CONFIG = Path(__file__).parents[2] / "config.yaml"
WORDS = [
    "a",
    "man",
    "woman",
    "wears",
    "red",
    "blue",
    "black",
    "shirt",
    "jacket",
    "skirt",
    "shoes",
    "long",
    "hair",
    "bag",
]
SAMPLES = 8


def trainable_systems() -> dict[str, dict[str, Any]]:
    """id -> resolved entry of every system that is trained; reference scorers have no `data`."""
    return {name: entry for name, entry in load(CONFIG)["systems"].items() if entry.get("class") and "data" in entry}


SYSTEMS = trainable_systems()
pytestmark = pytest.mark.parametrize("name", sorted(SYSTEMS))


def build(name: str, seed: int = 0) -> Retriever:
    entry = SYSTEMS[name]
    torch.manual_seed(seed)
    size = tuple(entry["data"]["image_size"])
    facts = Facts(identities=5, steps=10, words=tuple((word, 100 - n) for n, word in enumerate(WORDS)))
    return class_named(entry["class"]).build(entry["model"], size, facts, None)


def make_batch(name: str, model: Retriever, padding: int = 0) -> Batch:
    """Random images and captions, with exactly the fields that the system says it needs."""
    generator = torch.Generator().manual_seed(11)
    length_of = torch.randint(4, 16, (SAMPLES,), generator=generator).tolist()
    pick = torch.randint(0, len(WORDS), (SAMPLES, 16), generator=generator).tolist()
    texts = [" ".join(WORDS[w] for w in row[:n]) for row, n in zip(pick, length_of, strict=True)]
    ids = [model.tokenizer.encode(text)[0] for text in texts]
    length = min(max(map(len, ids)) + padding, model.tokenizer.context_length)
    tokens = torch.full((SAMPLES, length), model.tokenizer.pad_id)
    for row, values in enumerate(ids):
        tokens[row, : len(values)] = torch.tensor(values)
    inside = torch.arange(length)[None] < torch.tensor([len(v) - 1 for v in ids])[:, None]
    inside[:, 0] = False
    chosen = torch.rand(SAMPLES, 5, 77, generator=generator)[..., :length] < 0.3  # whatever the padding, the same draws
    shares = (torch.rand(SAMPLES, 5, *model.patch_grid, generator=generator) - 0.5).clamp(min=0)
    height, width = SYSTEMS[name]["data"]["image_size"]
    return Batch(
        pixels=torch.randn(SAMPLES, 3, height, width, generator=generator),
        tokens=tokens,
        lengths=torch.tensor([len(v) for v in ids]),
        person=torch.tensor([0, 1, 1, 2, 3, 4, 4, 0]),
        parts=shares if "parts" in model.needs else None,
        phrases=chosen & inside[:, None] if "phrases" in model.needs else None,
        generator=torch.Generator().manual_seed(12),
    )


def images_only(batch: Batch) -> Batch:
    return replace(batch, tokens=None, lengths=None, phrases=None, person=None, generator=None)


def texts_only(batch: Batch) -> Batch:
    return replace(batch, pixels=None, parts=None, person=None, generator=None)


def reorder(batch: Batch, order: Tensor) -> Batch:
    values = {f.name: getattr(batch, f.name) for f in fields(batch)}
    return Batch(**{k: v[order] if isinstance(v, Tensor) else v for k, v in values.items()})


@torch.no_grad()
def encode(model: Retriever, batch: Batch) -> tuple[Features, Features]:
    model.eval()
    return model.encode_texts(texts_only(batch)), model.encode_images(images_only(batch))


def rows(features: Features, index: Any) -> Features:
    return {name: value[index] for name, value in features.items()}


def assert_same(first: Features, second: Features) -> None:
    assert first.keys() == second.keys()
    for key in first:
        torch.testing.assert_close(first[key], second[key], atol=2e-5, rtol=1e-4)


def train_steps(model: Retriever, name: str, step: int, steps: int = 10) -> dict[str, Tensor]:
    model.train()
    model.before_step(step, steps)
    torch.manual_seed(1)
    return model.loss(make_batch(name, model))


@pytest.mark.parametrize("step", [0, 9])
def test_losses_are_finite_scalars_that_reach_trained_parameters(name, step):
    model = build(name)
    with torch.no_grad():
        for parameter in model.parameters():
            if not parameter.any():  # a residual branch that starts at zero would hand on no gradient at first
                parameter.fill_(0.1)
    terms = train_steps(model, name, step)
    assert terms
    for value in terms.values():
        assert value.ndim == 0
        assert torch.isfinite(value)
    torch.stack(list(terms.values())).sum().backward()
    groups = list(model.parameter_groups(0.1, 0.01))
    grouped = [p for group in groups for p in group["params"]]
    assert len({id(p) for p in grouped}) == len(grouped), "a parameter in two groups"
    learned = [p for p in grouped if p.grad is not None and p.grad.abs().sum() > 0]
    assert len(learned) > len([p for p in grouped if p.requires_grad]) / 2
    assert all(torch.isfinite(p.grad).all() for p in grouped if p.grad is not None)


def test_loss_is_a_function_of_weights_batch_and_seed(name):
    first, second = (train_steps(build(name), name, 0) for _ in range(2))
    assert {k: float(v.detach()) for k, v in first.items()} == {k: float(v.detach()) for k, v in second.items()}


def test_a_few_steps_on_one_batch_lower_the_loss(name):
    model = build(name)
    optimizer = torch.optim.Adam(list(model.parameter_groups(1e-3, 0.0)))
    totals = []
    for _ in range(8):
        total = torch.stack(list(train_steps(model, name, 9).values())).sum()
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        totals.append(float(total.detach()))
    assert min(totals[4:]) < totals[0]


def test_features_and_scores_have_the_item_axis_first(name):
    model = build(name)
    texts, images = encode(model, make_batch(name, model))
    assert all(len(value) == SAMPLES for value in (*texts.values(), *images.values()))
    scores = model.similarity(rows(texts, slice(0, 3)), images)
    assert scores.shape == (3, SAMPLES)
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


def test_padding_changes_nothing(name):
    model = build(name)
    short, _ = encode(model, make_batch(name, model))
    long, _ = encode(model, make_batch(name, model, padding=6))
    assert_same(short, long)


def test_scores_of_blocks_are_blocks_of_the_scores(name):
    model = build(name)
    texts, images = encode(model, make_batch(name, model))
    whole = model.similarity(texts, images)
    for start in range(0, SAMPLES, 3):
        for left in range(0, SAMPLES, 5):
            block = model.similarity(rows(texts, slice(start, start + 3)), rows(images, slice(left, left + 5)))
            torch.testing.assert_close(block, whole[start : start + 3, left : left + 5], atol=1e-5, rtol=1e-5)


def test_a_weight_file_carries_the_whole_system(name, tmp_path):
    model, other = build(name), build(name, seed=1)
    model.train()
    model.before_step(0, 10)
    model.loss(make_batch(name, model))  # running statistics move
    batch = make_batch(name, model)
    save_weights(tmp_path / "model.safetensors", model.state_dict())
    load_weights(other, tmp_path, "model")
    for first, second in zip(encode(model, batch), encode(other, batch), strict=True):
        assert all(torch.equal(first[key], second[key]) for key in first)


def test_a_missing_weight_file_is_named(name, tmp_path):
    entry = SYSTEMS[name]
    facts = Facts(identities=5, steps=10, words=tuple((word, 9) for word in WORDS))
    model = {**entry["model"], "weights": "nowhere"}
    with pytest.raises(UserError, match=r"nowhere\.safetensors"):
        class_named(entry["class"]).build(model, tuple(entry["data"]["image_size"]), facts, tmp_path)


def test_an_unknown_option_is_named(name):
    entry = SYSTEMS[name]
    facts = Facts(identities=5, steps=10, words=tuple((word, 9) for word in WORDS))
    with pytest.raises(UserError, match="no_such_option"):
        class_named(entry["class"]).build(
            {**entry["model"], "no_such_option": 1}, tuple(entry["data"]["image_size"]), facts, None
        )
