"""ALBEF: its sizes, timm's and Hugging Face's networks as references, its checkpoint's names, pairs and words."""

import math

import pytest
import torch
from torch.nn import functional as F

from glalign.models.losses.albef_tasks import (
    hard_negative_pairs,
    mask_word_pieces,
    masked_positions,
    sample_from_logits,
)
from glalign.models.towers.albef import Albef, AlbefShape, AlbefTokenizer, albef, decode_at, from_albef
from glalign.models.towers.bert import BertShape, padding_mask
from glalign.models.towers.positions import fit_positions, resize_positions
from glalign.models.towers.vit import VisionTransformer
from glalign.pretraining.albef import Pretraining
from glalign.storage.weight_files import PRETRAINED, UNFILLED, adapt_tensors, fill, load_weights, save_weights
from glalign.support.errors import UserError

SHAPE = AlbefShape(
    patch=8,
    vision_layers=2,
    vision_heads=2,
    text=BertShape(width=16, layers=1, heads=2, positions=20),
    fusion_layers=2,
    joint=8,
)
SIZE, WORDS = (32, 16), 30
LENGTHS = torch.tensor([7, 3, 5])


def model_of(seed: int = 0, size: tuple[int, int] = SIZE) -> Albef:
    torch.manual_seed(seed)
    return Albef(SHAPE, size, WORDS)


def inputs(seed: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    stream = torch.Generator().manual_seed(seed)
    ids = torch.randint(4, WORDS, (3, 7), generator=stream).masked_fill(padding_mask(LENGTHS, 7), 0)
    return torch.randn(3, 3, *SIZE, generator=stream), ids


def tokenizer() -> AlbefTokenizer:
    return AlbefTokenizer(UNFILLED.vocabulary("tiny_wordpiece"))


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_original_size_has_the_original_parameters():
    with torch.device("meta"):
        model = albef("albef", (384, 384), 30_522)
    assert count(model.vision) == 86_090_496
    assert count(model.text) == 66_364_416
    assert count(model.fusion) == 56_710_656
    assert count(model.word_head) + model.word_bias.numel() == 622_650
    assert count(model.image_proj) + count(model.text_proj) == 393_728
    assert count(model.momentum_copy()) == 210_181_946
    assert count(model) == 210_181_946 + 1_538 + 1
    assert model.vision.grid == (24, 24)
    assert {layer.self_attn.num_heads for layer in (*model.vision.layers, *model.text.layers, *model.fusion)} == {12}


def test_the_image_tower_is_timms():
    import timm  # noqa: PLC0415

    torch.manual_seed(0)
    theirs = timm.models.VisionTransformer(
        img_size=SIZE, patch_size=8, embed_dim=16, depth=2, num_heads=2, num_classes=0, global_pool=""
    ).eval()
    for value in theirs.parameters():
        torch.nn.init.normal_(value, std=0.3)
    ours = VisionTransformer(SIZE, 8, 16, 2, 2).eval()
    fill(ours, ours.adapt(theirs.state_dict(), {"grid": "4x2"}), "here")
    pixels = inputs()[0]
    with torch.no_grad():
        torch.testing.assert_close(ours(pixels), theirs(pixels), atol=1e-5, rtol=1e-5)


def hugging_face() -> torch.nn.Module:
    """Hugging Face's BERT with the three layers of SHAPE, cross-attention in all of them, random values."""
    from transformers import BertConfig, BertLMHeadModel  # noqa: PLC0415

    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=WORDS,
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=20,
        is_decoder=True,
        add_cross_attention=True,
    )
    theirs = BertLMHeadModel(config).eval()
    for value in theirs.parameters():
        torch.nn.init.normal_(value, std=0.3)
    return theirs


