"""Dual-path CNN: its layers, its losses against plain loops, its two stages."""

import math

import pytest
import torch
from torch.nn import functional as F

from baselines.dual_path import DualPath, place_words, ranking_loss
from glalign.contract.retriever import Batch
from glalign.contract.training_info import TrainingInfo
from glalign.storage.weight_files import UNFILLED
from glalign.support.errors import UserError

TINY = {"backbone": "tiny/resnet", "max_words": 12, "embedding": 16, "width": 1 / 64, "feature": 24, "stage_one": 0.5}
WORDS = tuple((f"w{i}", 9 - i) for i in range(8))


@pytest.fixture
def system() -> DualPath:
    torch.manual_seed(0)
    return DualPath.build(TINY, (32, 16), TrainingInfo(identities=6, steps=10, words=WORDS), UNFILLED).train()


def batch_of(count: int = 8, seed: int = 0) -> Batch:
    stream = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, 8, (count,), generator=stream)
    tokens = torch.randint(1, 9, (count, 7), generator=stream) * (torch.arange(7) < lengths[:, None])
    pixels = torch.randn(count, 3, 32, 16, generator=stream)
    person = torch.arange(count) % 6
    return Batch(pixels, tokens, lengths, person, generator=stream)


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_original_size_has_the_original_parameters():
    words = tuple((f"w{i}", 1) for i in range(7_263))
    with torch.device("meta"):
        original = DualPath.build({}, (224, 224), TrainingInfo(identities=11_003, steps=1, words=words), UNFILLED)
    assert {name: count(part) for name, part in original.named_children() if count(part)} == {
        "trunk": 23_508_032,
        "image_head": 8_396_800,
        "words": 2_179_800,
        "text_body": 26_102_784,
        "text_head": 4_198_400,
        "classifier": 22_545_147,
    }
    assert count(original) == 86_930_963
    rows = torch.empty(1, 300, 1, 56, device="meta")
    lengths = [(rows := block(rows)).shape[3] for block in original.text_body]
    assert lengths == [56] * 3 + [28] * 4 + [14] * 7
    assert rows.shape[1] == 2_048


def test_width_two_convolution_looks_to_the_left(system):
    system.eval()
    block = system.text_body[1]
    rows = torch.randn(1, 4, 1, 6)
    changed = rows.clone()
    changed[..., 3] += 1
    touched = (block(rows) != block(changed)).any(dim=1)[0, 0]
    assert touched[:3].sum() == 0  # no word before the changed one sees it
    assert set(touched.nonzero().flatten().tolist()) <= {3, 4}


def test_one_hot_convolution_and_table_are_the_same(system):
    words = system.words.eval()
    torch.nn.init.normal_(words.bias)
    ids = torch.tensor([[3, 1, 0, 8]])
    one_hot = F.one_hot(ids, 9)[..., 1:].float()  # no word is the zero vector
    expected = words.norm((one_hot @ words.table.weight + words.bias).transpose(1, 2))
    torch.testing.assert_close(words(ids), expected[:, :, None])


def test_placed_captions_start_where_they_are_told():
    tokens, lengths = torch.tensor([[4, 5, 6], [7, 0, 0], [0, 0, 0]]), torch.tensor([3, 1, 0])
    rows = place_words(tokens, lengths, torch.tensor([2, 4, 1]), 5)
    assert rows.tolist() == [[0, 0, 4, 5, 6], [0, 0, 0, 0, 7], [0, 0, 0, 0, 0]]
    assert (
        place_words(
            torch.empty(2, 0, dtype=torch.long), torch.zeros(2, dtype=torch.long), torch.tensor([0, 3]), 5
        ).sum()
        == 0
    )


def test_ranking_loss_is_the_plain_loop():
    torch.manual_seed(1)
    image, text = F.normalize(torch.randn(8, 5)), F.normalize(torch.randn(8, 5))
    person = torch.tensor([0, 1, 2, 3, 4, 1, 5, 0])  # the second pair is one person: it does not count
    terms = []
    for i in (0, 2, 3):
        xp, yp, xn, yn = image[i], text[i], image[i + 4], text[i + 4]
        own = float(xp @ yp)
        terms.append(max(0, 0.7 - own + float(xp @ yn)) + max(0, 0.7 - own + float(yp @ xn)))
    assert float(ranking_loss(image, text, person, 0.7)) == pytest.approx(sum(terms) / 3, abs=1e-6)
    assert float(ranking_loss(image, text, torch.zeros(8), 1.0)) == 0.0
    assert math.isfinite(float(ranking_loss(image[:7], text[:7], person[:7], 1.0)))  # an odd batch loses its last row


def test_first_stage_freezes_the_trunk_and_has_no_ranking(system):
    before = {name: value.clone() for name, value in system.trunk.state_dict().items()}
    system.before_step(4, 10)
    losses = system.loss(batch_of())
    assert set(losses) == {"id_image", "id_text"}
    sum(losses.values()).backward()
    assert all(p.grad is None for p in system.trunk.parameters())
    assert all(p.grad is not None for name, p in system.named_parameters() if not name.startswith("trunk"))
    assert all(torch.equal(value, before[name]) for name, value in system.trunk.state_dict().items())


