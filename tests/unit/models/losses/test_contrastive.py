"""Losses against explicit loops over samples and parts."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from glalign.models.losses.contrastive import contrastive, local_contrastive
from glalign.models.losses.logit_scale import LogitScale


def unit(*shape: int, seed: int = 0) -> torch.Tensor:
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64), dim=-1)


def cross_entropy(row: list[float], positives: list[int]) -> float:
    total = sum(math.exp(value) for value in row)
    return -sum(math.log(math.exp(row[p]) / total) for p in positives) / len(positives)


def by_loops(images, texts, scale, person, samples) -> float:
    """Eqs. 7 to 9 written out, over `samples` only."""
    logits = [[scale * float(images[i] @ texts[j]) for j in samples] for i in samples]
    terms = []
    for a, i in enumerate(samples):
        positives = [
            b
            for b, j in enumerate(samples)
            if (person is None and i == j) or (person is not None and person[i] == person[j])
        ]
        terms.append(cross_entropy(logits[a], positives) / 2)
        terms.append(cross_entropy([row[a] for row in logits], positives) / 2)
    return sum(terms) / len(samples)


@pytest.mark.parametrize("person", [None, [0, 1, 0, 2, 2, 0, 3]])
def test_global_loss_is_the_written_out_equation(person):
    images, texts = unit(7, 5, seed=1), unit(7, 5, seed=2)
    found = contrastive(images, texts, 9.0, None if person is None else torch.tensor(person))
    assert float(found) == pytest.approx(by_loops(images, texts, 9.0, person, range(7)), rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.floats(0.0, 1.0), identity=st.booleans(), per_part=st.booleans())
def test_local_loss_is_the_mean_over_usable_parts(seed, share, identity, per_part):
    generator = torch.Generator().manual_seed(seed)
    regions, phrases = unit(6, 5, 4, seed=seed), unit(6, 5, 4, seed=seed + 1)
    present = torch.rand(6, 5, generator=generator) < share
    person = torch.randint(0, 4, (6,), generator=generator) if identity else None
    scale = torch.linspace(1, 5, 5, dtype=torch.float64) if per_part else torch.tensor(3.0, dtype=torch.float64)
    expected = []
    for part in range(5):
        samples = [i for i in range(6) if present[i, part]]
        if len(samples) >= 2:
            factor = float(scale[part]) if per_part else 3.0
            people = None if person is None else person.tolist()
            expected.append(by_loops(regions[:, part], phrases[:, part], factor, people, samples))
    found = float(local_contrastive(regions, phrases, present, scale, person))
    assert found == pytest.approx(sum(expected) / len(expected) if expected else 0.0, rel=1e-9)


def test_absent_parts_neither_count_nor_learn():
    regions = torch.randn(4, 5, 3, requires_grad=True)
    present = torch.tensor([[True, False, True, False, False]] * 3 + [[False] * 5])
    loss = local_contrastive(F.normalize(regions, dim=-1), unit(4, 5, 3).float(), present, 10.0)
    loss.backward()
    assert (regions.grad.abs().sum(-1) > 0).equal(present)


def test_no_part_at_all_is_zero_and_differentiable():
    regions = torch.zeros(4, 5, 3, requires_grad=True)  # what an absent part's feature is
    loss = local_contrastive(F.normalize(regions, dim=-1), torch.zeros(4, 5, 3), torch.zeros(4, 5, dtype=bool), 10.0)
    loss.backward()
    assert float(loss.detach()) == 0.0
    assert regions.grad.abs().sum() == 0


def test_loss_is_symmetric_and_bounded_by_chance_for_constant_features():
    images, texts = unit(5, 8), unit(5, 8, seed=3)
    assert contrastive(images, texts, 7.0).item() == pytest.approx(contrastive(texts, images, 7.0).item())
    constant = unit(1, 8).expand(5, 8)
    assert contrastive(constant, constant, 7.0).item() == pytest.approx(math.log(5))


def test_literal_temperature_cannot_learn():
    """D1: with exp(0.07) the best batch of 32 there can be, a regular simplex, still costs 2.42 nats of 3.47."""
    simplex = F.normalize(torch.eye(32, dtype=torch.float64) - 1 / 32, dim=-1)
    assert contrastive(simplex, simplex, LogitScale("literal")().double()).item() == pytest.approx(2.42, abs=0.005)
    assert contrastive(simplex, simplex, LogitScale("fixed")().double()).item() < 1e-4


@pytest.mark.parametrize(("mode", "value"), [("learned", 1 / 0.07), ("fixed", 1 / 0.07), ("literal", math.exp(0.07))])
def test_temperature_modes(mode, value):
    scale = LogitScale(mode)
    assert float(scale().detach()) == pytest.approx(value, rel=1e-6)
    assert len(list(scale.parameters())) == (mode == "learned")


def test_learned_temperature_stops_at_100_and_can_come_back():
    scale = LogitScale("learned", 5)
    with torch.no_grad():
        scale.log.fill_(20.0)
    value = scale()
    assert value.shape == (5,)
    assert value.max().item() == pytest.approx(100.0, rel=1e-5)
    value.sum().backward()
    assert (scale.log.grad > 0).all()
