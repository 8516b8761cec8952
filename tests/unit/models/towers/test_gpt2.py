"""GPT-2 against transformers', with the same random weights; its sizes, padding, dropout and released names."""

import pytest
import torch
from torch import Tensor, nn

from glalign.models.towers.clip_block import ResidualAttentionBlock
from glalign.models.towers.gpt2 import SHAPES, Gpt2, Gpt2Shape, gpt2
from glalign.storage.weight_files import load_weights, save_weights
from glalign.support.errors import UserError

SHAPE = Gpt2Shape(width=24, layers=3, heads=2, ratio=2.5, positions=20)
WORDS, END = 50, 49
LENGTHS = torch.tensor([9, 1, 5, 7])


def theirs() -> nn.Module:
    """transformers' GPT-2 with a word head, and values off their defaults everywhere."""
    from transformers import GPT2Config, GPT2LMHeadModel  # noqa: PLC0415

    sizes = {"n_positions": 20, "n_embd": 24, "n_layer": 3, "n_head": 2, "n_inner": 60}
    torch.manual_seed(5)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=WORDS, attn_implementation="eager", **sizes)).eval()
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.3 * torch.randn_like(value))
    return model


def released(prefix: str = "") -> tuple[nn.Module, dict[str, Tensor]]:
    """The network, and its tensors as the hub has them: without a prefix, with causal masks."""
    model = theirs()
    tensors = {f"{prefix}{name}": value for name, value in model.transformer.state_dict().items()}
    for number in range(SHAPE.layers):
        tensors[f"{prefix}h.{number}.attn.bias"] = torch.ones(1, 1, 20, 20).tril()
        tensors[f"{prefix}h.{number}.attn.masked_bias"] = torch.tensor(-1e4)
    return model, tensors


def ours(dropout: float = 0.0) -> Gpt2:
    model = Gpt2(SHAPE, WORDS, dropout)
    model.load_state_dict(model.adapt(released()[1], {}))
    return model.eval()


def ids_of(size: int = 9, behind: int = END) -> Tensor:
    ids = torch.randint(0, END, (len(LENGTHS), size), generator=torch.Generator().manual_seed(3))
    return torch.where(torch.arange(size) < LENGTHS[:, None], ids, behind)


def test_states_are_those_of_transformers() -> None:
    ids, real = ids_of(), torch.arange(9) < LENGTHS[:, None]
    with torch.no_grad():
        expected = theirs().transformer(input_ids=ids, attention_mask=real.long()).last_hidden_state
        found = ours()(ids, LENGTHS)
    assert expected[real].std() > 0.3
    torch.testing.assert_close(found[real], expected[real], atol=1e-5, rtol=1e-5)
    assert not found[~real].any()


def test_the_whole_context_is_read_and_no_more() -> None:
    ids = torch.randint(0, END, (2, 20), generator=torch.Generator().manual_seed(4))
    with torch.no_grad():
        expected = theirs().transformer(input_ids=ids).last_hidden_state
        torch.testing.assert_close(ours()(ids, torch.tensor([20, 20])), expected, atol=1e-5, rtol=1e-5)
        with pytest.raises(RuntimeError):
            ours()(torch.zeros(1, 21, dtype=torch.int64), torch.tensor([21]))


def test_neither_padding_nor_what_follows_changes_a_token() -> None:
    model, ids = ours(), ids_of()
    with torch.no_grad():
        whole, wide, noisy = model(ids, LENGTHS), model(ids_of(14), LENGTHS), model(ids_of(14, 7), LENGTHS)
        torch.testing.assert_close(noisy, wide, atol=1e-6, rtol=1e-6)
        for row, length in enumerate(LENGTHS.tolist()):
            alone = model(ids[row : row + 1, :length], LENGTHS[row : row + 1])
            torch.testing.assert_close(whole[row, :length], alone[0], atol=1e-5, rtol=1e-5)
        cut = model(ids[:1, :6], torch.tensor([6]))
        torch.testing.assert_close(whole[0, :6], cut[0], atol=1e-5, rtol=1e-5)


