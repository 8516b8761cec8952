"""The transformer layers and convolution trunks of a network, found by class name and wrapped in place.

Everything else of a system (projections, classifiers, logits, losses) is not changed.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map_only
from torch.utils.checkpoint import checkpoint

from glalign.support.errors import UserError

TRANSFORMER = frozenset(
    {"ResidualAttentionBlock", "TransformerEncoderLayer", "TransformerDecoderLayer", "RobertaLayer", "XLMRobertaLayer"}
    | {"Attention"}
)
"""Class names of layers of ours, torch and transformers; names, because not every model imports every library."""

TRUNKS = frozenset({"ResNetTrunk", "VggTrunk", "TextCnn", "BasicBlock", "Bottleneck"})
"""Class names of stacks of convolutions, and of their blocks."""

STACKS = frozenset({"Layers", "RobertaEncoder", "XLMRobertaEncoder"})
"""Class names of modules that call transformer layers one after the other and do nothing between them."""

Wrapper = Callable[[Callable[..., Any]], Callable[..., Any]]


def layers(model: nn.Module, kinds: frozenset[str]) -> Iterator[nn.Module]:
    """Yield the outermost modules with one of the class names."""
    for child in model.children():
        if type(child).__name__ in kinds:
            yield child
        else:
            yield from layers(child, kinds)


def wrap(module: nn.Module, wrapper: Wrapper) -> None:
    """Replace the module's `forward` by `wrapper(forward)`; the state dict does not change."""
    module.forward = wrapper(module.forward)


def recompute(model: nn.Module, where: str) -> None:
    """Keep only the inputs of transformer layers for the backward pass, which runs each layer a second time.

    Gradients are the same: dropout draws the same numbers the second time. Layers with BatchNorm are not wrapped, since
    their statistics would be updated twice. Raises: UserError naming `where` if no transformer layer is trained.
    """
    found = [layer for layer in layers(model, TRANSFORMER) if any(p.requires_grad for p in layer.parameters())]
    if not found:
        raise UserError(
            f"{where}: no transformer layer is trained here, there is nothing to recompute; set it to false"
        )
    for layer in found:
        wrap(layer, _recomputed)


def compiled(model: nn.Module) -> None:
    """Apply torch.compile to every layer and trunk; captions of any length share a program."""
    for layer in layers(model, TRANSFORMER | TRUNKS):
        wrap(layer, functools.partial(torch.compile, dynamic=None))


def _recomputed(forward: Callable[..., Any]) -> Callable[..., Any]:
    def run(*values: Any, **named: Any) -> Any:
        if not torch.is_grad_enabled():
            return forward(*values, **named)
        return checkpoint(forward, *values, use_reentrant=False, preserve_rng_state=True, **named)

    return run


def in_float32(result: Any) -> Any:
    """A layer's result (a tensor, or tensors in a tuple or a mapping) with every bf16 or fp16 tensor as float32."""
    return tree_map_only(Tensor, lambda x: x.float() if x.dtype in (torch.bfloat16, torch.float16) else x, result)
