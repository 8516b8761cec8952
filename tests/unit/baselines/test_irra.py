"""IRRA: parameter counts, SDM and masked words against plain loops, the learning-rate rules."""

import math
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch.nn import functional as F

from baselines.irra import Irra, Options, rule
from glalign.contract.retriever import Batch
from glalign.contract.tokenizer import Tokenizer
from glalign.contract.training_info import TrainingInfo
from glalign.models.losses.contrastive import sdm
from glalign.models.losses.masking import mask_clip_tokens as mask_tokens
from glalign.models.losses.mlm import masked_word_loss
from glalign.storage.weight_files import UNFILLED
from glalign.support.errors import UserError

TINY = {"backbone": "tiny/clip", "cross_depth": 1}


def build(**options: object) -> Irra:
    torch.manual_seed(0)
    return Irra.build({**TINY, **options}, (64, 32), TrainingInfo(identities=5, steps=10), UNFILLED).train()


def caption_ids(count: int, length: int, stream: torch.Generator, tokenizer: Tokenizer) -> torch.Tensor:
    """Random captions with marks and padding, as the tokenizer lays them out."""
    words = torch.randint(1, length - 1, (count,), generator=stream)
    ids = torch.randint(1, tokenizer.mask_id, (count, length), generator=stream)
    place = torch.arange(length)
    ids = ids * (place <= words[:, None])
    ids[:, 0] = tokenizer.sot_id
    ids[torch.arange(count), words + 1] = tokenizer.eot_id
    return ids


def batch_of(system: Irra, count: int = 6, seed: int = 0) -> Batch:
    stream = torch.Generator().manual_seed(seed)
    ids = caption_ids(count, 12, stream, system.tokenizer)
    pixels, person = torch.randn(count, 3, 64, 32, generator=stream), torch.arange(count) % 4
    return Batch(pixels, ids, ids.argmax(dim=1) + 1, person, generator=stream)


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_original_size_has_the_original_parameters():
    with torch.device("meta"):
        original = Irra.build({}, (384, 128), TrainingInfo(identities=11_003, steps=1), UNFILLED)
    sizes = {name: count(part) for name, part in original.named_children()}
    assert sizes["towers"] == 86_189_568 + 63_428_096
    assert sizes["classifier"] == 5_644_539
    assert sizes["cross_attention"] == 1_050_624
    assert sizes["cross_blocks"] == 12_609_536
    assert sizes["ln_text"] + sizes["ln_image"] + sizes["ln_post"] == 3_072
    assert sizes["mlm_head"] == 25_609_984
    assert count(original) == 194_535_419
    assert original.cross_attention.num_heads == 8
    assert original.patch_grid == (24, 8)
    tokenizer = original.tokenizer
    assert (tokenizer.mask_id, tokenizer.sot_id, tokenizer.eot_id) == (49_405, 49_406, 49_407)


def test_the_classifier_starts_nearly_blind():
    system = build()
    assert float(system.classifier.weight.detach().std()) == pytest.approx(0.001, rel=0.1)
    assert not system.classifier.bias.any()


@pytest.mark.parametrize(("key", "value"), [("tau", 0.0), ("cross_depth", 0)])
def test_impossible_options_are_named(key, value):
    with pytest.raises(UserError, match=rf"model\.{key}"):
        Options(**{key: value})


def test_sdm_is_the_plain_loop():
    torch.manual_seed(2)
    scores, person = torch.rand(5, 5) * 2 - 1, [0, 1, 0, 2, 1]
    total = 0.0
    for i in range(5):
        weights = [math.exp(float(scores[i, j]) / 0.5) for j in range(5)]
        positives = [float(person[i] == person[j]) for j in range(5)]
        for j in range(5):
            p, q = weights[j] / sum(weights), positives[j] / sum(positives)
            total += p * (math.log(p) - math.log(q + 1e-8))
    assert float(sdm(scores, torch.tensor(person), 0.5)) == pytest.approx(total / 5, rel=1e-5)


def test_sdm_is_zero_for_a_perfect_match_and_finite_for_the_worst():
    person = torch.tensor([0, 1, 2])
    assert float(sdm(2 * torch.eye(3) - 1, person, 0.02)) == pytest.approx(0.0, abs=1e-6)
    worst = sdm(1 - 2 * torch.eye(3), person, 0.02)
    assert float(worst) == pytest.approx(math.log(0.5) - math.log(1e-8), rel=1e-5)  # reverse KL: bounded by the eps


