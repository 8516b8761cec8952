"""RaSa: sizes and constants, losses against plain loops, queues, momentum model, captions, re-ranking, rates."""

import math
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from baselines.rasa import (
    IGNORED,
    NOBODY,
    Options,
    RaSa,
    mixed_captions,
    replaced_words,
)
from glalign.contract.retriever import Batch
from glalign.contract.training_info import TrainingInfo
from glalign.engine.specimen import specimen
from glalign.evaluation.reranking import candidates, reranked
from glalign.models.losses.albef_tasks import hard_negative_pairs, mask_word_pieces, sample_from_logits
from glalign.models.losses.distillation import distilled_mlm_loss, soft_contrast
from glalign.models.towers.albef import SHAPES
from glalign.storage.weight_files import UNFILLED
from glalign.support.errors import UserError

SIZE, PERSON = (64, 32), (0, 1, 1, 2, 3, 3)
JOINT = SHAPES["tiny/albef"].joint
TINY = {
    "backbone": "tiny/albef",
    "weights": "random",
    "vocabulary": "tiny_wordpiece",
    "dropout": 0.0,
    "queue": 10,
    "rerank_top": 3,
}


def build(seed: int = 0, **options: object) -> RaSa:
    torch.manual_seed(seed)
    return RaSa.build({**TINY, **options}, SIZE, TrainingInfo(identities=5, steps=10), UNFILLED).train()


def batch_of(system: RaSa, seed: int = 11) -> Batch:
    return specimen(system, SIZE, PERSON, seed=seed)


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def numbers(terms: dict[str, torch.Tensor]) -> dict[str, float]:
    return {name: float(value.detach()) for name, value in terms.items()}


def test_original_size_has_the_original_parameters(monkeypatch):
    monkeypatch.setattr("baselines.rasa.AlbefTokenizer", lambda path: type("Reader", (), {"vocab_size": 30_522}))
    options = {"vocabulary": "tiny_wordpiece", "weights": "random"}
    with torch.device("meta"):
        original = RaSa.build(options, (384, 384), TrainingInfo(identities=11_003, steps=1), UNFILLED)
    assert count(original.momentum_model) == 210_181_946
    assert count(original) - count(original.momentum_model) == 210_186_561
    assert original.image_queue.numel() + original.text_queue.numel() == 33_554_432
    assert original.embed_dim == 256
    assert original.rerank_top == 128


def test_original_constants():
    options = Options()
    assert (options.softness, options.ramp, options.weak, options.mask, options.replaced_mask) == (
        0.4,
        1 / 30,
        0.1,
        0.15,
        0.3,
    )
    assert (options.momentum, options.queue) == (0.995, 65_536)
    weights = (options.cl_weight, options.pitm_weight, options.mlm_weight, options.prd_weight, options.mrtd_weight)
    assert weights == (0.5, 1.0, 1.0, 0.5, 0.5)
    assert float(build().albef.temperature.detach()) == pytest.approx(0.07)


@pytest.mark.parametrize(
    "wrong",
    [
        {"momentum": 1.5},
        {"softness": -0.1},
        {"weak": 2},
        {"dropout": 1.0},
        {"distil_axis": "words"},
        {"queue": 0},
        {"rerank_top": -1},
        {"mlm_weight": -1.0},
        {"backbone": "albef-large"},
    ],
)
def test_impossible_options_are_named(wrong):
    with pytest.raises(UserError, match=f"model.{next(iter(wrong))}"):
        build(**wrong)


def plain_contrast(features, slow, keys, same, temperature, softness) -> float:
    total = 0.0
    for row in range(len(features)):
        online = [math.exp(sum(a * b for a, b in zip(features[row], key, strict=True)) / temperature) for key in keys]
        opinion = [math.exp(sum(a * b for a, b in zip(slow[row], key, strict=True)) / temperature) for key in keys]
        for column in range(len(keys)):
            target = softness * opinion[column] / sum(opinion) + (1 - softness) * same[row][column] / sum(same[row])
            total -= target * math.log(online[column] / sum(online))
    return total / len(features)


