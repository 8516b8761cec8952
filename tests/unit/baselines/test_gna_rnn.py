"""GNA-RNN: parameter counts, affinities against plain loops and torch's LSTM, drawn pairs, scores in chunks; VGG."""

import math

import pytest
import torch
from torch.nn import functional as F

import baselines.gna_rnn as module
from baselines.gna_rnn import GnaRnn, ImageConditionedLstm, Options, sample_pairs
from glalign.contract.retriever import Batch, Features
from glalign.contract.training_info import TrainingInfo
from glalign.models.towers.backbones import vgg_trunk
from glalign.pretraining.attributes import AttributeClassifier, trunk_of
from glalign.storage.weight_files import UNFILLED, Weights, save_weights
from glalign.support.errors import UserError

SIZE = (64, 32)
TINY = {"backbone": "tiny/vgg", "max_words": 9, "embedding": 6, "hidden": 5, "units": 7}
INFO = TrainingInfo(identities=5, steps=10, words=tuple((f"w{i}", 9) for i in range(8)))


def build(**options: object) -> GnaRnn:
    torch.manual_seed(0)
    return GnaRnn.build({**TINY, **options}, SIZE, INFO, UNFILLED)


def texts_of(count: int, longest: int = 9, seed: int = 0) -> Features:
    """Random captions, among them an empty one and one of full length."""
    stream = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, longest + 1, (count,), generator=stream)
    lengths[0], lengths[-1] = 0, longest
    tokens = torch.randint(1, 10, (count, longest), generator=stream)
    return {"tokens": tokens * (torch.arange(longest) < lengths[:, None]), "lengths": lengths}


def images_of(system: GnaRnn, count: int, dtype: torch.dtype = torch.float32) -> Features:
    stream = torch.Generator().manual_seed(3)
    shapes = system.feature_shapes()[1]
    return {name: torch.randn(count, *shape, generator=stream).to(dtype) for name, shape in shapes.items()}


def batch_of(count: int = 6) -> Batch:
    stream = torch.Generator().manual_seed(1)
    pixels = torch.randn(count, 3, *SIZE, generator=stream)
    return Batch(pixels, **texts_of(count), person=torch.arange(count) % 4, generator=stream)


def size_of(part: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in part.parameters())


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def affinity_by_hand(system: GnaRnn, tokens: list[int], language: list[float], units: list[float]) -> float:
    """One pair's logit, word by word and number by number."""
    lstm = system.lstm
    weights = [*lstm.word.weight.T.tolist(), *lstm.image.weight.T.tolist(), *lstm.state.weight.T.tolist()]
    bias = (lstm.word.bias + lstm.state.bias).tolist()
    heads, gate, gate_bias = system.attention.weight.tolist(), system.gate.weight[0].tolist(), system.gate.bias.item()
    hidden = system.options.hidden
    state, cell, total = [0.0] * hidden, [0.0] * hidden, 0.0
    for token in tokens:
        inputs = [*system.words.weight[token - 1].tolist(), *language, *state]
        gates = [b + sum(x * row[k] for x, row in zip(inputs, weights, strict=True)) for k, b in enumerate(bias)]
        for k in range(hidden):
            enter, keep, leave, candidate = (gates[k + part * hidden] for part in range(4))
            cell[k] = sigmoid(keep) * cell[k] + sigmoid(enter) * math.tanh(candidate)
            state[k] = sigmoid(leave) * math.tanh(cell[k])
        attended = [
            math.exp(b + sum(h * w for h, w in zip(state, row, strict=True)))
            for row, b in zip(heads, system.attention.bias.tolist(), strict=True)
        ]
        seen = sum(e * v for e, v in zip(attended, units, strict=True)) / sum(attended)
        total += sigmoid(gate_bias + sum(h * w for h, w in zip(state, gate, strict=True))) * seen
    return total


def scores_by_hand(system: GnaRnn, texts: Features, images: Features) -> torch.Tensor:
    captions = [row[:n] for row, n in zip(texts["tokens"].tolist(), texts["lengths"].tolist(), strict=True)]
    pictures = list(zip(images["language"].tolist(), images["units"].tolist(), strict=True))
    rows = [[affinity_by_hand(system, caption, *picture) for picture in pictures] for caption in captions]
    return torch.tensor(rows, dtype=torch.float64)


