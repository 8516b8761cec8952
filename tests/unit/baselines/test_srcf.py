"""SRCF: its sides and losses against plain loops, its layers, its stages, captions without words."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from baselines.srcf import Options, Srcf, identity_loss
from glalign.config.loading import overlaid
from glalign.contract.retriever import Batch
from glalign.contract.training_info import TrainingInfo
from glalign.models.correlation_filters import exclusivity_loss
from glalign.models.losses.ranking import adaptive_margins, semi_hard_ranking
from glalign.models.towers.backbones import resnet_trunk
from glalign.storage.weight_files import UNFILLED
from glalign.support.errors import UserError

TINY = {"backbone": "tiny/resnet", "text": "tiny/bert", "vocabulary": "tiny_wordpiece", "feature": 16}
TINY |= {"mixed_feature": 8, "max_tokens": 14}
DOUBLE = torch.float64


@pytest.fixture
def system() -> Srcf:
    torch.manual_seed(0)
    return Srcf.build(TINY, (64, 32), TrainingInfo(identities=5, steps=60), UNFILLED).train()


def captions(lengths: list[int], seed: int, size: int = 12) -> tuple[Tensor, Tensor]:
    """Random ids with marks (1, 2) and padding (0), as the tiny vocabulary numbers them."""
    count, place = torch.tensor(lengths), torch.arange(size)
    ids = torch.randint(5, 300, (len(lengths), size), generator=torch.Generator().manual_seed(seed))
    ids = ids * (place < count[:, None])
    ids[:, 0] = 1
    ids[torch.arange(len(lengths)), count - 1] = 2
    return ids, count


def batch_of(lengths: tuple[int, ...] = (9, 3, 12, 7, 6, 5), seed: int = 0) -> Batch:
    stream = torch.Generator().manual_seed(seed)
    ids, count = captions(list(lengths), seed)
    others, other_count = captions(list(reversed(lengths)), seed + 1)
    pixels = torch.randn(len(lengths), 3, 64, 32, generator=stream)
    person = torch.arange(len(lengths)) % 4
    return Batch(pixels, ids, count, person, None, None, others, other_count, generator=stream)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=DOUBLE, generator=torch.Generator().manual_seed(seed))


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_original_size_has_the_original_parameters():
    with torch.device("meta"):
        original = Srcf.build(
            {"vocabulary": "tiny_wordpiece"}, (384, 128), TrainingInfo(identities=11_000, steps=1), UNFILLED
        )
    sizes = {name: count(part) for name, part in original.named_children()}
    words = original.tokenizer.vocab_size
    assert sizes.pop("text") == 109_482_240 - 590_592 - (30_522 - words) * 768  # no pooler
    assert sizes == {
        "trunk": 23_508_032,
        "text_cnn": 11_034_624,
        "whole": 2_097_152,
        "local": 6 * 2_097_152,
        "text_maps": 25_178_112,
        "non_local": 12_595_200,
        "classifiers": 112_783_000,
    }
    filters = original.image_filters.numel() + original.text_filters.numel()
    assert filters == 8_192
    assert sum(sizes.values()) + filters == 199_787_224
    assert sum(p.numel() for p in original.parameters() if p.requires_grad) == 199_787_224
    assert original.image_parts.shape == original.text_parts.shape == (6, 2048)
    with torch.device("meta"):
        assert original.trunk(torch.empty(1, 3, 384, 128)).shape == (1, 2048, 24, 8)


def test_defaults_are_those_of_the_original_script():
    options = Options()
    assert (options.max_tokens, options.feature, options.mixed_feature, options.parts) == (65, 1024, 512, 6)
    assert (options.scale, options.rate, options.slope, options.margin) == (25.0, 0.01, 0.25, 0.2)
    assert [round(60 * share) for share in (options.text_dropout_from, options.parts_until, options.adaptive_from)] == [
        1,
        26,
        5,
    ]
    assert (options.least_margin, options.second_weight) == (0.16, 0.1)
    assert (options.local_weight, options.mixed_weight, options.exclusivity_weight) == (0.5, 0.5, 1.0)


def test_filters_of_the_demo_are_as_undecided_at_first_as_the_original_s():
    """The cosine of random vectors of C numbers has a standard deviation of C^-.5."""
    model = overlaid().systems["srcf"].model
    small, large = (resnet_trunk(name).channels for name in (model["backbone"], Options.backbone))
    assert model["scale"] * small**-0.5 == pytest.approx(Options.scale * large**-0.5)


def test_a_trunk_with_stride_one_keeps_the_map_and_the_weights():
    small, large = resnet_trunk("tiny/resnet"), resnet_trunk("tiny/resnet", last_stride=1)
    large.load_state_dict(small.state_dict())
    pixels = torch.zeros(1, 3, 64, 32)
    assert (small(pixels).shape[2:], small.reduction) == ((4, 2), 16)
    assert (large(pixels).shape[2:], large.reduction) == ((8, 4), 8)


def test_an_image_is_read_as_the_formula_says(system):
    """Denoised positions, filters moved by their bands, weighted sums, layers of the parts."""
    system.before_step(0, 60)
    stored, pixels = system.image_parts.clone(), batch_of().pixels
    with torch.no_grad():
        found, cells = system.image_side(pixels), system.trunk(pixels)
        x = cells.flatten(2).transpose(1, 2)
        figure = (25 * F.normalize(x, dim=2) @ F.normalize(system.image_filters, dim=1).T).softmax(2)
        y = figure[..., :1] * x
        bands_of = F.adaptive_max_pool2d(y.transpose(1, 2).reshape(cells.shape), (6, 1))[..., 0]
        parts = 0.99 * stored + 0.01 * bands_of.mean(0).T
        shares = (25 * F.normalize(y, dim=2) @ F.normalize(parts, dim=1).T).softmax(1)
        local = torch.stack([(shares[..., p : p + 1] * y).sum(1) @ system.local.weight[p] for p in range(6)], dim=1)
    torch.testing.assert_close(system.image_parts, parts)
    torch.testing.assert_close(found.parts, shares, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(found.local, torch.where(local > 0, local, local / 4), atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(found.whole[:, 0], cells.amax((2, 3)) @ system.whole.weight.T)


def test_a_caption_is_read_as_the_formula_says_with_the_filters_of_its_turn(system):
    system.before_step(0, 60)
    batch, filters = batch_of(), system.text_parts.clone()
    with torch.no_grad():
        found = system.text_side(batch.tokens, batch.lengths)
        slots = system.text_cnn(system.text(F.pad(batch.tokens, (0, 2)), batch.lengths))
        for row, length in enumerate(batch.lengths.tolist()):
            x = slots[row, 1 : length - 1]
            figure = (25 * F.normalize(x, dim=1) @ F.normalize(system.text_filters, dim=1).T).softmax(1)
            y = figure[:, :1] * x
            offered = system.text_maps(y).amax(0).view(6, -1)
            filters = (0.99 + 0.01 * 5 / 6) * filters + 0.01 / 6 * offered
            shares = (25 * F.normalize(y, dim=1) @ F.normalize(filters, dim=1).T).softmax(0)
            torch.testing.assert_close(found.parts[row, : length - 2], shares, atol=1e-4, rtol=1e-3)
            local = torch.stack([shares[:, p] @ y @ system.local.weight[p] for p in range(6)])
            torch.testing.assert_close(found.local[row], torch.where(local > 0, local, local / 4), atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(system.text_parts, filters)


def slow_ranking(scores: Tensor, person: Tensor, margins: Tensor, anchors: list[bool], pick) -> float:
    """Sum over both directions; `pick` chooses one of the semi-hard negatives of an anchor."""
    total, count = 0.0, len(person)
    for rows in (scores, scores.T):
        chosen = []
        for i in range(count):
            others = [j for j in range(count) if person[j] != person[i]]
            hard = [j for j in others if 0 < rows[i, j] - rows[i, i] + margins[i] < margins[i]]
            if anchors[i] and hard:
                chosen.append((i, pick(hard)))
        if not chosen:
            others = [j for j in range(count) if person[j] != person[-1]]
            chosen = [(count - 1, others[0])] if others else []
        total += sum(max(0.0, float(rows[i, j] - rows[i, i] + margins[i])) for i, j in chosen)
    return total


def stream() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def test_ranking_draws_one_semi_hard_negative_per_anchor_evenly():
    scores = torch.full((5, 5), -1.0, dtype=DOUBLE).fill_diagonal_(0.5)
    scores[0, 1], scores[0, 2], scores[0, 3], scores[0, 4] = 0.4, 0.35, 0.9, 0.45  # 3: harder than the positive
    person, margins = torch.tensor([0, 1, 2, 3, 0]), torch.full((5,), 0.2, dtype=DOUBLE)
    scores.diagonal().copy_(torch.tensor([0.5, 2.0, 2.0, 2.0, 2.0]))  # no other anchor is near
    one_way = [semi_hard_ranking(scores, person, margins, torch.Generator().manual_seed(s)) for s in range(200)]
    behind = slow_ranking(scores, person, margins, [True] * 5, min) - 0.1  # what the other direction adds
    values = [round(float(value) - behind, 6) for value in one_way]
    assert set(values) == {0.1, 0.05}
    assert 70 < values.count(0.1) < 130


def test_ranking_is_the_plain_loop_where_there_is_one_candidate():
    scores = torch.tensor([[0.6, 0.5, 0.1], [0.2, 0.5, 0.45], [0.55, 0.1, 0.7]], dtype=DOUBLE)
    person, margins = torch.tensor([0, 1, 2]), torch.full((3,), 0.2, dtype=DOUBLE)
    expected = slow_ranking(scores, person, margins, [True] * 3, min)
    assert expected == pytest.approx(0.1 + 0.15 + 0.05 + 0.15)
    assert float(semi_hard_ranking(scores, person, margins, stream())) == pytest.approx(expected)


def test_without_any_semi_hard_negative_the_last_anchor_counts():
    person, margins = torch.tensor([0, 1, 1]), torch.full((3,), 0.2, dtype=DOUBLE)
    harder = torch.tensor([[0.0, 0.9, 0.9], [0.9, 0.0, 0.9], [0.7, 0.9, 0.1]], dtype=DOUBLE).requires_grad_()
    loss = semi_hard_ranking(harder, person, margins, stream())
    assert float(loss.detach()) == pytest.approx((0.7 - 0.1 + 0.2) + (0.9 - 0.1 + 0.2))
    loss.backward()
    assert harder.grad.count_nonzero() == 3
    left_out = semi_hard_ranking(0.5 + 0.01 * random(3, 3), person, margins, stream(), torch.zeros(3, dtype=torch.bool))
    assert float(left_out) == pytest.approx(slow_ranking(0.5 + 0.01 * random(3, 3), person, margins, [False] * 3, min))
    assert float(semi_hard_ranking(torch.eye(3, dtype=DOUBLE), person, margins, stream())) == 0.0


@pytest.mark.parametrize("size", [1, 4])
def test_a_batch_of_one_person_ranks_nothing(size):
    scores = random(size, size).requires_grad_()
    margins = torch.full((size,), 0.2, dtype=DOUBLE)
    loss = semi_hard_ranking(scores, torch.zeros(size, dtype=torch.int64), margins, stream())
    assert float(loss.detach()) == 0.0
    loss.backward()
    assert not scores.grad.any()


def test_margins_follow_the_second_caption():
    positive = torch.tensor([0.5, 0.5, -0.5, 0.0, 0.4], dtype=DOUBLE).requires_grad_()
    second = torch.tensor([0.4, 0.9, 0.1, 0.3, 0.0], dtype=DOUBLE)
    margins = adaptive_margins(positive, second, 0.2)
    assert margins.tolist() == pytest.approx([0.18, 0.2, 0.12, 0.2, 0.1])
    assert not margins.requires_grad
    assert adaptive_margins(torch.zeros(1), torch.zeros(1), 0.2).tolist() == pytest.approx([0.1])  # 0 / 0


def test_identity_loss_is_the_mean_over_parts():
    logits, person = random(4, 3, 5), torch.tensor([0, 4, 2, 2])
    expected = sum(F.cross_entropy(logits[:, p], person) for p in range(3)) / 3
    torch.testing.assert_close(identity_loss(logits, person), expected)


def test_terms_are_those_of_the_original(system):
    system.before_step(30, 60)  # filters fixed, margins adapt
    system.text.eval()
    batch = batch_of()
    losses = system.loss(replace(batch, generator=stream()))
    assert set(losses) == {"id", "ranking", "exclusivity"}
    image, text, other = (
        system.image_side(batch.pixels),
        system.text_side(batch.tokens, batch.lengths),
        system.text_side(batch.other_tokens, batch.other_lengths),
    )
    person, draws = batch.person, stream()
    names = ranks = 0.0
    for kind, (key, weight) in enumerate((("whole", 1.0), ("local", 0.5), ("mixed", 0.5))):
        a, b, c = (side[kind].detach() for side in (image, text, other))
        layer = system.classifiers[key]
        for p in range(a.shape[1]):
            for feature in (a, b):
                logits = feature[:, p] @ layer.weight[p] + layer.bias[p]
                names += weight * float(F.cross_entropy(logits, person).detach()) / a.shape[1]
        a, b, c = (feature.flatten(1) for feature in (a, b, c))
        scores, seconds = (F.cosine_similarity(a[:, None], x[None], dim=2) for x in (b, c))
        full = torch.full((6,), 0.2)
        ranks += weight * float(semi_hard_ranking(scores, person, full, draws))
        margins = (1 + (seconds.diagonal().abs() / scores.diagonal().abs()).clamp(max=1)) * 0.1
        ranks += weight * 0.1 * float(semi_hard_ranking(seconds, person, margins, draws, margins >= 0.16))
    apart = sum(float(exclusivity_loss(q.detach())) for side in (image, text, other) for q in (side.figure, side.parts))
    expected = {"id": names, "ranking": ranks, "exclusivity": apart}
    assert {k: float(v.detach()) for k, v in losses.items()} == pytest.approx(expected, rel=1e-4)


def test_stages_follow_the_shares(system):
    found = {}
    for step in range(60):
        system.train()
        system.before_step(step, 60)
        found[step] = (system.text.training, system.moving, system.adaptive)
    assert found[0] == (False, True, False)
    assert found[1] == found[4] == (True, True, False)
    assert found[5] == found[25] == (True, True, True)
    assert found[26] == found[59] == (True, False, True)


def test_part_filters_move_in_early_training_only(system):
    before = system.image_parts.clone(), system.text_parts.clone()
    system.before_step(30, 60)
    system.loss(batch_of())
    system.eval()
    system.before_step(0, 60)
    system.encode_images(batch_of())
    system.encode_texts(batch_of())
    assert torch.equal(system.image_parts, before[0])
    assert torch.equal(system.text_parts, before[1])
    system.train()
    system.before_step(0, 60)
    sum(system.loss(batch_of()).values()).backward()
    assert not torch.equal(system.image_parts, before[0])
    assert torch.nn.functional.cosine_similarity(system.image_parts, before[0]).min() > 0.9
    assert not torch.equal(system.text_parts, before[1])
    assert not system.text_parts.requires_grad
    assert 0 < system.text_maps.weight.grad.abs().max() < 1e-2  # what the captions offer counts .01 / B


def test_bert_stays_and_everything_else_learns(system):
    system.before_step(0, 60)
    sum(system.loss(batch_of()).values()).backward()
    assert all(p.grad is None for p in system.text.parameters())
    idle = [n for n, p in system.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.any())]
    assert idle == []
    assert all(p.grad.isfinite().all() for p in system.parameters() if p.requires_grad)
    groups = list(system.parameter_groups(5e-4, 0.1))
    rates = {id(p): group["lr"] for group in groups for p in group["params"]}
    assert len(rates) == len([p for p in system.parameters() if p.requires_grad])
    assert {round(rates[id(p)] / 5e-4, 6) for p in system.trunk.parameters()} == {0.1}
    assert rates[id(system.text_filters)] == 5e-4


def test_captions_of_one_word_and_of_none_are_read(system):
    batch = batch_of((3, 2, 3, 2))
    system.before_step(0, 60)
    losses = system.loss(batch)
    sum(losses.values()).backward()
    assert all(torch.isfinite(value) for value in losses.values())
    assert all(p.grad.isfinite().all() for p in system.parameters() if p.requires_grad)
    side = system.text_side(batch.tokens, batch.lengths)
    torch.testing.assert_close(side.parts[0], torch.ones_like(side.parts[0]))
    assert not side.local[1].any()
    ids, lengths = captions([2, 2], 0)
    assert system.eval().encode_texts(Batch(tokens=ids, lengths=lengths))["mixed"].isfinite().all()


def test_a_batch_of_one_and_more_padding_change_no_feature(system):
    system.eval()
    batch = batch_of()
    with torch.no_grad():
        texts, images = system.encode_texts(batch), system.encode_images(batch)
        for row, length in enumerate(batch.lengths.tolist()):
            ids = batch.tokens[row : row + 1, :length]
            alone = system.encode_texts(Batch(tokens=ids, lengths=batch.lengths[row : row + 1]))
            seen = system.encode_images(Batch(pixels=batch.pixels[row : row + 1]))
            for key in ("global", "local", "mixed"):
                torch.testing.assert_close(alone[key][0], texts[key][row], atol=1e-5, rtol=1e-4)
                torch.testing.assert_close(seen[key][0], images[key][row], atol=1e-5, rtol=1e-4)


def test_scores_are_the_sum_of_three_cosines(system):
    system.eval()
    batch = batch_of()
    with torch.no_grad():
        image, text = system.image_side(batch.pixels), system.text_side(batch.tokens, batch.lengths)
        scores = system.similarity(system.encode_texts(batch), system.encode_images(batch))
    expected = sum(
        F.cosine_similarity(text[kind].flatten(1)[:, None], image[kind].flatten(1)[None], dim=2) for kind in range(3)
    )
    torch.testing.assert_close(scores, expected)


def test_the_padding_is_part_of_the_maximum_over_the_caption(system):
    """The original's maximum covers all slots; two captions of the same words differ in it by their padding alone."""
    system.eval()
    with torch.no_grad():
        ids, lengths = captions([5], 0)
        slots = system.text_cnn(system.text(F.pad(ids, (0, 2)), lengths))
        whole = system.text_side(ids, lengths).whole[0, 0]
    torch.testing.assert_close(whole, system.whole(slots.amax(1))[0])
    assert not torch.equal(slots.amax(1), slots[:, :5].amax(1))