@pytest.mark.parametrize("softness", [0.0, 0.4, 1.0])
def test_soft_contrast_is_the_plain_loop(softness):
    stream = torch.Generator().manual_seed(0)
    features, slow, keys = (F.normalize(torch.randn(n, 4, generator=stream, dtype=torch.float64)) for n in (3, 3, 8))
    same = torch.tensor([[1, 0, 0, 0, 1, 0, 0, 0], [0, 1, 1, 0, 0, 0, 0, 0], [0, 1, 1, 0, 0, 0, 0, 1]]).double()
    found = soft_contrast(features, slow, keys, same, torch.tensor(0.3, dtype=torch.float64), softness)
    expected = plain_contrast(features.tolist(), slow.tolist(), keys.tolist(), same.tolist(), 0.3, softness)
    assert float(found) == pytest.approx(expected, rel=1e-9)


def test_the_targets_of_the_contrast_have_no_gradient():
    features, slow, keys = (torch.randn(2, 3, requires_grad=True) for _ in range(3))
    temperature = torch.tensor(0.5, requires_grad=True)
    loss = soft_contrast(features, slow, keys.detach(), torch.eye(2), temperature, 0.4)
    loss.backward()
    assert slow.grad is None
    opinion = (slow @ keys.T / 0.5).softmax(1).detach()
    targets = 0.4 * opinion + 0.6 * torch.eye(2)
    again = torch.tensor(0.5, requires_grad=True)
    (-(targets * (features @ keys.T / again).log_softmax(1)).sum(1).mean()).backward()
    torch.testing.assert_close(temperature.grad, again.grad)


def test_the_contrast_is_the_mean_of_four_over_batch_and_queue():
    system = build()
    stream = torch.Generator().manual_seed(1)
    image, text, slow_image, slow_text = (F.normalize(torch.randn(3, JOINT, generator=stream)) for _ in range(4))
    person = torch.tensor([4, 2, 4])
    system.person_queue[:2] = torch.tensor([2, 9])
    system.softness = 0.25
    columns = [4, 2, 4, 2, 9] + [NOBODY] * 8
    same = [[float(a == b) for b in columns] for a in person.tolist()]
    total = 0.0
    for features, slow in ((image, slow_image), (text, slow_text)):
        for keys in (torch.cat([slow_image, system.image_queue]), torch.cat([slow_text, system.text_queue])):
            total += plain_contrast(features.tolist(), slow.tolist(), keys.tolist(), same, 0.07, 0.25) / 4
    found = system.contrastive_loss((image, text), (slow_image, slow_text), person)
    assert float(found.detach()) == pytest.approx(total, rel=1e-4)


def test_queues_hold_the_last_features_and_wrap_around():
    system = build(queue=5)
    torch.testing.assert_close(system.image_queue.norm(dim=1), torch.ones(5))
    assert system.person_queue.tolist() == [NOBODY] * 5
    held: list[float] = []
    for start in (0, 3, 6):
        values = torch.arange(start, start + 3).float()
        rows = values[:, None].expand(-1, JOINT)
        system.enqueue(rows, rows + 100, values.long())
        held = [*held, *values.tolist()][-5:]
        filled = system.person_queue != NOBODY
        assert sorted(system.person_queue[filled].tolist()) == held
        assert torch.equal(system.image_queue[filled][:, 0], system.person_queue[filled].float())
        assert torch.equal(system.text_queue[filled][:, 7], system.person_queue[filled] + 100.0)
    assert system.queue_end.item() == 9 % 5
    values = torch.arange(20, 27).float()
    system.enqueue(values[:, None].expand(-1, JOINT), values[:, None].expand(-1, JOINT), values.long())
    assert sorted(system.person_queue.tolist()) == [22, 23, 24, 25, 26]


