"""TBPS-CLIP: its two losses against plain loops, the rising softness, what is frozen and where dropout acts."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from baselines.clip_zero_shot import ClipZeroShot
from baselines.tbps_clip import Options, TbpsClip, nitc, ritc
from glalign.contract.retriever import Batch, Features
from glalign.contract.training_info import TrainingInfo
from glalign.storage.weight_files import UNFILLED, Weights, save_weights
from glalign.support.errors import UserError


def build(**options: object) -> TbpsClip:
    torch.manual_seed(0)
    model = {"backbone": "tiny/clip", "weights": "random", **options}
    return TbpsClip.build(model, (64, 32), TrainingInfo(identities=5, steps=10), UNFILLED).train()


def batch_of(system: TbpsClip, count: int = 6) -> Batch:
    stream = torch.Generator().manual_seed(0)
    ids = [system.tokenizer.encode(f"a man in a red shirt number {n}" + " and shoes" * n)[0] for n in range(count)]
    tokens = torch.zeros(count, max(map(len, ids)), dtype=torch.int64)
    for row, values in enumerate(ids):
        tokens[row, : len(values)] = torch.tensor(values)
    return Batch(torch.randn(count, 3, 64, 32, generator=stream), tokens, person=torch.arange(count) % 4)


def softmax(values: list[float]) -> list[float]:
    total = sum(math.exp(value) for value in values)
    return [math.exp(value) / total for value in values]


def both_ways(logits: Tensor) -> list[list[list[float]]]:
    return [logits.tolist(), logits.T.tolist()]


def plain_nitc(logits: Tensor, again: Tensor, person: list[int], softness: float) -> float:
    total, count = 0.0, len(person)
    for rows, guesses in zip(both_ways(logits), both_ways(again), strict=True):
        for i in range(count):
            p, guess = softmax(rows[i]), softmax(guesses[i])
            friends = sum(person[j] == person[i] for j in range(count))
            for j in range(count):
                target = softness * guess[j] + (1 - softness) * (person[j] == person[i]) / friends
                total -= target * math.log(p[j]) / count / 2
    return total


def plain_ritc(logits: Tensor, person: list[int]) -> float:
    total, count = 0.0, len(person)
    for rows in both_ways(logits):
        for i in range(count):
            p = softmax(rows[i])
            friends = sum(person[j] == person[i] for j in range(count))
            for j in range(count):
                total += p[j] * (math.log(p[j]) - math.log((person[j] == person[i]) / friends + 0.01)) / count / 2
    return total


PEOPLE = [[0, 1, 0, 2, 1], [0, 1, 2, 3, 4], [3, 3, 3], [7]]
"""Several people, all different, a batch of one identity, a batch of one pair."""


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("softness", [0.0, 0.3, 0.5])
def test_nitc_is_the_plain_loop(person: list[int], softness: float) -> None:
    torch.manual_seed(1)
    logits, again = 5 * torch.randn(2, len(person), len(person), dtype=torch.float64)
    expected = plain_nitc(logits, again, person, softness)
    assert float(nitc(logits, again, torch.tensor(person), softness)) == pytest.approx(expected, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("person", PEOPLE)
def test_ritc_is_the_plain_loop(person: list[int]) -> None:
    torch.manual_seed(2)
    logits = 5 * torch.randn(len(person), len(person), dtype=torch.float64)
    expected = plain_ritc(logits, person)
    assert float(ritc(logits, torch.tensor(person))) == pytest.approx(expected, rel=1e-10, abs=1e-12)


def test_own_similarities_are_a_target_and_not_a_path_of_the_gradient() -> None:
    torch.manual_seed(3)
    logits = torch.randn(4, 4, dtype=torch.float64, requires_grad=True)
    person = torch.tensor([0, 1, 1, 2])
    (own,) = torch.autograd.grad(nitc(logits, logits, person, 1.0), logits)
    torch.testing.assert_close(own, torch.zeros_like(own))  # softmax minus target, which is the softmax
    (hard,) = torch.autograd.grad(nitc(logits, logits, person, 0.0), logits)
    (half,) = torch.autograd.grad(nitc(logits, logits, person, 0.5), logits)
    torch.testing.assert_close(half, 0.5 * hard)


def test_ritc_of_the_target_itself_is_as_low_as_the_eps_makes_it() -> None:
    person = torch.arange(3)
    least = ritc(50 * torch.eye(3, dtype=torch.float64), person)
    assert float(least) == pytest.approx(-math.log(1.01), abs=1e-9)
    worst = ritc(50 * torch.eye(3, dtype=torch.float64).roll(1, 0), person)
    assert float(worst) == pytest.approx(-math.log(0.01), abs=1e-9)  # bounded by the eps


def test_terms_are_the_losses_of_the_scaled_cosines() -> None:
    system = build(text_dropout=0.0)
    batch = batch_of(system)
    terms = system.loss(batch)
    images, texts = system.encode_images(batch)["global"], system.encode_texts(batch)["global"]
    logits = (images @ texts.T / 0.07).detach().double()
    person = batch.person.tolist()
    assert set(terms) == {"nitc", "ritc"}
    assert float(terms["nitc"].detach()) == pytest.approx(plain_nitc(logits, logits, person, 0.5), rel=1e-4)
    assert float(terms["ritc"].detach()) == pytest.approx(plain_ritc(logits, person), rel=1e-4)
    weighted = build(text_dropout=0.0, nitc_weight=0.0, ritc_weight=2.0).loss(batch)
    assert float(weighted["nitc"].detach()) == 0.0
    torch.testing.assert_close(weighted["ritc"], 2 * terms["ritc"])


def test_the_soft_targets_are_of_a_second_pass_with_masks_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dropout .05 and a scale of 100, the recipe's: the loss is that of two passes, and not that of one."""
    system, person = build(), [0, 1, 2, 3, 0, 1]
    batch = replace(batch_of(system), person=torch.tensor(person))
    with torch.no_grad():
        system.scale.log.fill_(math.log(100))
    passes: list[Tensor] = []
    encode = system.encode_texts

    def spied(one: Batch) -> Features:
        passes.append(encode(one)["global"])
        return {"global": passes[-1]}

    monkeypatch.setattr(system, "encode_texts", spied)
    found = float(system.loss(batch)["nitc"].detach())
    assert len(passes) == 2
    assert passes[0].requires_grad
    assert not passes[1].requires_grad
    assert not torch.equal(*passes)
    first, second = (100 * (system.encode_images(batch)["global"] @ text.T).detach().double() for text in passes)
    assert found == pytest.approx(plain_nitc(first, second, person, 0.5), rel=1e-4)
    assert found != pytest.approx(plain_nitc(first, first, person, 0.5), rel=1e-3)
    system.softness = 0.0  # nothing to guess at the first step
    system.loss(batch)
    assert len(passes) == 3