def test_original_size_has_the_original_parameters():
    words = tuple((f"w{i}", 3) for i in range(5_500))
    with torch.device("meta"):
        original = GnaRnn.build({}, (224, 224), TrainingInfo(1, 1, words), UNFILLED)
    sizes = {name: size_of(part) for name, part in original.named_children()}
    assert sizes["trunk"] == 134_260_544
    assert sizes["lstm"] == 3_149_824
    assert sizes["language_head"] == 2_361_344
    assert sizes["unit_head"] + sizes["attention"] + sizes["gate"] == 2_624_513
    assert sizes["words"] == 512 * 5_501  # every known word and the unknown one
    trained = sum(p.numel() for p in original.parameters() if p.requires_grad)
    assert trained == 8_135_681 + 512 * 5_501  # the trunk is frozen
    options = Options()
    assert (options.max_words, options.min_count, options.negatives) == (50, 3, 3)
    assert (options.dropout, options.trunk_dropout) == (0.5, 0.5)
    assert options.trunk_rate * 4e-4 == pytest.approx(1e-5)


def test_both_ways_to_score_are_the_plain_loop():
    system = build().double().eval()
    texts, images = texts_of(5), images_of(system, 4, torch.float64)
    expected = scores_by_hand(system, texts, images)
    torch.testing.assert_close(system.similarity(texts, images), expected)
    caption, picture = torch.arange(20) // 4, torch.arange(20) % 4
    with torch.no_grad():
        pairs = system.affinities(texts["tokens"], texts["lengths"], images, caption, picture)
    torch.testing.assert_close(pairs.view(5, 4), expected)
    assert expected[0].tolist() == [0.0] * 4  # the sum over no words


def test_the_score_is_a_sum_over_words_and_sees_the_image_twice():
    system = build().eval()
    with torch.no_grad():
        system.attention.weight.zero_()
        system.attention.bias.zero_()
        system.gate.weight.zero_()
        system.gate.bias.zero_()
    texts, images = texts_of(5), images_of(system, 4)
    expected = 0.5 * texts["lengths"][:, None] * images["units"].mean(dim=1)  # all gates .5, all units alike
    torch.testing.assert_close(system.similarity(texts, images), expected)
    system = build().eval()
    whole = system.similarity(texts, images)
    for name in images:
        changed = {**images, name: images[name] + 1}
        assert (system.similarity(texts, changed) - whole)[1:].abs().min() > 1e-6


def test_lstm_is_torchs_over_the_concatenation():
    torch.manual_seed(0)
    ours, theirs = ImageConditionedLstm(4, 3), torch.nn.LSTM(8, 3, batch_first=True)
    order = torch.tensor([0, 1, 3, 2]).repeat_interleave(3) * 3 + torch.arange(3).repeat(4)  # torch: candidate third
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(torch.cat([ours.word.weight, ours.image.weight], dim=1)[order])
        theirs.weight_hh_l0.copy_(ours.state.weight[order])
        theirs.bias_ih_l0.copy_(ours.word.bias[order])
        theirs.bias_hh_l0.copy_(ours.state.bias[order])
    words, images = torch.randn(2, 5, 4), torch.randn(3, 4)
    caption, picture = torch.tensor([1, 0, 1]), torch.tensor([2, 0, 1])
    read = theirs(torch.cat([words[caption], images[picture][:, None].expand(-1, 5, -1)], dim=2))[0]
    states = ours(words, images, caption, picture, [3, 3, 2, 1, 1])
    expected = [read[row, step] for step, rows in enumerate([3, 3, 2, 1, 1]) for row in range(rows)]
    torch.testing.assert_close(states, torch.stack(expected))


@pytest.mark.parametrize("pairs", [1, 4, 5, 7, 11, 1000])
def test_scores_do_not_depend_on_chunks(monkeypatch, pairs):
    system = build().eval()
    texts, images = texts_of(11), images_of(system, 7)
    whole = system.similarity(texts, images)
    monkeypatch.setattr(module, "PAIRS", pairs)
    torch.testing.assert_close(system.similarity(texts, images), whole, atol=1e-6, rtol=1e-5)


def test_no_more_pairs_than_told_are_in_memory(monkeypatch):
    system = build().eval()
    seen = []
    inner = system.grid_scores
    monkeypatch.setattr(module, "PAIRS", 20)

    def watched(of_word, sizes, of_image, units):
        seen.append((len(sizes), of_image.shape[1]))
        return inner(of_word, sizes, of_image, units)

    monkeypatch.setattr(system, "grid_scores", watched)
    system.similarity(texts_of(9), images_of(system, 27))
    assert sum(c * g for c, g in seen) == 9 * 27
    assert max(c * g for c, g in seen) <= 20
    seen.clear()
    system.similarity(texts_of(9), images_of(system, 6))
    assert [c for c, _ in seen] == [3, 3, 3]


