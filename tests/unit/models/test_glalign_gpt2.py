"""GLAlign with GPT-2 in the place of CLIP's text tower (D2)."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from glalign.contract.regions import REGIONS
from glalign.contract.retriever import Batch
from glalign.contract.training_info import TrainingInfo
from glalign.data.caption_tensors import TokenTable
from glalign.models.glalign import GLAlign
from glalign.storage.weight_files import PRETRAINED, Weights
from glalign.support.errors import UserError

CAPTIONS = ["a man in a red shirt and black shoes", "The woman with long hair wears a blue skirt.", "hat", "x"]
PHRASES = [{1: "a red shirt", 3: "black shoes"}, {0: "long hair", 2: "a blue skirt"}, {0: "hat"}, {}]
SIZE = (64, 32)


def build(load: bool = False, **options) -> GLAlign:
    torch.manual_seed(3)
    chosen = {"text_backbone": "tiny/gpt2", "text_vocabulary": "tiny_gpt2", "dropout": 0.0, **options}
    return GLAlign.build(chosen, SIZE, TrainingInfo(3, 1), Weights(PRETRAINED, load)).eval()


def batch_for(model: GLAlign) -> Batch:
    named = [
        [
            {
                "text": text,
                "start": caption.index(text),
                "end": caption.index(text) + len(text),
                "region": REGIONS[part],
            }
            for part, text in found.items()
        ]
        for caption, found in zip(CAPTIONS, PHRASES, strict=True)
    ]
    table = TokenTable(CAPTIONS, model.tokenizer, named)
    generator = torch.Generator().manual_seed(5)
    return Batch(
        pixels=torch.randn(4, 3, *SIZE, generator=generator),
        person=torch.tensor([0, 1, 1, 2]),
        parts=torch.rand(4, 5, 8, 4, generator=generator),
        **table.batch(torch.arange(4)),
    )


def test_nothing_of_clips_text_tower_is_left_and_the_projection_is_new() -> None:
    model = build()
    names = {".".join(name.split(".")[:2]) for name, _ in model.named_parameters()}
    assert names == {"towers.visual", "text.encoder", "text.projection", "scale.log"}
    assert (model.text.projection.weight.shape, model.text.projection.bias) == ((128, 64), None)


@pytest.mark.parametrize("which", [None, "last", "eot"])
def test_text_features_are_projected_states(which: str | None) -> None:
    """The last piece's state is that of the caption without an end mark."""
    model = build(text_token=which)
    batch = batch_for(model)
    with torch.no_grad():
        found = model.encode_texts(batch)
        for row, caption in enumerate(CAPTIONS):
            ids = model.tokenizer.encode(caption)[0]
            ids = ids if which == "eot" else ids[:-1]
            states = model.text.projection(model.text.encoder(torch.tensor([ids]), torch.tensor([len(ids)])))[0]
            torch.testing.assert_close(found["global"][row], F.normalize(states[-1], dim=0), atol=1e-5, rtol=1e-4)
            for part in range(5):
                inside = states[batch.phrases[row, part][: len(ids)]]
                assert bool(len(inside)) == (part in PHRASES[row]) == bool(found["present"][row, part])
                if len(inside):
                    pooled = F.normalize(inside.mean(0), dim=0)
                    torch.testing.assert_close(found["local"][row, part], pooled, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("which", ["last", "eot"])
def test_separate_phrase_pass_reads_the_pieces_of_the_phrase_alone(which: str) -> None:
    """The first word of the caption is no start mark, which would go before every phrase."""
    model = build(phrase="separate", text_token=which)
    batch = batch_for(model)
    with torch.no_grad():
        found = model.encode_texts(batch)
        for row, named in enumerate(PHRASES):
            for part in named:
                pieces = batch.tokens[row][batch.phrases[row, part]].tolist()
                ids = torch.tensor([[*pieces, model.tokenizer.eot_id]])
                alone = model.text.text_tokens(ids)[0, -1 if which == "eot" else -2]
                torch.testing.assert_close(found["local"][row, part], F.normalize(alone, dim=0), atol=1e-5, rtol=1e-4)
        none = replace(batch, phrases=torch.zeros_like(batch.phrases))
        assert not model.encode_texts(none)["present"].any()


def test_lengths_count_the_end_mark_that_is_also_the_padding() -> None:
    model = build()
    batch = batch_for(model)
    assert model.text.lengths(batch.tokens).tolist() == batch.lengths.tolist()
    wide = F.pad(batch.tokens, (0, 7), value=model.tokenizer.pad_id)
    assert model.text.lengths(wide).tolist() == batch.lengths.tolist()
    with torch.no_grad():
        tokens, padded = model.text.text_tokens(batch.tokens), model.text.text_tokens(wide)
    torch.testing.assert_close(padded[:, : tokens.shape[1]], tokens)
    assert not padded[:, tokens.shape[1] :].any()


def test_a_caption_without_a_word_is_its_mark() -> None:
    model = build(alpha=1.0)
    table = TokenTable(["", "a man"], model.tokenizer)
    with torch.no_grad():
        found = model.encode_texts(Batch(tokens=table.tokens, lengths=table.lengths))["global"][0]
        mark = model.text.text_tokens(torch.tensor([[model.tokenizer.eot_id]]))[0, 0]
    torch.testing.assert_close(found, F.normalize(mark, dim=0), atol=1e-5, rtol=1e-4)


def test_every_parameter_learns_and_is_in_one_group() -> None:
    model = build(projection_rate=10.0).train()
    torch.stack(list(model.loss(batch_for(model)).values())).sum().backward()
    assert all(value.grad is not None and value.grad.any() for value in model.text.parameters())
    groups = list(model.parameter_groups(1e-3, 0.01))
    listed = [id(p) for group in groups for p in group["params"]]
    assert sorted(listed) == sorted(id(p) for p in model.parameters())
    assert [group["lr"] for group in groups] == [1e-3, 1e-3, 1e-2]
    assert groups[2]["params"] == [model.text.projection.weight]


def test_the_shipped_twins_are_its_weights() -> None:
    model = build(load=True, weights="tiny_clip", text_weights="tiny_gpt2")
    other = build(load=True, weights="tiny_clip")
    assert torch.equal(model.towers.visual.proj, other.towers.visual.proj)
    assert torch.equal(model.text.projection.weight, other.text.projection.weight)
    assert not torch.equal(model.text.encoder.words.weight, other.text.encoder.words.weight)


def test_options_of_the_tokenizer() -> None:
    assert build().tokenizer.context_length == 256
    model = build(context_length=6, lower_case=True)
    assert len(model.tokenizer.encode(CAPTIONS[0])[0]) == 6
    assert model.tokenizer.encode("Hat")[0] == model.tokenizer.encode("hat")[0]
    assert build().tokenizer.encode("Hat")[0] != build().tokenizer.encode("hat")[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text_backbone": "gpt-2"}, r"model\.text_backbone: 'gpt-2'; choose clip or .* or gpt2 or tiny/gpt2"),
        ({"text_vocabulary": None}, r"model\.text_vocabulary: tiny/gpt2 needs the name"),
        ({"text_vocabulary": "absent"}, r"absent\.tokenizer\.json: no such vocabulary"),
        ({"text_vocabulary": "tiny_wordpiece"}, r"tiny_wordpiece\.tokenizer\.json: has no token <\|endoftext\|>"),
        ({"text_token": "first"}, r"model\.text_token: 'first'; choose last or eot"),
        ({"segmenter": "pyvi"}, r"model\.segmenter: 'pyvi'; it belongs to a PhoBERT"),
        ({"context_length": 257}, r"model\.context_length: 257; this GPT-2 reads 2 to 256"),
    ],
)
def test_bad_options_are_named(options: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        build(**options)