@pytest.mark.parametrize("kind", [TbpsClip, ClipZeroShot])
def test_the_logit_scale_is_the_weight_files(kind: type[ClipZeroShot], tmp_path: Path) -> None:
    towers = build().towers
    stored = {"openai": math.log(100), "other": math.log(40)}
    for name, value in stored.items():
        tensors = {**towers.state_dict(), "logit_scale": torch.tensor(value)}
        save_weights(tmp_path / f"{name}.safetensors", tensors, towers.about())
    for name, value in stored.items():
        model = {"backbone": "tiny/clip", "weights": name}
        system = kind.build(model, (64, 32), TrainingInfo(identities=5, steps=10), Weights(tmp_path))
        assert float(system.scale().detach()) == pytest.approx(math.exp(value))
        assert system.scale.log.requires_grad


def test_the_stored_logarithm_may_pass_the_limit_of_the_value() -> None:
    scale = build().scale
    with torch.no_grad():
        scale.log.fill_(math.log(100) + 1)
    scale().backward()
    assert float(scale().detach()) == pytest.approx(100.0)
    assert float(scale.log.detach()) == pytest.approx(math.log(100) + 1)
    assert scale.log.grad is not None
    assert scale.log.grad > 0


def test_softness_rises_over_the_first_epoch_of_five() -> None:
    system = build()
    found = []
    for step in (0, 10, 20, 99):
        system.before_step(step, 100)
        found.append(system.softness)
    assert found == [0.0, 0.25, 0.5, 0.5]
    at_once = build(ramp=0.0)
    at_once.before_step(0, 100)
    assert at_once.softness == 0.5


def test_the_patches_stay_and_everything_else_learns() -> None:
    system = build()
    sum(system.loss(batch_of(system)).values()).backward()
    without = [name for name, p in system.named_parameters() if p.grad is None or not p.grad.abs().sum()]
    assert without == ["towers.visual.conv1.weight"]
    grouped = [p for group in system.parameter_groups(1e-4, 0.02) for p in group["params"]]
    assert all(p is not system.towers.visual.conv1.weight for p in grouped)
    decayed = [p for group in system.parameter_groups(1e-4, 0.02) if group["weight_decay"] for p in group["params"]]
    assert all(p.ndim > 1 for p in decayed)
    assert build(freeze_patches=False).towers.visual.conv1.weight.requires_grad


def test_dropout_acts_on_the_attention_of_the_text_tower_in_training_only() -> None:
    system = build(text_dropout=0.5)
    batch = batch_of(system)
    with torch.no_grad():
        for one, two, same in ((0, 1, False), (0, 0, True)):
            texts, images = [], []
            for seed in (one, two):
                torch.manual_seed(seed)
                texts.append(system.encode_texts(batch)["global"])
                images.append(system.encode_images(batch)["global"])
            assert torch.equal(*texts) == same
            assert torch.equal(*images)
        system.eval()
        assert torch.equal(system.encode_texts(batch)["global"], system.encode_texts(batch)["global"])


def test_original_size_and_constants() -> None:
    with torch.device("meta"):
        original = TbpsClip.build({}, (224, 224), TrainingInfo(identities=11_003, steps=1), UNFILLED)
    total = sum(p.numel() for p in original.parameters())
    # 149,752,449 of the full system without its SimCLR head of 131,712, which the simplified one has not.
    assert total == 149_752_449 - 131_712 == 149_620_737
    assert total - sum(p.numel() for p in original.parameters() if p.requires_grad) == 589_824
    assert {block.attn.dropout for block in original.towers.transformer.resblocks} == {0.05}
    assert {block.attn.dropout for block in original.towers.visual.transformer.resblocks} == {0.0}
    assert float(build().scale().detach()) == pytest.approx(1 / 0.07)
    assert (Options().softness, Options().ramp) == (0.5, 1 / 5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"softness": 1.5}, r"model\.softness: 1\.5"),
        ({"ramp": -0.1}, r"model\.ramp: -0\.1"),
        ({"text_dropout": 1.0}, r"model\.text_dropout: 1\.0"),
        ({"nitc_weight": -1.0}, r"model\.nitc_weight: -1\.0 is negative; 0 leaves"),
        ({"ritc_weight": -1.0}, r"model\.ritc_weight"),
    ],
)
def test_impossible_options_are_named(options: dict[str, float], message: str) -> None:
    with pytest.raises(UserError, match=message):
        build(**options)
