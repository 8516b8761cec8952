"""Mixed precision, recomputed activations and fused attention, for every trainable system of the demo."""

from typing import Any

import pytest
import torch
from helpers.systems import SYSTEMS, build, make_batch, train_step
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from glalign.contract.retriever import Retriever
from glalign.engine.layers import STACKS, TRANSFORMER, TRUNKS, layers, recompute
from glalign.engine.precision import Precision

LOW = (torch.bfloat16, torch.float16)
CASTS = {"float", "to", "type", "dtype", "_to_copy"}
pytestmark = [pytest.mark.parametrize("name", sorted(SYSTEMS)), pytest.mark.usefixtures("one_thread")]


class Watch(TorchFunctionMode):
    """Names of functions that see a low-precision tensor outside of layers and autocast; how many see one inside."""

    def __init__(self, model: Retriever) -> None:
        super().__init__()
        self.outside: set[str] = set()
        self.inside, self._layers = 0, 0
        for layer in layers(model, TRANSFORMER):
            layer.register_forward_pre_hook(lambda *_: self._count(1))
            layer.register_forward_hook(lambda *_: self._count(-1))

    def _count(self, change: int) -> None:
        self._layers += change

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        seen = [x for x in tree_leaves((args, kwargs, result)) if isinstance(x, Tensor) and x.dtype in LOW]
        if seen and (torch.is_autocast_enabled("cpu") or self._layers):
            self.inside += 1
        elif seen and getattr(func, "__name__", "") not in {*CASTS, "__get__"}:
            self.outside.add(getattr(func, "__name__", str(func)))
        return result


def lowered_terms(model: Retriever, name: str, kind: str, watch: Watch) -> dict[str, Tensor]:
    precision = Precision(kind)
    precision.lower(model)
    with watch, precision.training():
        return train_step(model, make_batch(name, model), 9)


def test_only_layers_see_low_precision_and_losses_are_float32(name: str) -> None:
    """Logits are made of what layers return, outside of autocast: no function there sees bf16."""
    exact = train_step(build(name), make_batch(name, build(name)), 9)
    model = build(name)
    watch = Watch(model)
    terms = lowered_terms(model, name, "bf16", watch)
    assert watch.inside > 0
    assert watch.outside == set()
    for key, value in terms.items():
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, exact[key], rtol=0.05, atol=0.02)
    torch.stack(list(terms.values())).sum().backward()
    assert all(
        p.grad.dtype == torch.float32 and p.grad.isfinite().all() for p in model.parameters() if p.grad is not None
    )


class Between(TorchFunctionMode):
    """The types of what transformer layers add up, and of what their layer norms read."""

    def __init__(self) -> None:
        super().__init__()
        self.normed: set[torch.dtype] = set()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is F.layer_norm:
            self.normed.add(args[0].dtype)
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("kind", ["fp32", "bf16", "fp16"])
def test_what_layers_of_a_stack_hand_on_is_bf16_with_bf16_alone(name: str, kind: str) -> None:
    """The stack itself returns float32, and so does every layer with another precision."""
    model, handed, returned = build(name), set(), set()
    precision = Precision(kind)
    precision.lower(model)
    for stack in layers(model, STACKS):
        stack.register_forward_hook(lambda _stack, _given, result: returned.update(types_of(result)))
        for layer in layers(stack, TRANSFORMER):
            layer.register_forward_hook(lambda _layer, _given, result: handed.update(types_of(result)))
    with Between() as between, precision.training():
        train_step(model, make_batch(name, model), 9)
    if not any(layers(model, STACKS)):
        pytest.skip("no stack of transformer layers")
    assert handed == {torch.bfloat16 if kind == "bf16" else torch.float32}
    assert returned == {torch.float32}
    assert (torch.bfloat16 in between.normed) == (kind == "bf16")


def types_of(result: Any) -> set[torch.dtype]:
    return {value.dtype for value in tree_leaves(result) if isinstance(value, Tensor)}


def test_validation_stays_float32(name: str) -> None:
    """Weights are selected by the scores that the test set is ranked by."""
    model, other = build(name).eval(), build(name).eval()
    Precision("bf16").lower(model)
    with torch.no_grad():
        batch = make_batch(name, model)
        for key, value in model.encode_images(batch).items():
            assert torch.equal(value, other.encode_images(batch)[key])


def test_recomputed_activations_give_the_same_gradients(name: str) -> None:
    """Bit for bit, dropout included; in bf16 too."""
    if not any(p.requires_grad for layer in layers(build(name), TRANSFORMER) for p in layer.parameters()):
        pytest.skip("no transformer layer is trained")
    for kind in ("fp32", "bf16"):
        found = []
        for again in (False, True):
            model, precision = build(name), Precision(kind)
            if again:
                recompute(model, "here")
            precision.lower(model)
            with precision.training():
                terms = train_step(model, make_batch(name, model), 9)
            torch.stack(list(terms.values())).sum().backward()
            found.append({key: p.grad for key, p in model.named_parameters() if p.grad is not None})
        assert found[0].keys() == found[1].keys()
        assert all(torch.equal(found[0][key], found[1][key]) for key in found[0])


def test_every_attention_is_torch_s_fused_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each transformer layer that runs calls scaled_dot_product_attention, once per attention that it has."""
    model, calls, runs = build(name), [], []
    fused = F.scaled_dot_product_attention

    def spy(*args: Any, **kwargs: Any) -> Tensor:
        calls.append(1)
        return fused(*args, **kwargs)

    monkeypatch.setattr(F, "scaled_dot_product_attention", spy)
    for layer in layers(model, TRANSFORMER):
        count = 2 if type(layer).__name__ == "TransformerDecoderLayer" else 1
        layer.register_forward_hook(lambda *_, count=count: runs.append(count))
    train_step(model, make_batch(name, model), 9)
    if any(layers(model, TRANSFORMER)):
        assert sum(runs) > 0
    assert len(calls) >= sum(runs)


def test_convolution_trunks_are_channels_last(name: str) -> None:
    for trunk in layers(build(name), TRUNKS):
        for parameter in trunk.parameters():
            if parameter.ndim == 4:
                assert parameter.is_contiguous(memory_format=torch.channels_last)
