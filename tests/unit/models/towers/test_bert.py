"""BERT against Hugging Face's, its files, its padding."""

from dataclasses import replace

import pytest
import torch

from glalign.models.towers.bert import Bert, BertShape, bert, bert_shape
from glalign.storage.weight_files import fill, load_weights, save_weights
from glalign.support.errors import UserError

SHAPE = BertShape(width=24, layers=3, heads=3, positions=20)
LENGTHS = torch.tensor([9, 4, 1, 7])


def ids_of(vocabulary: int = 50, size: int = 9) -> torch.Tensor:
    ids = torch.randint(1, vocabulary, (len(LENGTHS), size), generator=torch.Generator().manual_seed(3))
    return ids * (torch.arange(size) < LENGTHS[:, None])


def reference(head: bool = False) -> torch.nn.Module:
    """A random Hugging Face BERT of SHAPE, far from its initial values (biases and norms too)."""
    from transformers import BertConfig, BertForMaskedLM, BertModel  # noqa: PLC0415

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=50,
        hidden_size=SHAPE.width,
        num_hidden_layers=SHAPE.layers,
        num_attention_heads=SHAPE.heads,
        intermediate_size=4 * SHAPE.width,
        max_position_embeddings=SHAPE.positions,
    )
    model = BertForMaskedLM(config) if head else BertModel(config)
    for value in model.parameters():
        torch.nn.init.normal_(value, std=0.3)
    return model.eval()


def adapt_tensors(tensors: dict[str, torch.Tensor], shape: BertShape = SHAPE) -> Bert:
    model = Bert(shape, 50).eval()
    fill(model, model.adapt(tensors, {}), "here")
    return model


@pytest.mark.parametrize("grad", [True, False])
def test_hidden_states_are_those_of_hugging_face(grad):
    theirs, mask = reference(), torch.arange(9) < LENGTHS[:, None]
    ours = adapt_tensors(theirs.state_dict())
    with torch.set_grad_enabled(grad):
        expected = theirs(input_ids=ids_of(), attention_mask=mask.long()).last_hidden_state
        found = ours(ids_of(), LENGTHS)
    torch.testing.assert_close(found[mask], expected[mask], atol=1e-5, rtol=1e-5)


def test_files_with_a_prefix_a_head_old_names_and_more_layers_are_read(tmp_path):
    tensors = {name: value for name, value in reference(head=True).state_dict().items() if "decoder" not in name}
    assert any(name.startswith("bert.") for name in tensors)
    assert any(name.startswith("cls.") for name in tensors)
    old = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
        for name, value in tensors.items()
    }
    old |= {"bert.pooler.dense.weight": torch.ones(1), "bert.embeddings.position_ids": torch.arange(20)}
    save_weights(tmp_path / "theirs.safetensors", old)
    short = Bert(BertShape(width=24, layers=1, heads=3, positions=20), 50)
    load_weights(short, tmp_path, "theirs")
    expected = adapt_tensors(tensors)
    torch.testing.assert_close(short.layers[0].linear2.weight, expected.layers[0].linear2.weight)
    save_weights(tmp_path / "ours.safetensors", short.state_dict())
    again = Bert(short.shape, 50)
    load_weights(again, tmp_path, "ours")
    for name, value in again.state_dict().items():
        assert torch.equal(value, short.state_dict()[name])


def test_a_missing_tensor_is_named(tmp_path):
    tensors = reference().state_dict()
    del tensors["encoder.layer.1.attention.self.key.weight"]
    save_weights(tmp_path / "torn.safetensors", tensors)
    with pytest.raises(UserError, match=r"layers\.1\.self_attn\.in_proj_weight"):
        load_weights(Bert(SHAPE, 50), tmp_path, "torn")


@pytest.mark.parametrize("mode", ["train", "eval", "inference"])
def test_neither_padding_nor_company_changes_a_caption(mode):
    torch.manual_seed(1)
    model = Bert(BertShape(width=24, layers=3, heads=3, positions=20, dropout=0.0), 50).train(mode == "train")
    with torch.inference_mode(mode == "inference"):
        whole = model(ids_of(size=15), LENGTHS)
        for row, length in enumerate(LENGTHS.tolist()):
            alone = model(ids_of(size=15)[row : row + 1, :length], LENGTHS[row : row + 1])
            torch.testing.assert_close(whole[row, :length], alone[0], atol=1e-5, rtol=1e-5)
        noisy = ids_of(size=15) + 7 * (torch.arange(15) >= LENGTHS[:, None])
        other = model(noisy, LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        assert torch.equal(whole[row, :length], other[row, :length])


def test_training_and_evaluation_do_the_same_arithmetic():
    torch.manual_seed(1)
    model = Bert(BertShape(width=24, layers=3, heads=3, positions=20, dropout=0.0), 50)
    first = model.train()(ids_of(), LENGTHS)
    with torch.inference_mode():
        second = model.eval()(ids_of(), LENGTHS)
    torch.testing.assert_close(first.detach(), second.clone(), atol=1e-6, rtol=1e-6)


def test_dropout_sits_where_bert_has_it():
    model = Bert(SHAPE, 50)
    dropped = {name: part.p for name, part in model.named_modules() if isinstance(part, torch.nn.Dropout)}
    assert dropped["dropout"] == 0.1
    assert {name.split(".", 2)[2] for name in dropped if name.startswith("layers.")} == {"dropout1", "dropout2"}
    assert all(layer.self_attn.dropout == 0.1 for layer in model.layers)


def test_sizes():
    with torch.device("meta"):
        base, half, tiny = (
            bert("bert-base", 30_522),
            Bert(replace(bert_shape("bert-base"), layers=6), 30_522),
            bert("tiny/bert", 2048),
        )
    counts = [sum(p.numel() for p in model.parameters()) for model in (base, half)]
    assert counts[0] == 109_482_240 - 590_592  # Hugging Face's bert-base without its pooler
    assert counts[1] == 66_364_416  # the text half of ALBEF
    assert (tiny.width, len(tiny.layers), tiny.positions.num_embeddings) == (64, 2, 128)
    assert tiny.layers[0].linear1.out_features == 256


def test_an_unknown_size_is_refused():
    with pytest.raises(UserError, match=r"model\.text: unknown BERT"):
        bert("bert-large", 50)