def test_the_batch_is_remembered_after_its_own_contrast():
    system = build()
    system.loss(batch_of(system))
    assert system.person_queue[:6].tolist() == list(PERSON)
    assert system.person_queue[6:].tolist() == [NOBODY] * 4
    torch.testing.assert_close(system.image_queue.norm(dim=1), torch.ones(10))


def plain_words(student, teacher, targets, asked, softness, axis) -> float:
    total, count = 0.0, 0
    rows, places, words = student.shape
    for b in range(rows):
        for m in range(places):
            if not asked[b][m]:
                continue
            count += 1
            own = [math.exp(x) for x in student[b, m].tolist()]
            guess = [math.exp(x) for x in teacher[b, m].tolist()]
            hard = -math.log(own[targets[b, m]] / sum(own))
            soft = 0.0
            for v in range(words):
                over = own if axis == -1 else [math.exp(x) for x in student[b, :, v].tolist()]
                soft -= guess[v] / sum(guess) * math.log(own[v] / sum(over))
            total += (1 - softness) * hard + softness * soft
    return total / max(1, count)


@pytest.mark.parametrize("axis", [-1, 1])
@pytest.mark.parametrize("asked", [[[1, 0, 1], [0, 1, 0]], [[0, 0, 0], [0, 0, 1]], [[0, 0, 0], [0, 0, 0]]])
def test_word_loss_is_the_plain_loop(axis, asked):
    stream = torch.Generator().manual_seed(2)
    student, teacher = (torch.randn(2, 3, 5, generator=stream, dtype=torch.float64) for _ in range(2))
    targets = torch.tensor([[4, 0, 2], [1, 3, 0]])
    found = distilled_mlm_loss(student, teacher, targets, torch.tensor(asked).bool(), 0.4, axis)
    assert float(found) == pytest.approx(plain_words(student, teacher, targets, asked, 0.4, axis), rel=1e-9)


def test_replaced_words_ignore_marks_wherever_they_come_from():
    pad, start = 0, 1
    ids = torch.tensor([[1, 5, 6, 2, 0, 0], [1, 5, 7, 8, 9, 2]])
    guesses = torch.tensor([[7, 5, 8, 2, 3, 3], [4, 0, 7, 1, 3, 6]])
    words, labels = replaced_words(ids, guesses, torch.tensor([4, 6]), pad, start)
    assert words.tolist() == [[1, 5, 8, 2, 0, 0], [1, 0, 7, 1, 3, 6]]
    none = IGNORED
    assert labels.tolist() == [[none, 0, 1, 0, none, none], [none, none, 0, none, 1, 1]]


def test_other_captions_stand_in_where_they_are_drawn():
    batch = Batch(
        tokens=torch.tensor([[1, 5, 2], [1, 2, 0], [1, 6, 2]]),
        lengths=torch.tensor([3, 2, 3]),
        other_tokens=torch.tensor([[1, 7, 8, 9, 2], [1, 7, 8, 2, 0], [1, 9, 2, 0, 0]]),
        other_lengths=torch.tensor([5, 4, 3]),
    )
    ids, lengths = mixed_captions(batch, torch.tensor([False, True, False]))
    assert ids.tolist() == [[1, 5, 2, 0], [1, 7, 8, 2], [1, 6, 2, 0]]
    assert lengths.tolist() == [3, 4, 3]
    turned = replace(
        batch,
        tokens=batch.other_tokens,
        lengths=batch.other_lengths,
        other_tokens=batch.tokens,
        other_lengths=batch.lengths,
    )
    assert torch.equal(mixed_captions(turned, torch.tensor([True, False, True]))[0], ids)


