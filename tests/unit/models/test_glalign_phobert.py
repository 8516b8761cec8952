"""GLAlign with PhoBERT in the place of CLIP's text tower."""

import sys
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from glalign.contract.retriever import Batch
from glalign.contract.training_info import TrainingInfo
from glalign.models.glalign import GLAlign
from glalign.pretraining.phobert_vocabulary import make_phobert_vocabulary
from glalign.storage.weight_files import Weights, save_weights
from glalign.support.errors import UserError

CAPTIONS = ["chàng trai mặc áo đỏ, đi giày đen", "cô gái tóc dài mặc váy xanh", "người này đội mũ", "ông lão đi qua"]
PHRASES = [{1: "áo đỏ", 3: "giày đen"}, {0: "tóc dài", 2: "váy xanh"}, {0: "mũ"}, {}]
SIZE = (64, 32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    for ending, text in zip(("vocab.txt", "bpe.codes"), make_phobert_vocabulary(CAPTIONS, 400), strict=True):
        (folder / f"vi.{ending}").write_text(text, encoding="utf-8")
    return folder


def build(folder, load=False, **options) -> GLAlign:
    torch.manual_seed(3)
    chosen = {"text_backbone": "tiny/phobert", "text_vocabulary": "vi", "dropout": 0.0, **options}
    return GLAlign.build(chosen, SIZE, TrainingInfo(3, 1), Weights(folder, load)).eval()


def batch_for(model: GLAlign, extra: int = 0) -> Batch:
    encoded = [model.tokenizer.encode(caption) for caption in CAPTIONS]
    length = max(len(ids) for ids, _ in encoded) + extra
    tokens = torch.full((4, length), model.tokenizer.pad_id)
    phrases = torch.zeros(4, 5, length, dtype=torch.bool)
    for row, (ids, spans) in enumerate(encoded):
        tokens[row, : len(ids)] = torch.tensor(ids)
        for part, text in PHRASES[row].items():
            start = CAPTIONS[row].index(text)
            for place, (a, b) in enumerate(spans):
                phrases[row, part, place] = b > a >= start and b <= start + len(text)
    generator = torch.Generator().manual_seed(5)
    return Batch(
        pixels=torch.randn(4, 3, *SIZE, generator=generator),
        tokens=tokens,
        person=torch.tensor([0, 1, 1, 2]),
        parts=torch.rand(4, 5, 8, 4, generator=generator),
        phrases=phrases,
    )


def test_nothing_of_clips_text_tower_is_left(folder):
    model = build(folder)
    names = {name.split(".")[0] + "." + name.split(".")[1] for name, _ in model.named_parameters()}
    assert names == {"towers.visual", "text.encoder", "text.projection", "scale.log"}
    assert model.tokenizer is model.text.tokenizer
    assert model.text.projection.weight.shape == (128, 64)


@pytest.mark.parametrize("which", [None, "first", "eot", "last"])
def test_text_features_are_projected_tokens(folder, which):
    model = build(folder, text_token=which)
    batch = batch_for(model, extra=3)
    with torch.no_grad():
        found, tokens = model.encode_texts(batch), model.text.text_tokens(batch.tokens)
    for row, caption in enumerate(CAPTIONS):
        end = len(model.tokenizer.encode(caption)[0]) - 1
        place = {None: 0, "first": 0, "eot": end, "last": end - 1}[which]
        torch.testing.assert_close(found["global"][row], F.normalize(tokens[row, place], dim=0))
        for part in range(5):
            inside = tokens[row][batch.phrases[row, part]]
            assert bool(len(inside)) == (part in PHRASES[row]) == bool(found["present"][row, part])
            if len(inside):
                torch.testing.assert_close(found["local"][row, part], F.normalize(inside.mean(0), dim=0))


def test_separate_phrase_pass_reads_the_phrase_as_a_sentence(folder):
    model = build(folder, phrase="separate")
    batch = batch_for(model, extra=3)
    with torch.no_grad():
        found = model.encode_texts(batch)
        for row, named in enumerate(PHRASES):
            for part, text in named.items():
                alone = model.text.text_tokens(torch.tensor([model.tokenizer.encode(text)[0]]))[0, 0]
                torch.testing.assert_close(found["local"][row, part], F.normalize(alone, dim=0), atol=1e-5, rtol=1e-4)
        none = replace(batch, phrases=torch.zeros_like(batch.phrases))
        assert not model.encode_texts(none)["present"].any()


def test_every_parameter_learns_and_is_in_one_group(folder):
    model = build(folder, projection_rate=10.0).train()
    torch.stack(list(model.loss(batch_for(model)).values())).sum().backward()
    assert model.text.projection.weight.grad.abs().sum() > 0
    assert model.text.encoder.roberta.encoder.layer[0].attention.self.query.weight.grad.abs().sum() > 0
    groups = list(model.parameter_groups(1e-3, 0.01))
    listed = [id(p) for group in groups for p in group["params"]]
    assert sorted(listed) == sorted(id(p) for p in model.parameters())
    assert [group["lr"] for group in groups] == [1e-3, 1e-3, 1e-2]
    assert groups[2]["params"] == [model.text.projection.weight]
    assert len(list(build(folder).parameter_groups(1e-3, 0.01))) == 2


def test_image_and_text_weights_are_two_files(folder):
    clip, words = GLAlign.build({}, SIZE, TrainingInfo(1, 1), Weights(folder, load=False)), build(folder, alpha=1.0)
    save_weights(folder / "clip.safetensors", clip.towers.state_dict(), clip.towers.about())
    save_weights(folder / "bert.safetensors", words.text.encoder.state_dict())
    torch.manual_seed(9)
    model = build(folder, load=True, weights="clip", text_weights="bert")
    assert torch.equal(model.towers.visual.proj, clip.towers.visual.proj)
    for name, value in words.text.encoder.state_dict().items():
        assert torch.equal(model.text.encoder.state_dict()[name], value)
    with pytest.raises(UserError, match=r"absent\.safetensors"):
        build(folder, load=True, weights="clip", text_weights="absent")


def test_same_seed_same_values(folder):
    first, second = build(folder).state_dict(), build(folder).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_options_of_the_tokenizer(folder):
    assert build(folder).tokenizer.context_length == 256
    model = build(folder, context_length=6, lower_case=True)
    assert len(model.tokenizer.encode(CAPTIONS[0])[0]) == 6
    assert model.tokenizer.encode("Áo")[0] == model.tokenizer.encode("áo")[0]


def test_the_segmenter_of_the_configuration_is_the_one_that_is_loaded(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "py_vncorenlp", None)
    assert build(folder, segmenter="pyvi").tokenizer.encode("áo") == build(folder).tokenizer.encode("áo")
    with pytest.raises(UserError, match="pip install py_vncorenlp"):
        build(folder, segmenter="vncorenlp")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text_backbone": "phobert"}, r"model\.text_backbone: 'phobert'; choose clip or phobert-base or tiny/phobert"),
        ({"text_vocabulary": None}, r"model\.text_vocabulary: tiny/phobert needs the name"),
        ({"text_vocabulary": "absent"}, r"absent\.vocab\.txt: no such vocabulary"),
        ({"text_token": "mean"}, r"model\.text_token: 'mean'; choose first or eot or last"),
        ({"segmenter": "jieba"}, r"model\.segmenter: 'jieba'; choose pyvi, underthesea, vncorenlp or null"),
        (
            {"text_backbone": "clip", "text_vocabulary": None, "segmenter": "pyvi"},
            r"model\.segmenter: 'pyvi'; it belongs to a PhoBERT",
        ),
        ({"text_backbone": "clip"}, r"text_vocabulary and projection_rate belong to a PhoBERT"),
        ({"text_backbone": "clip", "text_vocabulary": None, "text_token": "first"}, r"'first'; choose eot or last"),
        ({"context_length": 512}, r"model\.context_length: 512; PhoBERT reads 3 to 256"),
    ],
)
def test_bad_options_are_named(folder, options, message):
    with pytest.raises(UserError, match=message):
        build(folder, **options)
