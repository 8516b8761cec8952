"""PLOT: parameter counts, its terms against the formulas, the stages, the score, the learning-rate rules."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from torch.nn import functional as F

from baselines.plot import Options, Plot, rule, squared_error, word_tokens
from glalign.contract.retriever import Batch, Features
from glalign.contract.training_info import TrainingInfo
from glalign.models.losses.contrastive import sdm
from glalign.models.losses.masking import mask_clip_tokens
from glalign.models.losses.mlm import masked_word_loss
from glalign.models.slot_attention import part_nce, part_scores, slot_overlap
from glalign.storage.weight_files import UNFILLED, load_weights, save_weights
from glalign.support.errors import UserError

TINY = {"backbone": "tiny/clip", "cross_depth": 1, "decoder_width": 16}
EPOCHS = 60


def build(epoch: int = EPOCHS, seed: int = 0, **options: object) -> Plot:
    """The tiny twin in the given epoch, counted from 1 as the original does."""
    torch.manual_seed(seed)
    system = Plot.build({**TINY, **options}, (64, 32), TrainingInfo(identities=5, steps=10), UNFILLED).train()
    system.before_step(epoch - 1, EPOCHS)
    return system


def batch_of(system: Plot, width: int = 12, words: tuple[int, ...] = (10, 3, 1, 7, 10, 5)) -> Batch:
    stream = torch.Generator().manual_seed(0)
    lengths = torch.tensor(words) + 2
    ids = torch.randint(1, system.tokenizer.mask_id, (len(words), 12), generator=stream)
    ids = F.pad(ids * (torch.arange(12) < lengths[:, None]), (0, width - 12))
    ids[:, 0] = system.tokenizer.sot_id
    ids[torch.arange(len(words)), lengths - 1] = system.tokenizer.eot_id
    pixels = torch.randn(len(words), 3, 64, 32, generator=stream)
    return Batch(pixels, ids, lengths, torch.arange(len(words)) % 4, generator=torch.Generator().manual_seed(1))


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@torch.no_grad()
def encode(system: Plot, batch: Batch) -> tuple[Features, Features]:
    system.eval()
    return system.encode_texts(batch), system.encode_images(batch)


def test_original_size_has_the_original_parameters_but_the_dead_ones():
    with torch.device("meta"):
        original = Plot.build({}, (384, 128), TrainingInfo(identities=11_003, steps=1), UNFILLED)
    sizes = {name: count(part) for name, part in original.named_children()}
    assert sizes["towers"] == 86_189_568 + 63_428_096
    assert sizes["image_slot_attention"] == sizes["text_slot_attention"] == 2_892_288
    assert original.slots.numel() == 4_096
    assert sizes["local_weights"] == 33_352
    assert sizes["image_decoder"] == 1_059_329
    assert sizes["text_decoder"] == 1_070_593
    assert sizes["classifier"] == 5_633_536
    assert sizes["local_classifier"] == 90_136_576
    # The original makes IRRA's cross-attention and the two LNs before it, and never uses them.
    cross_attention, two_norms = 4 * 512 * 512 + 4 * 512, 2 * 2 * 512
    assert count(original) == 292_612_938 - cross_attention - two_norms == 291_560_266
    assert count(original.towers.transformer.resblocks[-1]) == 3_152_384  # loaded and never run
    assert original.towers.text_depth == 11
    assert original.patch_grid == (24, 8)
    assert (len(original.image_decoder.rows), len(original.image_decoder.columns)) == (24, 8)
    assert (len(original.text_decoder.rows), len(original.text_decoder.columns)) == (1, 75)


def test_original_constants():
    options = Options()
    assert (options.tau, options.slots, options.iterations, options.cross_depth) == (0.015, 8, 5, 4)
    assert (options.reconstruction_weight, options.diversity_weight, options.score_weight) == (0.01, 5.0, 3.0)
    assert options.local_scale / options.tau == pytest.approx(333.33, abs=0.01)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("slots", 1),
        ("iterations", 0),
        ("tau", 0.0),
        ("local_scale", -1.0),
        ("skipped_text_blocks", -1),
        ("new_rate", 0),
    ],
)
def test_impossible_options_are_named(key, value):
    with pytest.raises(UserError, match=rf"model\.{key}"):
        Options(**{key: value})


def test_a_text_tower_without_blocks_is_refused():
    with pytest.raises(UserError, match=r"model\.skipped_text_blocks"):
        build(skipped_text_blocks=2)


def test_slots_start_orthogonal_and_classifiers_nearly_blind():
    system = build()
    torch.testing.assert_close(system.slots @ system.slots.T, torch.eye(8), atol=1e-5, rtol=0)
    for classifier in (system.classifier, system.local_classifier):
        assert classifier.bias is None
        assert float(classifier.weight.detach().std()) == pytest.approx(0.001, rel=0.1)


def test_the_last_text_block_is_not_run():
    system = build().eval()
    batch = batch_of(system)
    before = system.towers.text_tokens(batch.tokens)
    torch.nn.init.normal_(system.towers.transformer.resblocks[-1].mlp.c_proj.weight)
    assert torch.equal(system.towers.text_tokens(batch.tokens), before)
    system.towers.text_depth += 1
    assert not torch.equal(system.towers.text_tokens(batch.tokens), before)


SHIFTS = {"image_decoder.share.bias", "text_decoder.share.bias"}
"""Added to all logits of a softmax: they change nothing, and their gradient is 0 up to rounding."""


def test_stages_begin_after_5_and_15_of_60_epochs():
    always, later, last = {"metric", "id", "mlm"}, {"reconstruction"}, {"local_metric", "local_id"}
    stages = [(1, always), (5, always), (6, always | later), (15, always | later), (16, always | later | last)]
    system = build()
    for epoch, terms in stages:
        system.before_step(epoch - 1, EPOCHS)
        losses = system.loss(batch_of(system))
        assert set(losses) == terms
        system.zero_grad()
        sum(losses.values()).backward()  # what has begun learns, and nothing else is said to
        idle = {name for name, p in system.named_parameters() if p.grad is None or not p.grad.abs().sum()}
        assert idle - SHIFTS == {name for name, p in system.named_parameters() if not p.requires_grad} - SHIFTS


def test_the_terms_are_those_of_the_original():
    system = build()
    with torch.no_grad():
        for parameter in system.local_weights.parameters():
            parameter.normal_()
    batch = batch_of(system)
    losses = {name: value.detach() for name, value in system.loss(batch).items()}
    masked, _ = mask_clip_tokens(batch.tokens, system.tokenizer, torch.Generator().manual_seed(1))
    with torch.no_grad():
        images, texts = system.towers.image_tokens(batch.pixels), system.towers.text_tokens(masked)
    image, person = images[:, 0], batch.person
    text = torch.stack([row[length - 1] for row, length in zip(texts, batch.lengths.tolist(), strict=True)])
    scores = F.cosine_similarity(image[:, None], text[None], dim=2)
    torch.testing.assert_close(losses["metric"], sdm(scores, person, 0.015) + sdm(scores.T, person, 0.015))
    names = [F.cross_entropy(F.normalize(side) @ system.classifier.weight.T, person) for side in (image, text)]
    torch.testing.assert_close(losses["id"], sum(names).detach() / 2)

    parts, error = {"image": [], "text": []}, 0.0
    for row, length in enumerate(batch.lengths.tolist()):
        words, patches = texts[row : row + 1, 1 : length - 1], images[row : row + 1, 1:]
        parts["image"].append(system.image_slot_attention(system.slots, patches))
        parts["text"].append(system.text_slot_attention(system.slots, words))
        for side, tokens in (("image", patches), ("text", words)):
            decoder = system.image_decoder if side == "image" else system.text_decoder
            rebuilt = decoder(parts[side][-1], torch.ones(tokens.shape[:2], dtype=torch.bool))
            error += (rebuilt - tokens[0]).square().sum()
    torch.testing.assert_close(losses["reconstruction"], 0.01 * error.detach() / len(person))

    a, b = (torch.cat(parts[side]).detach() for side in ("image", "text"))
    weights, tau = system.local_weights(text).detach(), 0.015 / 5
    across = part_scores(a, b, weights), part_scores(b, a, weights)
    pairings = [part_scores(b, b, weights), part_scores(a, a, weights), *across]
    expected = sum(part_nce(scores, person, tau) for scores in pairings)
    expected = expected + sum(sdm(scores, person, tau) for scores in across) + 5 * (slot_overlap(a) + slot_overlap(b))
    torch.testing.assert_close(losses["local_metric"], expected, rtol=1e-4, atol=1e-4)
    both = F.normalize(torch.cat([a.flatten(1), b.flatten(1)], dim=1))
    torch.testing.assert_close(losses["local_id"], F.cross_entropy(both @ system.local_classifier.weight.T, person))


def test_words_are_predicted_from_caption_and_image_side_by_side():
    system = build()
    batch = batch_of(system, words=(10,) * 6)  # captions of one length: no padding on either side
    masked, chosen = mask_clip_tokens(batch.tokens, system.tokenizer, batch.generator)
    text, image = system.towers.text_tokens(masked), system.towers.image_tokens(batch.pixels)
    hidden = system.cross_blocks(torch.cat([text, image], dim=1))[:, :12]
    logits = system.mlm_head(system.ln_post(hidden))
    labels = batch.tokens * chosen  # label 0 is ignored, as in the original
    expected = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=0)
    mlm_loss = partial(masked_word_loss, system.fuse_tokens, system.word_logits, text, image, batch)
    torch.testing.assert_close(mlm_loss(chosen), expected)
    nothing = mlm_loss(torch.zeros_like(chosen))
    assert float(nothing.detach()) == 0.0


def test_separate_ids_keep_the_captions_whole():
    one, two = (system.loss(batch_of(system)) for system in (build(), build(share_masked_ids=False)))
    assert float(one["mlm"].detach()) == pytest.approx(float(two["mlm"].detach()), rel=1e-6)
    for name in ("metric", "reconstruction", "local_metric"):
        assert float(one[name].detach()) != float(two[name].detach())


def test_only_what_rebuilds_learns_from_the_error():
    rebuilt, tokens = torch.randn(3, 4, requires_grad=True), torch.randn(3, 4, requires_grad=True)
    squared_error(rebuilt, tokens).backward()
    assert tokens.grad is None
    torch.testing.assert_close(rebuilt.grad, 2 * (rebuilt - tokens).detach())


def test_every_parameter_learns_but_those_of_the_last_text_block():
    system = build()
    sum(system.loss(batch_of(system)).values()).backward()
    idle = {name for name, p in system.named_parameters() if p.grad is None or not p.grad.abs().sum()}
    assert idle - SHIFTS == {name for name, _ in system.named_parameters() if "towers.transformer.resblocks.1." in name}


def test_the_loss_of_a_caption_without_words_is_finite():
    system = build()
    batch = batch_of(system, words=(0, 0, 3, 7, 10, 5))
    total = sum(system.loss(batch).values())
    total.backward()
    assert torch.isfinite(total)
    assert all(torch.isfinite(p.grad).all() for p in system.parameters() if p.grad is not None)


@pytest.mark.parametrize("person", [[3] * 6, [0, 1, 2, 3, 4, 0]])
def test_batches_of_one_person_or_of_many_are_finite(person):
    system = build()
    terms = system.loss(replace(batch_of(system), person=torch.tensor(person)))
    assert all(torch.isfinite(value) for value in terms.values())


def test_words_lie_between_the_marks():
    tokens = torch.arange(14.0).reshape(2, 7, 1)
    words, inside = word_tokens(tokens, torch.tensor([7, 4]))
    assert words[inside].flatten().tolist() == [1, 2, 3, 4, 5, 8, 9]
    assert not word_tokens(tokens, torch.tensor([2, 2]))[1].any()


def test_the_score_is_the_global_cosine_and_three_times_the_weighted_parts():
    system = build()
    with torch.no_grad():
        for parameter in system.local_weights.parameters():
            parameter.normal_()
    batch = batch_of(system)
    texts, images = encode(system, batch)
    tokens = system.towers.text_tokens(batch.tokens)
    expected = F.cosine_similarity(texts["global"][:, None], images["global"][None], dim=2)
    for i, length in enumerate(batch.lengths.tolist()):
        weights = system.local_weights(tokens[i, length - 1][None])[0]
        own = system.text_slot_attention(system.slots, tokens[i : i + 1, 1 : length - 1])[0]
        for j in range(len(expected)):
            cosines = F.cosine_similarity(own, images["local"][j], dim=1)
            expected[i, j] += 3 * float((weights * cosines).sum().detach())
    torch.testing.assert_close(system.similarity(texts, images), expected)
    shapes = system.feature_shapes()
    for found, stated in zip((texts, images), shapes, strict=True):
        assert {name: tuple(value.shape[1:]) for name, value in found.items()} == stated


def test_parts_count_in_the_score_once_their_losses_have_begun_and_a_weight_file_knows(tmp_path):
    for epoch, counts in ((15, False), (16, True)):
        system, other = build(epoch), build(1, seed=1)
        save_weights(tmp_path / "model.safetensors", system.state_dict())
        load_weights(other, tmp_path, "model")
        (texts, images), (loaded, _) = encode(system, batch_of(system)), encode(other, batch_of(other))
        assert torch.equal(texts["local"], loaded["local"])
        assert bool(texts["local"].any()) == counts
        only_global = texts["global"] @ images["global"].T
        assert torch.equal(system.similarity(texts, images), only_global) != counts


def test_padding_and_company_leave_the_parts_alone():
    system = build()
    texts, _ = encode(system, batch_of(system))
    padded, _ = encode(system, batch_of(system, width=30))
    torch.testing.assert_close(texts["local"], padded["local"])
    batch = batch_of(system)
    alone = system.encode_texts(Batch(tokens=batch.tokens[1:2, :5], lengths=batch.lengths[1:2]))
    torch.testing.assert_close(alone["local"][0], texts["local"][1])
    marks = system.towers.text_tokens(batch.tokens)
    words, inside = word_tokens(marks, batch.lengths)
    marks[:, 0] = 1e3  # what the start mark has become is no word
    torch.testing.assert_close(
        system.text_slot_attention(system.slots, *word_tokens(marks, batch.lengths)),
        system.text_slot_attention(system.slots, words, inside),
    )


def test_rates_follow_the_names_and_a_bias_is_a_bias():
    assert rule("cross_blocks.0.mlp.c_fc.weight", 20.0) == (20.0, True)
    assert rule("cross_blocks.0.mlp.c_fc.bias", 20.0) == (2.0, False)
    assert rule("mlm_head.3.bias", 20.0) == rule("text_slot_attention.gru.bias_ih", 20.0) == (2.0, False)
    assert rule("slots", 20.0) == rule("local_classifier.weight", 20.0) == (20.0, True)
    assert rule("ln_post.weight", 20.0) == rule("towers.visual.conv1.weight", 20.0) == (1.0, True)
    system = build()
    groups = list(system.parameter_groups(5e-6, 4e-5))
    assert sum(p.numel() for group in groups for p in group["params"]) == count(system)
    assert {(round(g["lr"] / 5e-6), g["weight_decay"]) for g in groups} == {(1, 4e-5), (2, 0.0), (20, 4e-5)}
    slow = {name for name, _ in system.named_parameters() if rule(name, 20.0)[0] == 1.0}
    assert {name for name in slow if not name.startswith("towers.")} == {"ln_post.weight"}
    assert all(rule(name, 20.0)[0] != 20.0 for name, _ in system.named_parameters() if name.startswith("towers."))
