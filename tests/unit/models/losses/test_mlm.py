"""The shared parts of masked language modelling: initialisation, what is left uncomputed, groups of rates."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from glalign.models.losses.mlm import clip_blocks, cross_attention, mlm_loss, outputs_at_mask, vocabulary_head
from glalign.models.parameter_groups import grouped


def std(weight: torch.Tensor) -> float:
    return float(weight.detach().std())


@pytest.mark.parametrize("depth", [1, 4])
def test_initial_spreads_are_those_of_the_original(depth):
    torch.manual_seed(0)
    width = 256
    outer, inner = width**-0.5 * (2 * depth) ** -0.5, (2 * width) ** -0.5
    block, head, cross = (
        clip_blocks(width, depth)[-1],
        vocabulary_head(width, 500, depth),
        cross_attention(width, depth),
    )
    for attention in (block.attn, cross):
        assert std(attention.in_proj_weight) == pytest.approx(width**-0.5, rel=0.02)
        assert std(attention.out_proj.weight) == pytest.approx(outer, rel=0.02)
        assert not attention.in_proj_bias.any()
        assert not attention.out_proj.bias.any()
    assert std(block.mlp.c_fc.weight) == pytest.approx(inner, rel=0.02)
    assert std(block.mlp.c_proj.weight) == pytest.approx(outer, rel=0.02)
    assert std(head[0].weight) == pytest.approx(inner, rel=0.02)
    assert std(head[3].weight) == pytest.approx(outer, rel=0.02)


def test_blocks_are_clips_with_quick_gelu():
    torch.manual_seed(0)
    blocks = clip_blocks(128, 1).double()
    block, x = blocks[0], torch.randn(2, 5, 128, dtype=torch.float64)
    assert block.attn.num_heads == 2
    mixed = x + block.attn(block.ln_1(x), block.ln_1(x), block.ln_1(x))[0]
    inner = block.mlp.c_fc(block.ln_2(mixed))
    assert inner.shape[-1] == 4 * 128
    expected = mixed + block.mlp.c_proj(inner * torch.sigmoid(1.702 * inner))
    torch.testing.assert_close(blocks(x), expected)


@pytest.mark.parametrize("depth", [1, 3])
def test_outputs_at_wanted_places_are_those_of_the_whole(depth):
    torch.manual_seed(0)
    blocks, tokens = clip_blocks(64, depth).double(), torch.randn(3, 9, 64, dtype=torch.float64)
    wanted = torch.rand(3, 5) < 0.5
    torch.testing.assert_close(outputs_at_mask(blocks, tokens, wanted), blocks(tokens)[:, :5][wanted])
    assert outputs_at_mask(blocks, tokens, torch.zeros_like(wanted)).shape == (0, 64)


def test_word_loss_is_the_mean_and_zero_for_no_words():
    logits, words = torch.randn(4, 7, dtype=torch.float64, requires_grad=True), torch.tensor([0, 6, 2, 2])
    pairs = zip(logits.detach(), words, strict=True)
    by_hand = sum(float(row.exp().sum().log() - row[word]) for row, word in pairs) / 4
    assert float(mlm_loss(logits, words).detach()) == pytest.approx(by_hand)
    torch.testing.assert_close(mlm_loss(logits, words), F.cross_entropy(logits, words))
    nothing = mlm_loss(logits[:0], words[:0])
    nothing.backward()
    assert float(nothing.detach()) == 0.0
    assert not logits.grad.any()


def test_groups_hold_every_parameter_once_frozen_ones_too():
    module = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 4))
    module[1].bias.requires_grad_(False)
    rule = lambda name: (3.0 if name[0] == "1" else 1.0, "bias" not in name)  # noqa: E731
    groups = list(grouped(module.named_parameters(), rule, 0.1, 0.5))
    assert {(round(group["lr"], 3), group["weight_decay"]): len(group["params"]) for group in groups} == {
        (0.1, 0.5): 1,
        (0.1, 0.0): 1,
        (0.3, 0.5): 1,
        (0.3, 0.0): 1,
    }