def test_gradients_are_those_of_transformers() -> None:
    from torch.nn import functional as F  # noqa: PLC0415

    reference, tensors = released()
    model, ids = Gpt2(SHAPE, WORDS, 0.0), ids_of()
    model.load_state_dict(model.adapt(tensors, {}))
    real = torch.arange(9) < LENGTHS[:, None]
    for states in (model(ids, LENGTHS), reference.transformer(input_ids=ids).last_hidden_state):
        F.cross_entropy(states[real] @ torch.eye(24, 7), torch.arange(int(LENGTHS.sum())) % 7).backward()
    theirs_, names = dict(reference.transformer.named_parameters()), {n for n, _ in model.named_parameters()}
    gradients = model.adapt({name: value.grad for name, value in theirs_.items()}, {})
    assert set(gradients) == names
    for name, value in model.named_parameters():
        torch.testing.assert_close(value.grad, gradients[name], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("prefix", ["", "transformer."])
def test_released_names_with_and_without_a_prefix_are_read(tmp_path, prefix) -> None:
    reference, tensors = released(prefix)
    if prefix:
        tensors |= {"lm_head.weight": reference.lm_head.weight.detach().clone()}
    save_weights(tmp_path / "released.safetensors", tensors)
    model = Gpt2(SHAPE, WORDS, 0.0)
    load_weights(model, tmp_path, "released")
    assert all(torch.equal(value, ours().state_dict()[name]) for name, value in model.state_dict().items())
    save_weights(tmp_path / "ours.safetensors", model.state_dict())
    again = Gpt2(SHAPE, WORDS, 0.0)
    load_weights(again, tmp_path, "ours")
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in model.state_dict().items())
    del tensors[f"{prefix}h.2.mlp.c_fc.bias"]
    save_weights(tmp_path / "torn.safetensors", tensors)
    with pytest.raises(
        UserError, match=r"torn\.safetensors: tensor `transformer\.resblocks\.2\.mlp\.c_fc\.bias` is miss"
    ):
        load_weights(model, tmp_path, "torn")


def test_every_matrix_is_transposed_and_no_table_is() -> None:
    """Square ones too, whose shape does not show it."""
    tensors, model = released()[1], ours()
    block = "transformer.resblocks.1"
    for name, stored in (
        ("attn.in_proj_weight", "attn.c_attn"),
        ("attn.out_proj.weight", "attn.c_proj"),
        ("mlp.c_fc.weight", "mlp.c_fc"),
        ("mlp.c_proj.weight", "mlp.c_proj"),
    ):
        assert torch.equal(model.state_dict()[f"{block}.{name}"], tensors[f"h.1.{stored}.weight"].T)
    assert torch.equal(model.words.weight, tensors["wte.weight"])
    assert torch.equal(model.positions.weight, tensors["wpe.weight"])


def test_dropout_is_gpt2s_and_of_training_only() -> None:
    model, ids = ours(0.4), ids_of()
    assert all(isinstance(block, ResidualAttentionBlock) for block in model.transformer.resblocks)
    assert {(block.dropout, block.attn.dropout) for block in model.transformer.resblocks} == {(0.4, 0.4)}
    with torch.no_grad():
        plain = ours()(ids, LENGTHS)
        assert torch.equal(model(ids, LENGTHS), plain)
        torch.manual_seed(1)
        first = model.train()(ids, LENGTHS)
        assert not torch.equal(first, model(ids, LENGTHS))
        torch.manual_seed(1)
        assert torch.equal(first, model(ids, LENGTHS))
        for block in model.transformer.resblocks:
            block.dropout = block.attn.dropout = 0.0
        assert not torch.allclose(model(ids, LENGTHS), plain)  # that of the embeddings is left


def test_sizes_and_initial_values() -> None:
    with torch.device("meta"):
        base = gpt2("gpt2", 50_257)
    assert sum(p.numel() for p in base.parameters()) == 124_439_808  # of openai-community/gpt2
    assert base.transformer.resblocks[0].attn.num_heads == 12
    torch.manual_seed(0)
    tiny = gpt2("tiny/gpt2", 2048)
    assert (SHAPES["tiny/gpt2"].width, len(tiny.transformer.resblocks)) == (64, 2)
    block = tiny.transformer.resblocks[1]
    for weight, std in (
        (tiny.words.weight, 0.02),
        (tiny.positions.weight, 0.02),
        (block.attn.in_proj_weight, 0.02),
        (block.mlp.c_fc.weight, 0.02),
        (block.attn.out_proj.weight, 0.01),
        (block.mlp.c_proj.weight, 0.01),
    ):
        assert float(weight.detach().std()) == pytest.approx(std, rel=0.05)
    assert not any(value.any() for name, value in tiny.named_parameters() if "bias" in name)
    with pytest.raises(UserError, match="unknown GPT-2 'gpt2-xl'; known: gpt2, tiny/gpt2"):
        gpt2("gpt2-xl", 50_257)
