"""Slot attention, decoder and part losses against plain loops written from the formulas, in double precision."""

import math

import pytest
import torch
from torch.nn import functional as F

from glalign.models.slot_attention import PartWeights, SlotAttention, SlotDecoder, part_nce, part_scores, slot_overlap

WIDTH, SLOTS = 6, 3


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def rand(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def cosine(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(a @ b) / math.sqrt(float(a @ a) * float(b @ b))


@torch.no_grad()
def looped(module: SlotAttention, slots: torch.Tensor, tokens: torch.Tensor, keep: list[bool]) -> torch.Tensor:
    """One item's slots, token by token."""
    normed = F.layer_norm(tokens, tokens.shape[-1:], module.norm_tokens.weight, module.norm_tokens.bias)
    keys = [module.key.weight @ t + module.key.bias for t in normed]
    values = [module.value.weight @ t + module.value.bias for t in normed]
    for _ in range(module.iterations):
        before = slots
        normed = F.layer_norm(slots, slots.shape[-1:], module.norm_slots.weight, module.norm_slots.bias)
        queries = [module.query.weight @ s + module.query.bias for s in normed]
        share = torch.zeros(len(slots), len(tokens), dtype=slots.dtype)
        for t, key in enumerate(keys):
            scores = [math.exp(float(query @ key) / math.sqrt(len(key))) for query in queries]
            for k in range(len(slots)):
                share[k, t] = scores[k] / sum(scores) if keep[t] else 0.0
        rows = []
        for k in range(len(slots)):
            total = float(share[k].sum()) + 1e-8
            read = sum(float(share[k, t]) / total * values[t] for t in range(len(tokens)))
            rows.append(gru(module.gru, read, before[k]))
        slots = torch.stack(rows)
        normed = F.layer_norm(slots, slots.shape[-1:], module.norm_mlp.weight, module.norm_mlp.bias)
        hidden = (normed @ module.mlp[0].weight.T + module.mlp[0].bias).clamp(min=0)
        slots = slots + hidden @ module.mlp[2].weight.T + module.mlp[2].bias
    return slots


def gru(cell: torch.nn.GRUCell, read: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
    """Cho et al. 2014, in torch's order of the gates: reset, update, candidate."""
    inputs = (cell.weight_ih @ read + cell.bias_ih).chunk(3)
    states = (cell.weight_hh @ state + cell.bias_hh).chunk(3)
    reset, update = torch.sigmoid(inputs[0] + states[0]), torch.sigmoid(inputs[1] + states[1])
    return (1 - update) * torch.tanh(inputs[2] + reset * states[2]) + update * state


@pytest.mark.parametrize("iterations", [1, 5])
def test_slot_attention_is_the_plain_loop(iterations):
    module, slots, tokens = SlotAttention(WIDTH, iterations).double(), rand(SLOTS, WIDTH), rand(2, 5, WIDTH)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    keep = torch.tensor([[True, True, False, True, False], [False] * 5])
    found = module(slots, tokens, keep)
    for item in range(2):
        torch.testing.assert_close(found[item].detach(), looped(module, slots, tokens[item], keep[item].tolist()))
    whole = looped(module, slots, tokens[0], [True] * 5)
    torch.testing.assert_close(module(slots, tokens)[0].detach(), whole)


def test_tokens_left_out_change_nothing_and_may_be_absent():
    module, slots, tokens = SlotAttention(WIDTH, 5).double(), rand(SLOTS, WIDTH), rand(1, 6, WIDTH)
    keep = torch.tensor([[True] * 4 + [False] * 2])
    torch.testing.assert_close(module(slots, tokens, keep), module(slots, tokens[:, :4]))
    tokens[:, 4:] = 1e6
    torch.testing.assert_close(module(slots, tokens, keep), module(slots, tokens[:, :4]))


def test_an_item_without_tokens_has_finite_slots_and_gradients():
    module, slots = SlotAttention(WIDTH, 5).double(), rand(SLOTS, WIDTH).requires_grad_()
    for tokens, keep in ((rand(1, 2, WIDTH), torch.zeros(1, 2, dtype=torch.bool)), (rand(1, 0, WIDTH), None)):
        found = module(slots, tokens, keep)
        found.sum().backward()
        assert torch.isfinite(found).all()
        assert torch.isfinite(slots.grad).all()


def test_slot_attention_starts_as_the_original_does():
    module = SlotAttention(256, 5)
    for layer in (module.query, module.key, module.value, module.mlp[0], module.mlp[2]):
        assert not layer.bias.any()
        assert float(layer.weight.detach().std()) == pytest.approx((2 / (256 + 256)) ** 0.5, rel=0.02)


def test_the_gradient_flows_through_all_rounds():
    slots = torch.nn.Parameter(rand(SLOTS, WIDTH))
    SlotAttention(WIDTH, 5).double()(slots, rand(2, 4, WIDTH)).square().sum().backward()
    assert slots.grad.abs().sum() > 0


def test_decoder_is_the_plain_loop_with_the_mixing_channel_in_the_last_layer():
    decoder, slots = SlotDecoder(WIDTH, 7, (2, 3)).double(), rand(2, SLOTS, WIDTH)
    for parameter in decoder.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    keep = torch.tensor([[True, False, True, True, True, True], [False, False, False, True, False, True]])
    last, bias = (torch.cat([getattr(decoder.token, n), getattr(decoder.share, n)]) for n in ("weight", "bias"))
    expected = []
    for item in range(2):
        for place in range(6):
            if not keep[item, place]:
                continue
            position = torch.cat([decoder.rows[place // 3], decoder.columns[place % 3]])
            painted, logits = [], []
            for slot in slots[item]:
                x = decoder.first.weight @ (slot + position) + decoder.first.bias
                for layer in (decoder.middle[1], decoder.middle[3]):
                    x = layer.weight @ x.clamp(min=0) + layer.bias
                out = last @ x.clamp(min=0) + bias
                painted.append(out[:-1])
                logits.append(out[-1].exp())
            expected.append(sum(e / sum(logits) * p for e, p in zip(logits, painted, strict=True)))
    torch.testing.assert_close(decoder(slots, keep), torch.stack(expected))


def test_decoder_reads_the_first_positions_of_its_table():
    decoder, slots = SlotDecoder(WIDTH, 7, (1, 9)).double(), rand(2, SLOTS, WIDTH)
    short = torch.ones(2, 4, dtype=torch.bool)
    torch.testing.assert_close(decoder(slots, short), decoder(slots, F.pad(short, (0, 5))))
    assert decoder(slots, torch.zeros(2, 4, dtype=torch.bool)).shape == (0, WIDTH)


def test_part_weights_start_even_and_follow_the_caption():
    module, text = PartWeights(512, 8), torch.randn(4, 512)
    torch.testing.assert_close(module(text), torch.full((4, 8), 1 / 8), atol=1e-3, rtol=0)
    assert sum(p.numel() for p in module.parameters()) == 33_352
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    torch.testing.assert_close(module(text).sum(dim=1), torch.ones(4))
    assert (module(2 * text) - module(text)).abs().max() > 1e-3  # of the feature as it is, not of its direction


def test_part_scores_are_the_plain_loop_and_weighted_by_the_row():
    queries, others, weights = rand(4, SLOTS, WIDTH), rand(5, SLOTS, WIDTH), rand(4, SLOTS).softmax(dim=1)
    found = part_scores(queries, others, weights)
    for i in range(4):
        for j in range(5):
            expected = sum(float(weights[i, k]) * cosine(queries[i, k], others[j, k]) for k in range(SLOTS))
            assert float(found[i, j]) == pytest.approx(expected)


@pytest.mark.parametrize("person", [[0, 1, 0, 2], [0, 0, 0, 0], [0, 1, 2, 3]])
def test_part_nce_is_the_plain_loop(person):
    scores, tau, total = rand(4, 4), 0.3, 0.0
    for i in range(4):
        denominator = sum(math.exp(float(scores[i, j]) / tau) for j in range(4))
        for j in range(4):
            if person[i] == person[j]:
                total -= math.log(math.exp(float(scores[i, j]) / tau) / denominator)
    assert float(part_nce(scores, torch.tensor(person), tau)) == pytest.approx(total / 4)


def test_part_nce_stays_finite_at_the_sharpest_temperature():
    scores = (1 - 2 * torch.eye(3)).requires_grad_()
    loss = part_nce(scores, torch.arange(3), 0.015 / 5)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(2 / 0.003 + math.log(2), rel=1e-4)
    assert torch.isfinite(scores.grad).all()


def test_overlap_is_the_plain_loop_and_signed():
    slots = rand(3, 4, WIDTH)
    pairs = [cosine(item[k], item[m]) for item in slots for k in range(4) for m in range(4) if k != m]
    assert float(slot_overlap(slots)) == pytest.approx(sum(pairs) / 3 / (4 * 3))
    opposite = torch.tensor([[[1.0, 0.0], [-3.0, 0.0]]])
    assert float(slot_overlap(opposite)) == pytest.approx(-1.0)  # not squared: opposite slots lower the loss
    assert float(slot_overlap(torch.eye(4)[None])) == pytest.approx(0.0)


def test_position_tables_of_the_decoder_start_evenly_between_0_and_1():
    torch.manual_seed(0)
    decoder = SlotDecoder(512, 8, (24, 8))
    for table in (decoder.rows.detach(), decoder.columns.detach()):
        assert 0 <= table.min() < 0.01
        assert 0.99 < table.max() <= 1
        assert table.mean().item() == pytest.approx(0.5, abs=0.02)
