"""ViTAA: its layers, its attribute sequences, its reading of captions and what its losses are given."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from baselines.vitaa import Options, ViTAA, attribute_words
from glalign.config.loading import overlaid
from glalign.contract.retriever import Batch
from glalign.contract.training_info import TrainingInfo
from glalign.engine.optim import rate_factor
from glalign.models.losses.alignment import Margins
from glalign.models.towers.backbones import resnet_trunk
from glalign.storage.weight_files import PRETRAINED, UNFILLED, Weights
from glalign.support.errors import UserError

ROOT = Path(__file__).parents[3]
TINY = {"backbone": "tiny/resnet", "weights": "tiny_resnet", "global_width": 12, "part_width": 8, "feature": 10}
TINY |= {"embedding": 6, "hidden": 5, "max_words": 12}
WORDS = tuple((f"w{i}", 9) for i in range(8))
INFO = TrainingInfo(identities=6, steps=10, words=WORDS)


@pytest.fixture
def system() -> ViTAA:
    torch.manual_seed(0)
    return ViTAA.build(TINY, (32, 16), INFO, UNFILLED).train()


def batch_of(count: int = 8, width: int = 9, seed: int = 0) -> Batch:
    stream = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, 8, (count,), generator=stream)
    tokens = torch.randint(1, 9, (count, 7), generator=stream) * (torch.arange(7) < lengths[:, None])
    tokens = F.pad(tokens, (0, width - 7))
    phrases = torch.rand(count, 5, 7, generator=stream) < 0.3
    phrases = F.pad(phrases, (0, width - 7)) & (tokens > 0)[:, None]
    parts = torch.rand(count, 5, 8, 4, generator=stream)
    pixels = torch.randn(count, 3, 32, 16, generator=stream)
    return Batch(pixels, tokens, lengths, torch.arange(count) // 2, parts, phrases, generator=stream)


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_original_size_has_the_original_parameters():
    words = tuple((f"w{i}", 3) for i in range(11_998))  # padding and the unknown word make 12,000 rows
    with torch.device("meta"):
        original = ViTAA.build({}, (384, 128), TrainingInfo(identities=12_003, steps=1, words=words), UNFILLED)
    assert {name: count(part) for name, part in original.named_children() if count(part)} == {
        "trunk": 8_543_296,
        "global_branch": 134_238_208,
        "part_branches": 5 * 4_393_472,
        "image_head": 2_048 * 256 + 256,
        "part_head": 256 * 256 + 256,
        "mask_head": 263_942,
        "words": 6_144_000,
        "lstm": 4_194_304,
        "text_head": 524_800 // 2,
        "attribute_head": 524_800 // 2,
    }
    assert original.prototypes.shape == (12_003, 256)
    assert count(original) == 179_539_014
    assert original.patch_grid == (48, 16)
    assert original.trunk(torch.empty(1, 3, 384, 128, device="meta")).shape == (1, 1_024, 24, 8)
    assert original.embed_dim == 256


def test_defaults_are_the_originals():
    assert Options() == Options(
        max_words=100,
        attribute_words=25,
        min_count=3,
        scale=28.0,
        mask_weight=5.0,
        alpha=0.6,
        beta=0.4,
        tau_positive=10.0,
        tau_negative=40.0,
        neighbours=8,
    )
    assert Margins(0.6, 0.4, 10.0, 40.0) == Margins()
    assert ViTAA.sampling == "groups"


def test_trunk_is_the_first_three_stages_of_a_whole_file():
    whole, cut = resnet_trunk("tiny/resnet").eval(), resnet_trunk("tiny/resnet", stages=3).eval()
    Weights(PRETRAINED).fill(whole, "tiny_resnet")
    Weights(PRETRAINED).fill(cut, "tiny_resnet")
    assert set(cut.state_dict()) == {name for name in whole.state_dict() if not name.startswith("layer4.")}
    pixels = torch.randn(2, 3, 64, 32)
    with torch.no_grad():
        assert torch.equal(whole.layer4(cut(pixels)), whole(pixels))
    assert (cut.channels, cut.reduction, whole.reduction) == (64, 8, 16)


@pytest.mark.parametrize("size", [(32, 16), (64, 32), (45, 19), (8, 8)])
def test_part_maps_have_the_size_of_the_labels(size):
    system = ViTAA.build(TINY, size, INFO, UNFILLED).eval()
    features, logits = system.part_features(system.trunk(torch.randn(3, 3, *size)))
    assert features.shape == (5, 3, 10)
    assert logits.shape == (5 * 3, 6, *system.patch_grid)


def test_parts_and_their_maps_keep_their_places(system):
    """Part-major on both sides: feature and map of part p, image b come from branch p alone."""
    system.eval()
    with torch.no_grad():
        shared = system.trunk(torch.randn(3, 3, 32, 16))
        features, logits = system.part_features(shared)
        alone = system.part_branches[2](shared[1:2])
        torch.testing.assert_close(features[2, 1], system.part_head(alone.amax(dim=(2, 3)))[0])
        torch.testing.assert_close(logits[2 * 3 + 1], system.mask_head(alone)[0])


def test_one_sequence_per_part_without_unknown_words():
    tokens = torch.tensor([[3, 9, 1, 2, 4, 0], [5, 5, 9, 0, 0, 0]])  # 9 is the unknown word
    phrases = torch.zeros(2, 5, 6, dtype=torch.bool)
    phrases[0, 1, [0, 1, 2]] = True  # two phrases of one part, joined
    phrases[0, 1, 4] = True
    phrases[0, 3, 1] = True  # nothing but an unknown word
    phrases[1, 1, [1, 3]] = True  # padding
    ids, lengths = attribute_words(tokens, phrases, 9, 25)
    assert ids.shape == (5, 2, 3)
    assert ids[1].tolist() == [[3, 1, 4], [5, 0, 0]]
    assert lengths.tolist() == [[0, 0], [3, 1], [0, 0], [0, 0], [0, 0]]
    assert ids[3].sum() == 0
    ids, lengths = attribute_words(tokens, phrases, 9, 2)
    assert (ids[1].tolist(), lengths[1].tolist()) == ([[3, 1], [5, 0]], [2, 1])
    ids, lengths = attribute_words(tokens, torch.zeros_like(phrases), 9, 25)
    assert (ids.shape, int(lengths.sum())) == ((5, 2, 1), 0)


def test_reading_is_an_lstm_in_both_directions_and_a_step_of_zeros(system):
    batch = batch_of()
    forward, backward = (torch.nn.LSTM(6, 5, bias=False) for _ in range(2))
    with torch.no_grad():
        for mine, end in ((forward, ""), (backward, "_reverse")):
            for kind in ("ih", "hh"):
                getattr(mine, f"weight_{kind}_l0").copy_(getattr(system.lstm, f"weight_{kind}_l0{end}"))
        read = system.encode_words(batch.tokens, batch.lengths)
        for row, length in enumerate(batch.lengths.tolist()):
            words = system.words(batch.tokens[row, :length])
            steps = torch.cat([forward(words)[0], backward(words.flip(0))[0].flip(0)], dim=1)
            torch.testing.assert_close(read[row], torch.cat([steps, torch.zeros(1, 10)]).amax(dim=0))
    assert (read == 0).any()


def test_reading_knows_neither_padding_nor_batch(system):
    batch, wide = batch_of(), batch_of(width=40)
    with torch.no_grad():
        read = system.encode_words(batch.tokens, batch.lengths)
        torch.testing.assert_close(system.encode_words(wide.tokens, wide.lengths), read)
        for row in range(8):
            alone = system.encode_words(batch.tokens[row : row + 1], batch.lengths[row : row + 1])
            torch.testing.assert_close(alone[0], read[row])
        assert (
            system.encode_words(torch.zeros(2, 1, dtype=torch.long), torch.zeros(2, dtype=torch.long)).abs().sum() == 0
        )


def test_training_keeps_the_padding_word_at_zero(system):
    optimizer = torch.optim.Adam(list(system.parameter_groups(0.1, 0.01)))
    sum(system.loss(batch_of()).values()).backward()
    optimizer.step()
    assert system.words.weight[0].abs().sum() == 0


def test_loss_has_the_four_terms_at_their_weights(system):
    batch = batch_of()
    terms = system.loss(batch)
    assert set(terms) == {"id", "mask", "global", "local"}
    sum(terms.values()).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in system.parameters())
    other = ViTAA.build({**TINY, "mask_weight": 1.0}, (32, 16), INFO, UNFILLED).train()
    other.load_state_dict(system.state_dict())
    assert float(other.loss(batch)["mask"].detach()) == pytest.approx(float(terms["mask"].detach()) / 5, rel=1e-5)


def test_parts_and_phrases_meet_sample_by_sample(system):
    """Only the pair of one part that is shown and named counts, whatever the other samples show."""
    batch = batch_of()
    parts, phrases = torch.zeros_like(batch.parts), torch.zeros_like(batch.phrases)
    parts[3, 2], phrases[3, 2, 0] = 1.0, True
    system.eval()
    with torch.no_grad():
        loss = system.loss(replace(batch, parts=parts, phrases=phrases))["local"]
        region = system.part_features(system.trunk(batch.pixels))[0][2, 3]
        named = system.attribute_head(system.encode_words(batch.tokens[3:4, :1], torch.tensor([1])))[0]
    cosine = float(F.cosine_similarity(region, named, dim=0))
    expected = 2 * math.log(1 + math.exp(-10 * (cosine - 0.6))) / 8 / 5  # a row and a column; 8 samples, 5 parts
    assert float(loss) == pytest.approx(expected, rel=1e-4)


def test_a_batch_that_shows_or_names_nothing_has_no_local_loss(system):
    batch = batch_of()
    for empty in (
        replace(batch, phrases=torch.zeros_like(batch.phrases)),
        replace(batch, parts=torch.zeros_like(batch.parts)),
        replace(batch, person=torch.zeros_like(batch.person)),
    ):
        terms = system.loss(empty)
        assert all(torch.isfinite(value) for value in terms.values())
        if empty.person.any():
            assert float(terms["local"].detach()) == 0.0


def test_test_features_need_neither_parts_nor_phrases(system):
    system.eval()
    batch = replace(batch_of(), parts=None, phrases=None, person=None, generator=None)
    with torch.no_grad():
        image, text = system.encode_images(batch)["global"], system.encode_texts(batch)["global"]
        maps = system.global_branch(system.trunk(batch.pixels))
        torch.testing.assert_close(image, F.normalize(system.image_head(maps.flatten(2).mean(2))))
    torch.testing.assert_close(text.norm(dim=1), torch.ones(8))


def test_cosines_of_parts_are_those_that_the_loss_aligns(system, monkeypatch):
    system.eval()
    given, batch = {}, batch_of()
    batch.parts[3], batch.parts[:, 4] = 0, 0  # an image without parts, a part that no image has
    batch.phrases[:, 0] = False
    monkeypatch.setattr(
        "glalign.models.losses.alignment.local_alignment",
        lambda scores, same, visible, named, *_: (
            given.update(scores=scores, valid=visible[:, :, None] & named[:, None]) or scores.sum()
        ),
    )
    with torch.no_grad():
        system.loss(batch)
        texts, images = system.encode_texts_and_parts(batch), system.encode_images_and_parts(batch)
        cosines = system.part_cosines(texts, {name: value.expand(8, *value.shape) for name, value in images.items()})
    expected = given["scores"].masked_fill(~given["valid"], math.nan)  # parts, images, captions
    assert expected.isnan().any()
    assert not expected.isnan().all()
    torch.testing.assert_close(cosines.permute(2, 1, 0), expected, equal_nan=True)


def test_vocabulary_is_of_the_training_and_knows_an_unknown_word():
    info = TrainingInfo(2, 1, (("The", 2), ("red", 3), ("the", 1), ("teh", 2)))
    tokenizer = ViTAA.build(TINY, (32, 16), info, UNFILLED).tokenizer
    assert tokenizer.words == ("the", "red")
    assert tokenizer.encode("THE teh red")[0] == [1, 3, 2]
    long = tokenizer.encode("red " * 13)[0]
    assert len(long) == 12  # cut, not lost


def test_biases_have_twice_the_rate_and_no_decay(system):
    (rest, biases) = system.parameter_groups(0.1, 0.01)
    assert (rest["lr"], rest["weight_decay"], biases["lr"], biases["weight_decay"]) == (0.1, 0.01, 0.2, 0.0)
    assert sum(p.numel() for g in (rest, biases) for p in g["params"]) == count(system)
    names = {id(p): name for name, p in system.named_parameters()}
    assert {names[id(p)].rpartition(".")[2] for p in biases["params"]} == {"bias"}
    assert not any("bias" in names[id(p)] for p in rest["params"])
    assert any(p.ndim == 1 for p in rest["params"])  # BatchNorm's scales decay


@pytest.mark.parametrize(
    ("key", "value"),
    [("hidden", 0), ("neighbours", -1), ("min_count", 0), ("mask_weight", -1.0), ("scale", 0.0), ("alpha", 1.5)],
)
def test_impossible_options_are_named(key, value):
    with pytest.raises(UserError, match=rf"model\.{key}"):
        Options(**{key: value})


def test_new_heads_start_with_the_variance_of_their_fan_out():
    torch.manual_seed(0)
    wide = {"global_width": 512, "part_width": 256, "feature": 256, "embedding": 8, "hidden": 128}
    system = ViTAA.build({**TINY, **wide}, (32, 16), INFO, UNFILLED)
    for head in (system.image_head, system.part_head, system.text_head, system.attribute_head):
        assert head.weight.std().item() == pytest.approx((2 / 256) ** 0.5, rel=0.02)
        assert not head.bias.any()
    classify = system.mask_head[-1]
    assert classify.weight.std().item() == pytest.approx((2 / 6) ** 0.5, rel=0.05)
    assert not classify.bias.any()


def test_the_rate_follows_the_released_scheduler():
    """Its factors at the first step of an epoch, of 80 epochs of 10 steps."""
    factor = rate_factor(overlaid(ROOT / "config/paper.yaml", root=ROOT).systems["vitaa"].optim, 800)
    rises = [factor(10 * epoch) for epoch in range(6)]
    assert rises == pytest.approx([0.28, 0.46, 0.64, 0.82, 1, 1])
    steps = [factor(10 * epoch) for epoch in (38, 39, 68, 69, 79)]
    assert steps == pytest.approx([1, 0.1, 0.1, 0.01, 0.01])


def test_words_lose_all_their_punctuation():
    counted = TrainingInfo(identities=6, steps=10, words=(("a", 9), ("tshirt", 9), ("mans", 9)))
    system = ViTAA.build(TINY, (32, 16), counted, UNFILLED)
    text = "A T-shirt; man's ..."
    assert [word.lower() for word, _ in ViTAA.word_split(TINY)(text)] == ["a", "tshirt", "mans"]
    ids, spans = system.tokenizer.encode(text)
    assert [system.tokenizer.words[index - 1] for index in ids] == ["a", "tshirt", "mans"]
    assert [text[slice(*span)] for span in spans] == ["A", "T-shirt", "man's"]