def test_loss_is_the_mean_cross_entropy_of_one_positive_and_three_negatives():
    system = build().double().eval()  # no dropout
    batch = batch_of()
    images = system.encode_images(Batch(pixels=batch.pixels.double()))
    state = batch.generator.get_state()
    loss = system.loss(Batch(batch.pixels.double(), batch.tokens, batch.lengths, generator=batch.generator))
    batch.generator.set_state(state)
    picture, caption = sample_pairs(6, 3, batch.generator)
    scores = scores_by_hand(system, {"tokens": batch.tokens, "lengths": batch.lengths}, images)
    terms = []
    for number, (shown, read) in enumerate(zip(picture.tolist(), caption.tolist(), strict=True)):
        affinity = sigmoid(float(scores[read, shown]))
        terms.append(-math.log(affinity if number < 6 else 1 - affinity))
    assert len(terms) == 24
    assert float(loss["affinity"].detach()) == pytest.approx(sum(terms) / 24, rel=1e-9)


def test_negatives_are_independent_draws_of_another_images_caption():
    picture, caption = sample_pairs(5, 3000, torch.Generator().manual_seed(0))
    assert picture[:5].tolist() == caption[:5].tolist() == list(range(5))
    picture, caption = picture[5:], caption[5:]
    assert len(picture) == 15_000
    assert (picture != caption).all()
    counts = torch.bincount(picture * 5 + caption, minlength=25).view(5, 5).double()
    off = ~torch.eye(5, dtype=torch.bool)
    assert counts[off].sub(15_000 / 20).abs().max() < 120  # more than four deviations


def test_a_single_pair_has_no_negatives():
    picture, caption = sample_pairs(1, 3, torch.Generator())
    assert picture.tolist() == caption.tolist() == [0]
    system = build().eval()
    single = Batch(torch.randn(1, 3, *SIZE), torch.tensor([[1, 2]]), torch.tensor([2]), generator=torch.Generator())
    assert torch.isfinite(system.loss(single)["affinity"])


def test_captions_without_words_count_as_nothing():
    system = build().eval()
    nothing = {"tokens": torch.zeros(3, 9, dtype=torch.long), "lengths": torch.zeros(3, dtype=torch.long)}
    images = images_of(system, 4)
    assert system.similarity(nothing, images).abs().max() == 0
    everything = system.affinities(nothing["tokens"], nothing["lengths"], images, torch.arange(3), torch.arange(3))
    assert everything.tolist() == [0.0] * 3


def test_draws_come_from_the_batch_stream():
    system = build(dropout=0.0, trunk_dropout=0.0).train()
    terms = []
    for seed in (5, 5, 6):
        batch = batch_of()
        batch.generator.manual_seed(seed)
        terms.append(float(system.loss(batch)["affinity"].detach()))
    assert terms[0] == terms[1] != terms[2]


def test_trunk_is_frozen_for_its_share_and_has_its_own_rate():
    system = build()
    trunk = {id(p) for p in system.trunk.parameters()}
    grouped = [p for group in system.parameter_groups(1.0, 0.1) for p in group["params"]]
    assert not trunk & {id(p) for p in grouped}
    system.before_step(9, 10)
    system.train().loss(batch_of())["affinity"].backward()
    assert all(p.grad is None for p in system.trunk.parameters())
    assert all(p.grad is not None for name, p in system.named_parameters() if not name.startswith("trunk"))
    system = build(frozen=0.5, trunk_rate=0.25)
    for group in system.parameter_groups(1.0, 0.1):
        for parameter in group["params"]:
            assert group["lr"] == (0.25 if id(parameter) in {id(p) for p in system.trunk.parameters()} else 1.0)
            assert group["weight_decay"] == (0.1 if parameter.ndim > 1 else 0.0)
    for step, learns in ((4, False), (5, True)):
        system.before_step(step, 10)
        assert {p.requires_grad for p in system.trunk.parameters()} == {learns}
    assert sum(len(group["params"]) for group in system.parameter_groups(1.0, 0.1)) == len(list(system.parameters()))


def test_dropout_of_the_trunk_acts_although_it_is_frozen():
    system = build(trunk_dropout=0.5).train()
    pixels = torch.randn(2, 3, *SIZE)
    assert not torch.equal(system.trunk(pixels), system.trunk(pixels))