def checkpoint(model: Albef) -> dict[str, torch.Tensor]:
    """A file with ALBEF's names and everything that is dropped from it."""
    theirs = hugging_face().state_dict()
    tensors = {
        f"text_encoder.{name}": value
        for name, value in theirs.items()
        if not ("crossattention" in name and ".layer.0." in name)
    }
    tensors |= {
        "visual_encoder.cls_token": model.vision.class_token[None].detach(),
        "visual_encoder.pos_embed": model.vision.positions[None].detach(),
        "visual_encoder.patch_embed.proj.weight": model.vision.patches.weight,
        "visual_encoder.patch_embed.proj.bias": model.vision.patches.bias,
        "visual_encoder.norm.weight": model.vision.norm.weight,
        "visual_encoder.norm.bias": model.vision.norm.bias,
    }
    inside = {
        "norm1": "norm1",
        "attn.qkv": "self_attn.in_proj",
        "attn.proj": "self_attn.out_proj",
        "norm2": "norm2",
        "mlp.fc1": "linear1",
        "mlp.fc2": "linear2",
    }
    own = model.vision.state_dict()
    for number in range(2):
        for new, old in inside.items():
            for kind in ("weight", "bias"):
                joint = "_" if old.endswith("in_proj") else "."
                value = own[f"layers.{number}.{old}{joint}{kind}"]
                tensors[f"visual_encoder.blocks.{number}.{new}.{kind}"] = value
    for name, part in (("vision_proj", model.image_proj), ("text_proj", model.text_proj), ("itm_head", model.matching)):
        tensors |= {f"{name}.weight": part.weight + 1, f"{name}.bias": part.bias + 1}
    tensors |= {"temp": torch.tensor(0.02), "image_queue": torch.ones(8, 4), "queue_ptr": torch.zeros(1)}
    tensors |= {
        name.replace("encoder.", "encoder_m.", 1): value for name, value in tensors.items() if "encoder." in name
    }
    tensors |= {"vision_proj_m.weight": torch.ones(1), "text_encoder.bert.embeddings.position_ids": torch.arange(20)}
    return {name: value.detach().clone() for name, value in tensors.items()}


def test_a_checkpoint_of_albef_is_read(tmp_path):
    source = model_of()
    tensors = checkpoint(source)
    save_weights(tmp_path / "albef.safetensors", tensors, {"grid": "4x2"})
    read = model_of(seed=5)
    load_weights(read, tmp_path, "albef")
    assert torch.equal(read.vision.patches.weight, source.vision.patches.weight)
    assert torch.equal(read.vision.layers[1].linear2.bias, source.vision.layers[1].linear2.bias)
    assert torch.equal(read.matching.weight, source.matching.weight + 1)
    assert float(read.temperature.detach()) == pytest.approx(0.02)
    prefix = "text_encoder.bert.encoder.layer."
    assert torch.equal(read.text.layers[0].norm2.weight, tensors[f"{prefix}0.output.LayerNorm.weight"])
    assert torch.equal(read.fusion[0].norm3.weight, tensors[f"{prefix}1.output.LayerNorm.weight"])
    assert torch.equal(read.fusion[1].norm2.weight, tensors[f"{prefix}2.crossattention.output.LayerNorm.weight"])


