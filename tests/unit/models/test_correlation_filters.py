"""Correlation filters against plain loops: shares, moving filters, exclusivity, the non-local block."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from glalign.models.correlation_filters import (
    NonLocal,
    band_max,
    exclusivity_loss,
    foreground_attention,
    masked_max,
    part_attention,
    update_filters,
    update_filters_in_turn,
)

DOUBLE = torch.float64


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=DOUBLE, generator=torch.Generator().manual_seed(seed))


def cosine(a: Tensor, b: Tensor) -> float:
    return float(a @ b) / (math.sqrt(float(a @ a)) * math.sqrt(float(b @ b)))


def test_shares_are_the_plain_loop_over_the_foreground():
    positions, filters, parts = random(2, 4, 5), random(2, 5, seed=1), random(3, 5, seed=2)
    inside = torch.tensor([[True, True, True, False], [True, False, False, False]])
    units = F.normalize(positions, dim=-1)
    figure, shares = foreground_attention(units, filters, 4.0, inside), part_attention(units, parts, 4.0, inside)
    for b in range(2):
        existing = [n for n in range(4) if inside[b, n]]
        assert not figure[b, len(existing) :].any()
        assert not shares[b, len(existing) :].any()
        foreground = {}
        for n in existing:
            both = [math.exp(4 * cosine(positions[b, n], f)) for f in filters]
            assert figure[b, n].tolist() == pytest.approx([value / sum(both) for value in both])
            foreground[n] = positions[b, n] * both[0] / sum(both)
        for p in range(3):
            heights = {n: math.exp(4 * cosine(foreground[n], parts[p])) for n in existing}
            for n in existing:
                assert float(shares[b, n, p]) == pytest.approx(heights[n] / sum(heights.values()))
    own = part_attention(units, torch.stack([parts, parts.flip(0)]), 4.0, inside)
    torch.testing.assert_close(own[0], shares[0])
    torch.testing.assert_close(own[1], shares[1].flip(-1))


@pytest.mark.parametrize(("height", "width", "parts"), [(24, 8, 6), (8, 4, 6), (3, 2, 6), (7, 1, 1)])
def test_bands_are_adaptive_maxima(height, width, parts):
    cells = random(2, 3, height, width)
    expected = F.adaptive_max_pool2d(cells, (parts, 1))[..., 0].transpose(1, 2)
    torch.testing.assert_close(band_max(cells, parts), expected)


def test_longest_is_the_maximum_inside_and_zero_of_nothing():
    values = -random(2, 3, 4).abs()
    inside = torch.tensor([[True, True, False], [False, False, False]])
    expected = torch.stack([torch.maximum(values[0, 0], values[0, 1]), torch.zeros(4, dtype=DOUBLE)])
    torch.testing.assert_close(masked_max(values, inside), expected)


def test_captions_move_the_filters_one_after_the_other():
    stored, rate = random(3, 4), 0.01 / 5
    seen = random(5, 3, 4, seed=1).requires_grad_()
    used = update_filters_in_turn(stored, seen, rate)
    weights = random(5, 3, 4, seed=2)
    (gradient,) = torch.autograd.grad((used * weights).sum(), seen)
    filters, expected = stored.clone(), []
    for caption in seen:  # the original's loop: what is stored has no gradient
        filters = (0.99 + 0.01 * 4 / 5) * filters.detach() + rate * caption
        expected.append(filters)
    torch.testing.assert_close(used, torch.stack(expected))
    (slow,) = torch.autograd.grad((torch.stack(expected) * weights).sum(), seen)
    torch.testing.assert_close(gradient, slow)


def test_images_move_the_filters_together_and_keep_their_gradient():
    stored, seen = random(3, 4), random(5, 3, 4, seed=1).requires_grad_()
    used = update_filters(stored, seen, 0.01)
    torch.testing.assert_close(used, 0.99 * stored + 0.01 * sum(seen) / 5)
    used.sum().backward()
    torch.testing.assert_close(seen.grad, torch.full_like(seen, 0.002))


def test_exclusivity_is_the_plain_loop():
    shares = random(2, 5, 3).abs()
    total = 0.0
    for item in shares:
        for a in range(3):
            for b in range(3):
                total += (cosine(item[:, a], item[:, b]) - (a == b)) ** 2
    assert float(exclusivity_loss(shares)) == pytest.approx(total / 18)
    assert float(exclusivity_loss(torch.eye(4, dtype=DOUBLE)[None])) == 0.0
    one_word = exclusivity_loss(torch.ones(1, 1, 6, dtype=DOUBLE))  # every filter answers at the only position
    assert float(one_word) == pytest.approx(30 / 36)
    assert float(exclusivity_loss(torch.zeros(1, 4, 6, dtype=DOUBLE))) == pytest.approx(1 / 6)


def test_the_non_local_block_is_the_plain_loop():
    torch.manual_seed(0)
    block = NonLocal(parts=3, width=4, hidden=2, out=5, slope=0.25).double().eval()
    block.norm.running_mean.normal_()
    block.norm.running_var.uniform_(0.5, 2)
    parts = random(2, 3, 4)

    def leaky(x: Tensor) -> Tensor:
        return torch.where(x > 0, x, 0.25 * x)

    with torch.no_grad():
        for item, found in zip(parts, block(parts), strict=True):
            a, b = ([leaky(item[p] @ layer.weight[p]) for p in range(3)] for layer in (block.key, block.query))
            a, b = ([v / v.norm() for v in side] for side in (a, b))
            for q in range(3):
                heights = {p: math.exp(float(a[p] @ b[q])) for p in range(3) if p != q}
                mixed = sum(height * a[p] for p, height in heights.items()) / sum(heights.values())
                back = mixed @ block.back.weight[q]
                rows = slice(4 * q, 4 * q + 4)
                mean, variance = block.norm.running_mean[rows], block.norm.running_var[rows]
                whole = item[q] + leaky((back - mean) / (variance + 1e-5).sqrt())
                torch.testing.assert_close(found[q], whole @ block.out.weight[q])