def test_masked_word_loss_is_the_head_on_all_positions_ignoring_the_rest():
    system = build()
    batch = batch_of(system)
    batch.tokens.masked_fill_((batch.tokens == 0) | (batch.tokens == system.tokenizer.eot_id), 7)
    batch.tokens[:, -1] = system.tokenizer.eot_id  # captions of one length: no padding on either side
    batch = replace(batch, lengths=torch.full((6,), 12))
    masked, chosen = mask_tokens(batch.tokens, system.tokenizer, batch.generator)
    text, image = system.towers.text_tokens(masked), system.towers.image_tokens(batch.pixels)
    context = system.ln_image(image)
    hidden = system.cross_attention(system.ln_text(text), context, context)[0]
    logits = system.mlm_head(system.ln_post(system.cross_blocks(hidden)))
    labels = batch.tokens * chosen  # label 0 is ignored, as in the original
    expected = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=0)
    mlm_loss = partial(masked_word_loss, system.fuse_tokens, system.word_logits, text, context, batch)
    torch.testing.assert_close(mlm_loss(chosen), expected)
    nothing = mlm_loss(torch.zeros_like(chosen))
    assert float(nothing.detach()) == 0.0


def test_terms_are_those_of_the_original():
    system = build()
    batch = batch_of(system)
    losses = system.loss(batch)
    assert set(losses) == {"sdm", "id", "mlm"}
    batch.generator.manual_seed(0)
    caption_ids(6, 12, batch.generator, system.tokenizer)  # bring the stream to where `loss` found it
    torch.randn(6, 3, 64, 32, generator=batch.generator)
    masked, _ = mask_tokens(batch.tokens, system.tokenizer, batch.generator)
    image = system.towers.image_tokens(batch.pixels)[:, 0]
    text = torch.stack([t[int(i.argmax())] for t, i in zip(system.towers.text_tokens(masked), masked, strict=True)])
    scores = F.cosine_similarity(image[:, None], text[None], dim=2)
    torch.testing.assert_close(losses["sdm"], sdm(scores, batch.person, 0.02) + sdm(scores.T, batch.person, 0.02))
    both = [F.cross_entropy(system.classifier(side), batch.person) for side in (image, text)]
    torch.testing.assert_close(losses["id"], sum(both) / 2)


def test_separate_ids_keep_the_captions_whole():
    shared, apart = build(), build(share_masked_ids=False)
    one, two = (system.loss(batch_of(system)) for system in (shared, apart))
    assert float(one["mlm"].detach()) == pytest.approx(float(two["mlm"].detach()), rel=1e-6)
    assert float(one["sdm"].detach()) != float(two["sdm"].detach())


def test_every_parameter_learns():
    system = build()
    sum(system.loss(batch_of(system)).values()).backward()
    assert [name for name, p in system.named_parameters() if p.grad is None or not p.grad.abs().sum()] == []


def test_features_are_unit_vectors_of_the_unmasked_caption():
    system = build().eval()
    batch = batch_of(system)
    with torch.no_grad():
        texts, images = system.encode_texts(batch), system.encode_images(batch)
        alone = system.encode_texts(Batch(tokens=batch.tokens[:1]))["global"]
    torch.testing.assert_close(texts["global"].norm(dim=1), torch.ones(6))
    torch.testing.assert_close(alone[0], texts["global"][0])
    assert system.similarity(texts, images).shape == (6, 6)


def test_rates_follow_the_names():
    assert rule("cross_blocks.0.mlp.c_fc.weight") == (5.0, True)
    assert rule("cross_blocks.0.mlp.c_fc.bias") == (2.0, False)
    assert rule("cross_attention.in_proj_bias") == (2.0, False)
    assert rule("mlm_head.3.bias") == rule("classifier.bias") == (5.0, False)
    assert rule("ln_post.weight") == rule("towers.visual.conv1.weight") == (1.0, True)
    system = build()
    groups = list(system.parameter_groups(1e-5, 4e-5))
    assert sum(p.numel() for group in groups for p in group["params"]) == count(system)
    assert {(round(g["lr"] / 1e-5), g["weight_decay"]) for g in groups} == {
        (1, 4e-5),
        (2, 0.0),
        (5, 4e-5),
        (5, 0.0),
    }
    towers = [name for name, _ in system.towers.named_parameters()]
    assert not [name for name in towers if any(word in name for word in ("cross", "classifier", "mlm_head"))]