def test_terms_are_those_of_the_original():
    """The loss again, from whole layers and all positions, with the same draws."""
    system = build(weak=0.5)
    system.before_step(5, 10)
    with torch.no_grad():  # the momentum model stands elsewhere
        for value in system.momentum_model.parameters():
            value.add_(0.02 * torch.randn(value.shape, generator=torch.Generator().manual_seed(value.numel())))
    batch = batch_of(system)
    stream = batch.generator
    state, queued = stream.get_state(), (system.image_queue.clone(), system.text_queue.clone())
    found = system.loss(batch)
    stream.set_state(state)
    model, slow = system.albef, system.momentum_model

    mirrored = torch.rand(6, 1, 1, 1, generator=stream) < 0.5
    other = torch.rand(6, generator=stream) < 0.5
    assert 0 < mirrored.sum() < 6
    assert 0 < other.sum() < 6
    slow_pixels = torch.stack([p.flip(-1) if m else p for p, m in zip(batch.pixels, mirrored, strict=True)])
    image, slow_image = model.vision(batch.pixels), slow.vision(slow_pixels).detach()
    ids, lengths = mixed_captions(batch, other)
    text, slow_text = model.text(ids, lengths), slow.text(ids, lengths).detach()
    features = (model.image_feature(image), model.text_feature(text))
    slow_features = (slow.image_feature(slow_image).detach(), slow.text_feature(slow_text).detach())
    system.image_queue, system.text_queue = queued
    system.person_queue.fill_(NOBODY)
    expected = {"cl": 0.5 * system.contrastive_loss(features, slow_features, batch.person)}

    logits = [features[side] @ slow_features[1 - side].T / model.temperature for side in (0, 1)]
    rows, columns, match = hard_negative_pairs(*logits, batch.person, stream)
    fused = model.fuse(text[rows], lengths[rows], image[columns])[:, 0]
    expected["pitm"] = F.cross_entropy(model.matching(fused), match)
    weak = torch.tensor([int(o and not s) for o, s in zip(other, batch.other_same, strict=True)])
    expected["prd"] = 0.5 * F.cross_entropy(system.prd_head(fused[:6]), weak)

    own, sizes = batch.tokens, batch.lengths
    masked, chosen = mask_word_pieces(own, sizes, system.tokenizer, 0.15, stream)
    student = model.word_logits(model.fuse_ids(masked, sizes, image))
    teacher = slow.word_logits(slow.fuse_ids(masked, sizes, slow_image)).detach()
    a = system.softness
    hard = F.cross_entropy(student[chosen], own[chosen])
    soft = -(teacher[chosen].softmax(-1) * student[chosen].log_softmax(-1)).sum(-1).mean()
    expected["mlm"] = (1 - a) * hard + a * soft

    gaps, _ = mask_word_pieces(own, sizes, system.tokenizer, 0.3, stream)
    guesses = sample_from_logits(slow.word_logits(slow.fuse_ids(gaps, sizes, slow_image)).detach(), stream)
    words, labels = replaced_words(own, guesses, sizes, system.tokenizer.pad_id, system.tokenizer.sot_id)
    judged = system.mrtd_head(model.fuse_ids(words, sizes, image))
    expected["mrtd"] = 0.5 * F.cross_entropy(judged.flatten(0, 1), labels.flatten(), ignore_index=IGNORED)
    assert numbers(found) == pytest.approx(numbers(expected), rel=1e-4)


def test_no_gradient_reaches_the_momentum_model_and_all_others_learn():
    system = build(weak=0.5)
    before = {name: value.clone() for name, value in system.momentum_model.state_dict().items()}
    sum(system.loss(batch_of(system)).values()).backward()
    assert all(p.grad is None for p in system.momentum_model.parameters())
    assert all(torch.equal(before[name], value) for name, value in system.momentum_model.state_dict().items())
    idle = [n for n, p in system.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.abs().sum())]
    assert idle == []


def test_the_momentum_model_starts_as_a_copy_and_follows_before_every_step():
    system = build()
    online, slow = system.albef.state_dict(), system.momentum_model.state_dict()
    assert all(torch.equal(value, online[name]) for name, value in slow.items())
    assert set(online) - set(slow) == {"matching.weight", "matching.bias", "temperature"}
    with torch.no_grad():
        system.albef.text_proj.bias.add_(1.0)
    system.before_step(1, 10)
    torch.testing.assert_close(system.momentum_model.text_proj.bias, torch.full((JOINT,), 0.005))
    assert {name for name in system.state_dict() if name.startswith("momentum_model.")}