def test_second_stage_trains_everything_and_weighs_the_terms(system):
    system.dropout.p = 0.0
    system.before_step(4, 10)
    batch = batch_of()
    system.trunk.train()  # same statistics in both calls
    first = system.loss(batch)
    system.train()
    system.before_step(5, 10)
    batch.generator.manual_seed(5)
    second = system.loss(batch)
    assert set(second) == {"id_image", "id_text", "ranking"}
    torch.testing.assert_close(second["id_image"], first["id_image"])
    sum(second.values()).backward()
    assert all(p.grad is not None for p in system.parameters())
    logits = system.classifier(system.image_head(system.pool_image(batch.pixels)).relu())
    by_hand = [-float(row.log_softmax(0)[person].detach()) for row, person in zip(logits, batch.person, strict=True)]
    assert float(second["id_image"].detach()) == pytest.approx(sum(by_hand) / len(by_hand), rel=1e-5)


def test_stage_depends_on_the_step_alone(system):
    stages = []
    for step in range(10):
        system.train()
        system.before_step(step, 10)
        stages.append((system.ranking, system.trunk.training, next(system.trunk.parameters()).requires_grad))
    assert stages == [(False,) * 3] * 5 + [(True,) * 3] * 5


def test_start_slot_comes_from_the_batch_stream(system):
    system.dropout.p = 0.0
    terms = [float(system.loss(batch_of())["id_text"].detach()) for _ in range(2)]
    other = batch_of()
    other.generator.manual_seed(77)
    assert terms[0] == terms[1] != float(system.loss(other)["id_text"].detach())


def test_test_features_sum_mirror_images_and_start_slots(system):
    system.eval()
    batch = batch_of(3)
    with torch.no_grad():
        mirrored = Batch(pixels=batch.pixels.flip(-1))
        image, text = system.encode_images(batch)["global"], system.encode_texts(batch)["global"]
        torch.testing.assert_close(image, system.encode_images(mirrored)["global"])
        assert image.min() < 0  # taken before the last ReLU
        for row, length in enumerate(batch.lengths.tolist()):
            one = Batch(tokens=batch.tokens[row : row + 1], lengths=batch.lengths[row : row + 1])
            slots = [system.text_features(one, torch.tensor([start])) for start in range(12 - length + 1)]
            torch.testing.assert_close(text[row], F.normalize(torch.stack(slots).sum(0))[0])
    torch.testing.assert_close(image.norm(dim=1), torch.ones(3))


def test_few_start_slots_are_spread_over_the_free_places():
    torch.manual_seed(0)
    system = DualPath.build({**TINY, "text_slots": 3}, (32, 16), TrainingInfo(6, 10, WORDS), UNFILLED).eval()
    batch = Batch(tokens=torch.tensor([[1, 2, 3, 4]]), lengths=torch.tensor([4]))
    with torch.no_grad():
        slots = [system.text_features(batch, torch.tensor([start])) for start in (0, 4, 8)]
        torch.testing.assert_close(system.encode_texts(batch)["global"], F.normalize(sum(slots)))


def test_captions_without_known_words_are_encoded(system):
    system.eval()
    nothing = Batch(tokens=torch.empty(2, 0, dtype=torch.long), lengths=torch.zeros(2, dtype=torch.long))
    assert torch.isfinite(system.encode_texts(nothing)["global"]).all()


def test_trunk_has_its_own_rate(system):
    groups = list(system.parameter_groups(0.1, 0.01))
    assert sum(p.numel() for g in groups for p in g["params"]) == count(system)
    trunk = {id(p) for p in system.trunk.parameters()}
    for group in groups:
        for parameter in group["params"]:
            assert group["lr"] == pytest.approx(1e-4 if id(parameter) in trunk else 0.1)
            assert group["weight_decay"] == (0.01 if parameter.ndim > 1 else 0.0)


def test_rare_words_are_left_out_and_unknown_keys_are_named():
    info = TrainingInfo(2, 1, (("the", 9), ("red", 3), ("teh", 1)))
    assert DualPath.build({**TINY, "min_count": 3}, (32, 16), info, UNFILLED).tokenizer.words == ("the", "red")
    with pytest.raises(UserError, match=r"model\.witdh"):
        DualPath.build({"witdh": 1}, (32, 16), info, UNFILLED)


def test_new_norms_have_matconvnets_epsilon(system):
    trunk = {id(module) for module in system.trunk.modules()}
    norms = [module for module in system.modules() if isinstance(module, torch.nn.modules.batchnorm._BatchNorm)]
    assert {norm.eps for norm in norms if id(norm) not in trunk} == {1e-3}
    assert {norm.eps for norm in norms if id(norm) in trunk} == {1e-5}