def test_words_are_counted_lower_cased_and_rare_ones_are_one():
    info = TrainingInfo(2, 1, (("red", 2), ("a", 9), ("Red", 1), ("teh", 2)))
    tokenizer = GnaRnn.build(TINY, SIZE, info, UNFILLED).tokenizer
    assert tokenizer.words == ("red", "a")
    assert tokenizer.encode("A RED teh hat.")[0] == [2, 1, 3, 3]
    assert len(tokenizer.encode("a " * 20)[0]) == 9


def test_features_are_padded_to_one_length():
    system = build().eval()
    features = system.encode_texts(Batch(tokens=torch.tensor([[3, 1]]), lengths=torch.tensor([2])))
    assert features["tokens"].tolist() == [[3, 1, 0, 0, 0, 0, 0, 0, 0]]


IMPOSSIBLE = [
    ({"max_words": 0}, r"model\.max_words"),
    ({"negatives": 0}, r"model\.negatives"),
    ({"dropout": 1.0}, r"model\.dropout"),
    ({"trunk_dropout": -0.1}, r"model\.trunk_dropout"),
    ({"frozen": 1.5}, r"model\.frozen"),
    ({"trunk_rate": -1.0}, r"model\.trunk_rate"),
    ({"backbone": "vgg17"}, "tiny/vgg, vgg16"),
    ({"backbone": "vgg16"}, r"data\.image_size: \[64, 32\]; vgg16 reads images of \[224, 224\]"),
]


@pytest.mark.parametrize(("options", "message"), IMPOSSIBLE)
def test_impossible_options_are_named(options, message):
    with torch.device("meta"), pytest.raises(UserError, match=message):
        GnaRnn.build({**TINY, **options}, SIZE, INFO, UNFILLED)


def test_vgg16_has_torchvisions_layers():
    from torchvision.models import vgg16  # noqa: PLC0415

    with torch.device("meta"):
        theirs, ours = vgg16(), vgg_trunk("vgg16")
    expected = {name: value.shape for name, value in ours.adapt(theirs.state_dict(), {}).items()}
    assert {name: value.shape for name, value in ours.state_dict().items()} == expected
    layers = [*theirs.features, *theirs.classifier[:-1]]
    assert [str(layer) for layer in (*ours.features, *ours.classifier)] == [str(layer) for layer in layers]
    assert ours.channels == 4096


def test_tiny_vgg_is_a_plain_stack_and_reads_files_with_a_classifier(tmp_path):
    torch.manual_seed(0)
    tiny, other = vgg_trunk("tiny/vgg").eval(), vgg_trunk("tiny/vgg").eval()
    assert size_of(tiny) < 375_000  # 1.5 MB
    classifier = {"classifier.6.weight": torch.zeros(9, tiny.channels), "classifier.6.bias": torch.zeros(9)}
    save_weights(tmp_path / "file.safetensors", {**tiny.state_dict(), **classifier})
    Weights(tmp_path).fill(other, "file")
    pixels = torch.randn(2, 3, *SIZE)
    values = dict(tiny.state_dict())
    x = pixels
    for number, layer in enumerate(tiny.features):
        if isinstance(layer, torch.nn.Conv2d):
            x = F.conv2d(x, values[f"features.{number}.weight"], values[f"features.{number}.bias"], padding=1).relu()
        elif isinstance(layer, torch.nn.MaxPool2d):
            x = x.unflatten(3, (-1, 2)).unflatten(2, (-1, 2)).amax(dim=(3, 5))
    x = x.reshape(2, -1)
    for number in (0, 3):
        x = F.linear(x, values[f"classifier.{number}.weight"], values[f"classifier.{number}.bias"]).relu()
    with torch.no_grad():
        torch.testing.assert_close(other(pixels), x, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("backbone", ["tiny/vgg", "tiny/resnet"])
def test_attributes_are_read_from_vectors_and_from_maps(backbone):
    classifier = AttributeClassifier(trunk_of(backbone), {"hat": ["no", "yes"], "hair": ["long", "none", "short"]})
    logits = classifier(torch.randn(2, 3, *SIZE))
    assert {name: value.shape for name, value in logits.items()} == {"hat": (2, 2), "hair": (2, 3)}
    assert trunk_of("tiny/vgg", dropout=0.25).classifier[2].p == 0.25


def test_words_lose_all_their_punctuation():
    counted = TrainingInfo(identities=5, steps=1, words=(("a", 9), ("tshirt", 9), ("mans", 9)))
    assert [word for word, _ in GnaRnn.word_split({})("a T-shirt; man's “”")] == ["a", "Tshirt", "mans"]
    tokenizer = GnaRnn.build(TINY, SIZE, counted, UNFILLED).tokenizer
    assert tokenizer.encode("A T-shirt; man's")[0] == [1, 2, 3]