def test_softness_rises_over_the_first_share_of_the_training():
    system = build(ramp=0.2)
    shares = []
    for step in range(0, 100, 5):
        system.before_step(step, 100)
        shares.append(system.softness)
    assert shares == pytest.approx([0.4 * min(1.0, step / 20) for step in range(0, 100, 5)])
    at_once = build(ramp=0.0)
    at_once.before_step(0, 100)
    assert at_once.softness == 0.4


def test_a_batch_of_one_person_and_captions_without_masked_words():
    system = build(mask=0.0, weak=0.0)
    batch = replace(batch_of(system), person=torch.zeros(6, dtype=torch.int64))
    terms = numbers(system.loss(batch))
    assert all(math.isfinite(value) for value in terms.values())
    assert terms["mlm"] == 0.0


def test_the_originals_axis_changes_the_distillation_only():
    first, second = (build(distil_axis=axis) for axis in ("vocabulary", "positions"))
    one, two = (numbers(system.loss(batch_of(system))) for system in (first, second))
    assert one.pop("mlm") != pytest.approx(two.pop("mlm"), rel=1e-2)
    assert one == pytest.approx(two, rel=1e-5)
    sharp = [build(distil_axis=axis, softness=0.0) for axis in ("vocabulary", "positions")]
    one, two = (numbers(system.loss(batch_of(system))) for system in sharp)
    assert one == pytest.approx(two, rel=1e-5)


def test_the_draws_come_from_the_batch_alone():
    system = build()
    first = numbers(system.loss(batch_of(system)))
    system = build()
    torch.manual_seed(99)
    assert numbers(system.loss(batch_of(system))) == first


def test_reranking_is_the_matching_logit_of_each_pair_alone():
    system = build().eval()
    batch = batch_of(system)
    with torch.no_grad():
        texts, images = system.encode_texts(batch), system.encode_images(batch)
        assert texts["states"].shape == (6, 50, 64)
        assert images["states"].shape == (6, 33, 64)
        assert not texts["states"][torch.arange(50) >= batch.lengths[:, None]].any()
        pairs = torch.tensor([[row, column] for row in range(6) for column in (2, 0, 5)])
        second = system.rerank(texts, images, pairs)
        for (row, column), value in zip(pairs.tolist(), second, strict=True):
            length = int(batch.lengths[row])
            text = system.albef.text(batch.tokens[row : row + 1, :length], batch.lengths[row : row + 1])
            image = system.albef.vision(batch.pixels[column : column + 1])
            fused = system.albef.fuse(text, batch.lengths[row : row + 1], image)[:, 0]
            torch.testing.assert_close(value, system.albef.matching(fused)[0, 1], atol=1e-5, rtol=1e-4)
        coarse = system.similarity(texts, images).numpy()
    columns = candidates(coarse, 3)
    order = reranked(coarse, columns, second.numpy().reshape(6, 3))
    assert all(set(order[row].argsort()[::-1][:3]) == set(columns[row]) for row in range(6))


def test_rates_follow_the_modules():
    system = build(temperature_rate=0.5)
    groups = list(system.parameter_groups(1e-5, 0.02))
    found = {id(p): (group["lr"] / 1e-5, group["weight_decay"]) for group in groups for p in group["params"]}
    assert len(found) == sum(p.requires_grad for p in system.parameters())
    for name, parameter in system.named_parameters():
        if parameter.requires_grad:
            rate = 10.0 if name.startswith(("prd_head", "mrtd_head")) else 0.5 if name.endswith("temperature") else 1.0
            assert found[id(parameter)] == (pytest.approx(rate), 0.02 if parameter.ndim > 1 else 0.0)
    assert not {id(p) for p in system.momentum_model.parameters()} & set(found)