@pytest.mark.parametrize(
    ("key", "value"),
    [("max_tokens", 2), ("parts", 0), ("scale", 0.0), ("rate", 1.5), ("adaptive_from", -0.1), ("trunk_rate", -1.0)],
)
def test_impossible_options_are_named(key, value):
    with pytest.raises(UserError, match=rf"model\.{key}: .*choose"):
        Options(**{key: value})


def test_more_tokens_than_bert_reads_are_refused():
    with pytest.raises(UserError, match=r"model\.max_tokens: 999"):
        Srcf.build({**TINY, "max_tokens": 999}, (64, 32), TrainingInfo(identities=5, steps=1), UNFILLED)


def test_each_caption_passes_the_frozen_bert_once_unless_its_weights_or_dropout_change(system):
    calls = []
    system.text.layers[0].register_forward_hook(lambda _, given, __: calls.append(len(given[0])))
    tokens, lengths = captions([9, 3, 12], seed=0)
    batch = Batch(tokens=tokens, lengths=lengths)
    system.eval()
    first = system.encode_texts(batch)
    again = system.encode_texts(batch)
    assert calls == [3]
    assert all(torch.equal(first[name], value) for name, value in again.items())
    system.load_state_dict({k: v + 0.1 if k == "text.words.weight" else v for k, v in system.state_dict().items()})
    assert not torch.equal(system.encode_texts(batch)["global"], first["global"])
    assert calls == [3, 3]
    system.train()
    system.text.train()
    system.text_side(tokens, lengths)
    system.text_side(tokens, lengths)
    assert calls == [3, 3, 3, 3]