def test_reading_with_an_image_is_hugging_faces_bert():
    """Fusion layers and word head; padding is hidden from the words, every part of the image is seen."""
    ours = model_of().eval()
    fill(ours, ours.adapt(checkpoint(ours), {"grid": "4x2"}), "here")
    theirs = hugging_face()
    image = torch.randn(3, 9, 16, generator=torch.Generator().manual_seed(9))
    hidden = torch.randn(3, 7, 16, generator=torch.Generator().manual_seed(8))
    padding = padding_mask(LENGTHS, 7)
    mask = torch.zeros(3, 1, 7, 7).masked_fill(padding[:, None, None], torch.finfo(torch.float32).min)
    with torch.no_grad():
        expected = hidden
        for layer in theirs.bert.encoder.layer[1:]:
            out = layer(expected, attention_mask=mask, encoder_hidden_states=image)
            expected = out[0] if isinstance(out, tuple) else out
        found = ours.fuse(hidden, LENGTHS, image)
        words = theirs.cls(expected)
        torch.testing.assert_close(found[~padding], expected[~padding], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(ours.word_logits(found)[~padding], words[~padding], atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_states_at_positions_are_those_of_the_whole_layer(training):
    model = Albef(SHAPE, SIZE, WORDS).double().train(training)
    for part in model.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
        if isinstance(part, torch.nn.MultiheadAttention):
            part.dropout = 0.0
    text, image = torch.randn(3, 7, 16).double(), torch.randn(3, 9, 16).double()
    at = torch.tensor([[0, 6], [2, 1], [4, 4]])
    whole = model.fuse(text, LENGTHS, image)
    some = model.fuse(text, LENGTHS, image, at)
    for row in range(3):
        torch.testing.assert_close(some[row], whole[row, at[row]])
    torch.testing.assert_close(model.fused_class_token(text, LENGTHS, image), whole[:, 0])
    layer = model.fusion[-1]
    assert decode_at(layer, at[:, :1], text, image, padding_mask(LENGTHS, 7)).shape == (3, 1, 16)


def test_padding_and_company_change_nothing():
    model = model_of().eval()
    pixels, ids = inputs()
    with torch.no_grad():
        image = model.vision(pixels)
        whole = model.fused_class_token(model.text(ids, LENGTHS), LENGTHS, image)
        longer = F.pad(ids, (0, 6), value=9)
        torch.testing.assert_close(model.fused_class_token(model.text(longer, LENGTHS), LENGTHS, image), whole)
        for row, length in enumerate(LENGTHS.tolist()):
            one = LENGTHS[row : row + 1]
            text = model.text(ids[row : row + 1, :length], one)
            torch.testing.assert_close(model.fused_class_token(text, one, image[row : row + 1])[0], whole[row])


def test_the_momentum_copy_follows_and_is_not_trained():
    online = model_of()
    slow = online.momentum_copy()
    assert not any(p.requires_grad for p in slow.parameters())
    assert not any(name.startswith(("matching", "temperature")) for name in slow.state_dict())
    before = {name: value.clone() for name, value in slow.named_parameters()}
    with torch.no_grad():
        for value in online.parameters():
            value.add_(torch.randn_like(value))
    slow.momentum_update(online, 0.9)
    for name, value in slow.named_parameters():
        expected = 0.9 * before[name] + 0.1 * dict(online.named_parameters())[name]
        torch.testing.assert_close(value.detach(), expected.detach())
    assert slow.text.words.weight.data_ptr() != online.text.words.weight.data_ptr()


@pytest.mark.parametrize("grid", ["axb", "1x2x3", "-2x-2", "0x4", "9" * 5000 + "x1", "8 x 4"])
def test_a_grid_that_is_none_is_named(grid):
    table = {"positions": torch.zeros(33, 4)}
    with pytest.raises(UserError, match=r"positions: metadata `grid` .* is no grid; store it as 8x4"):
        fit_positions(table, "positions", {"grid": grid}, (8, 4), antialias=False)
    assert fit_positions(table, "positions", {"grid": "8x4"}, (8, 4), antialias=False).keys() == table.keys()


def test_a_layer_without_a_number_is_unknown_to_the_model():
    found = from_albef({f"text_encoder.bert.encoder.layer.{name}.attention.self.query.weight": torch.zeros(1)
                        for name in ("x", "9" * 5000)})  # fmt: skip
    assert all(name.startswith("text.") for name in found)
    assert len(found) == 2


@pytest.mark.parametrize(
    "changed",
    [{"text_encoder.bert.encoder.layer.0.attention.self.key.weight": torch.zeros(3, 5)},
     {"visual_encoder.pos_embed": torch.tensor(0.0)}],
    ids=["queries and keys", "positions"],
)  # fmt: skip
def test_shapes_that_do_not_go_together_are_of_another_model(changed):
    model = model_of()
    with pytest.raises(UserError, match=r"^w\.pt: .*(of another model|no grid|are no)"):
        adapt_tensors(model, checkpoint(model) | changed, {"grid": "4x2"}, "w.pt")


def test_positions_are_resized_for_another_image_size(tmp_path):
    small, large = model_of(), model_of(size=(64, 32))
    save_weights(tmp_path / "small.safetensors", small.state_dict(), small.about())
    load_weights(large, tmp_path, "small")
    assert torch.equal(large.vision.positions[0], small.vision.positions[0])
    again = resize_positions(large.vision.positions.detach(), (8, 4), (8, 4), antialias=False)
    assert torch.equal(again, large.vision.positions)
    flat = torch.cat([torch.zeros(1, 3), torch.ones(8, 3)])
    torch.testing.assert_close(resize_positions(flat, (4, 2), (6, 6), antialias=False)[1:], torch.ones(36, 3))


@pytest.mark.parametrize(("name", "size"), [("albef-large", (64, 32)), ("tiny/albef", (60, 32))])
def test_impossible_sizes_are_refused(name, size):
    with pytest.raises(UserError):
        albef(name, size, 50)


def test_captions_lose_their_punctuation_and_spans_count_the_original():
    text = "A man's T-shirt (red), 100% wool."
    reader = tokenizer()
    ids, spans = reader.encode(text)
    assert (ids[0], spans[0]) == (reader.sot_id, (0, 0))
    assert reader.eot_id not in ids
    plain, _ = reader.encode("a mans t shirt red 100% wool")
    assert ids == plain
    pieces = [text[start:end] for start, end in spans[1:]]
    assert "shirt" in pieces
    assert "red" in pieces
    assert not set("".join(pieces)) & set("(),.-")


def test_captions_have_no_end_mark_and_a_long_one_keeps_49_pieces():
    reader = tokenizer()
    ids, spans = reader.encode("The man has short hair.")
    assert spans[-1] == (18, 22)
    cut, _ = reader.encode("red " * 70)
    assert cut[1:] == 49 * reader.encode("red")[0][1:]
    assert {reader.eot_id}.isdisjoint([*ids, *cut])


def test_draws_follow_the_softmax_and_the_stream():
    logits = torch.tensor([0.0, math.log(3.0), -torch.inf, math.log(4.0)]).expand(40_000, 4)
    drawn = sample_from_logits(logits, torch.Generator().manual_seed(0))
    shares = torch.bincount(drawn, minlength=4) / len(drawn)
    torch.testing.assert_close(shares, torch.tensor([1 / 8, 3 / 8, 0.0, 4 / 8]), atol=0.01, rtol=0)
    assert torch.equal(drawn, sample_from_logits(logits, torch.Generator().manual_seed(0)))
    assert not torch.equal(drawn, sample_from_logits(logits, torch.Generator().manual_seed(1)))


def test_hard_pairs_are_of_other_persons():
    person, stream = torch.tensor([3, 1, 3, 0]), torch.Generator().manual_seed(0)
    for _ in range(50):
        logits = torch.randn(2, 4, 4, generator=stream)
        rows, columns, labels = hard_negative_pairs(*logits, person, stream)
        assert labels.tolist() == [1] * 4 + [0] * 8
        assert rows[:4].tolist() == columns[:4].tolist() == [0, 1, 2, 3]
        assert rows[4:8].tolist() == columns[8:].tolist() == [0, 1, 2, 3]
        assert (person[rows[4:]] != person[columns[4:]]).all()


def test_hard_pairs_take_the_row_of_the_right_direction():
    person = torch.arange(3)
    hard = torch.full((3, 3), -50.0)
    image_to_text, text_to_image = hard.clone(), hard.clone()
    for index, (text, image) in enumerate(((1, 2), (2, 0), (0, 1))):
        image_to_text[index, text] = 50.0  # image `index` takes this text
        text_to_image[index, image] = 50.0  # text `index` takes this image
    rows, columns, _ = hard_negative_pairs(image_to_text, text_to_image, person, torch.Generator().manual_seed(0))
    assert columns[3:6].tolist() == [2, 0, 1]
    assert rows[6:].tolist() == [1, 2, 0]


def test_without_hardness_every_wrong_pair_is_as_likely():
    stream = torch.Generator().manual_seed(0)
    logits = torch.full((2, 4, 4), -50.0)
    logits[:, :, 0] = 50.0
    seen = [hard_negative_pairs(*logits, torch.arange(4), stream, 0.0)[1][4:8] for _ in range(900)]
    shares = torch.bincount(torch.stack(seen)[:, 3], minlength=4) / 900
    torch.testing.assert_close(shares, torch.tensor([1 / 3, 1 / 3, 1 / 3, 0.0]), atol=0.06, rtol=0)


def test_a_batch_of_one_person_has_no_wrong_pairs():
    rows, columns, labels = hard_negative_pairs(*torch.randn(2, 3, 3), torch.tensor([4, 4, 4]), torch.Generator())
    assert rows.tolist() == columns.tolist() == [0, 1, 2]
    assert labels.tolist() == [1, 1, 1]


def test_masked_words_spare_start_and_padding_but_not_the_end():
    reader, stream = tokenizer(), torch.Generator().manual_seed(0)
    lengths = torch.tensor([9, 4, 2]).repeat(600)
    ids = torch.full((1800, 9), 50).masked_fill(padding_mask(lengths, 9), reader.pad_id)
    ids[:, 0] = reader.sot_id
    masked, chosen = mask_word_pieces(ids, lengths, reader, 0.15, stream)
    assert not chosen[:, 0].any()
    assert not chosen[padding_mask(lengths, 9)].any()
    assert torch.equal(masked[~chosen], ids[~chosen])
    last = chosen[torch.arange(1800), lengths - 1]
    assert float(last.float().mean()) == pytest.approx(0.15, abs=0.03)
    assert float((masked[chosen] == reader.mask_id).float().mean()) == pytest.approx(0.8, abs=0.03)


def test_places_of_chosen_positions():
    chosen = torch.tensor([[0, 1, 0, 1], [0, 0, 0, 0], [0, 0, 1, 0]]).bool()
    at, asked = masked_positions(chosen)
    assert at[asked].tolist() == [1, 3, 2]
    assert asked.tolist() == [[True, True], [False, False], [True, False]]
    at, asked = masked_positions(torch.zeros(2, 4).bool())
    assert at.shape == (2, 1)
    assert not asked.any()


def test_pretraining_terms_are_the_plain_ones():
    from glalign.contract.retriever import Batch  # noqa: PLC0415

    torch.manual_seed(0)
    reader = tokenizer()
    system = Pretraining(albef("tiny/albef", (64, 32), reader.vocab_size, 0.0), reader).train()
    system.before_step(0, 10)
    stream = torch.Generator().manual_seed(4)
    ids = torch.randint(5, reader.vocab_size, (4, 8), generator=stream)
    batch = Batch(torch.randn(4, 3, 64, 32), ids, torch.full((4,), 8), torch.tensor([0, 1, 2, 1]), generator=stream)
    state = stream.get_state()
    terms = system.loss(batch)
    stream.set_state(state)
    model = system.towers
    image, text = model.vision(batch.pixels), model.text(ids, batch.lengths)
    logits = model.image_feature(image) @ model.text_feature(text).T / model.temperature
    rows, columns, labels = hard_negative_pairs(logits, logits.T, batch.person, stream)
    fused = model.fuse(text[rows], batch.lengths[rows], image[columns])
    torch.testing.assert_close(terms["itm"], F.cross_entropy(model.matching(fused[:, 0]), labels))
    masked, chosen = mask_word_pieces(ids, batch.lengths, reader, 0.15, stream)
    words = model.word_logits(model.fuse_ids(masked, batch.lengths, image))
    torch.testing.assert_close(terms["mlm"], F.cross_entropy(words[chosen], ids[chosen]))
    total = 0.0
    for side in (logits, logits.T):
        for i in range(4):
            same = [j for j in range(4) if batch.person[i] == batch.person[j]]
            total -= sum(float(side[i].log_softmax(0)[j].detach()) for j in same) / len(same) / 8
    assert float(terms["itc"].detach()) == pytest.approx(total, rel=1e-5)
    groups = list(system.parameter_groups(1.0, 0.1))
    assert sum(p.numel() for group in groups for p in group["params"]) == count(system)
    assert groups[0] == {"params": [model.temperature], "lr": 0.01, "weight_decay": 0.0}


def test_the_shipped_twin_fits():
    model = albef("tiny/albef", (64, 32), tokenizer().vocab_size)
    load_weights(model, PRETRAINED, "tiny_albef")
    assert (PRETRAINED / "tiny_albef.safetensors").stat().st_size < 2_000_000
