"""Where a network computes: its transformer layers and convolution trunks, found by type and wrapped in place.

What a system does around them (projections, classifiers, logits, losses) is not touched: it stays float32.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from glalign.support.errors import UserError

TRANSFORMER = frozenset(
    {"ResidualAttentionBlock", "TransformerEncoderLayer", "TransformerDecoderLayer", "RobertaLayer", "XLMRobertaLayer"}
    | {"MultiheadAttention"}
)
"""Layers of open_clip, torch and transformers, by name: a model that has none of a library does not import it."""

TRUNKS = frozenset({"ResNetTrunk", "VggTrunk", "TextCnn", "BasicBlock", "Bottleneck"})
"""Stacks of convolutions, of which a system may have single blocks, too."""

Wrapper = Callable[[Callable[..., Any]], Callable[..., Any]]


def layers(model: nn.Module, kinds: frozenset[str]) -> Iterator[nn.Module]:
    """The outermost modules whose class has one of the names."""
    for child in model.children():
        if type(child).__name__ in kinds:
            yield child
        else:
            yield from layers(child, kinds)


def wrap(module: nn.Module, wrapper: Wrapper) -> None:
    """Run `wrapper(forward)` wherever the module is called; its names and its state stay what they are."""
    module.forward = wrapper(module.forward)


def recompute(model: nn.Module, where: str) -> None:
    """Keep only the inputs of transformer layers for the backward pass, which runs each of them once more.

    Gradients are the same: dropout draws the same numbers the second time. Layers with BatchNorm are left alone, since
    running them twice would move their statistics twice. Raises UserError, naming `where`, if nothing would be saved.
    """
    found = [layer for layer in layers(model, TRANSFORMER) if any(p.requires_grad for p in layer.parameters())]
    if not found:
        raise UserError(
            f"{where}: no transformer layer is trained here, there is nothing to recompute; set it to false"
        )
    for layer in found:
        wrap(layer, _recomputed)


def compiled(model: nn.Module) -> None:
    """torch.compile of every layer and trunk; captions of any length share a program."""
    for layer in layers(model, TRANSFORMER | TRUNKS):
        wrap(layer, functools.partial(torch.compile, dynamic=None))


def _recomputed(forward: Callable[..., Any]) -> Callable[..., Any]:
    def run(*values: Any, **named: Any) -> Any:
        if not torch.is_grad_enabled():
            return forward(*values, **named)
        return checkpoint(forward, *values, use_reentrant=False, preserve_rng_state=True, **named)

    return run


def in_float32(value: Any) -> Any:
    """A layer's result (a tensor, or a tuple that holds some) with every low-precision tensor as float32."""
    if isinstance(value, tuple):
        return tuple(map(in_float32, value))
    return value.float() if isinstance(value, Tensor) and value.dtype in (torch.bfloat16, torch.float16) else value
