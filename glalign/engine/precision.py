"""Mixed precision: transformer layers and convolution trunks compute in bf16 or fp16, everything else in float32."""

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glalign.config.training import Memory, Runtime
from glalign.engine.layers import STACKS, TRANSFORMER, TRUNKS, compiled, in_float32, layers, recompute, wrap

TYPES = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}


class Precision:
    """Runs the transformer layers and convolution trunks of a model under autocast inside `training()`.

    Outside of it (validation) the model computes in float32. A stack of transformer layers returns float32, and so does
    a layer or trunk that is called by itself, so features, logits and losses are float32. Within a stack what one layer
    hands to the next is bf16; with fp16 it is float32, since a sum over many layers would overflow, and losses are
    scaled, since gradients would underflow. name: a key of TYPES; fp32 changes nothing.
    """

    def __init__(self, name: str = "fp32", device: str = "cpu") -> None:
        self._kind, self._device, self._on = TYPES[name], device, False
        self.scaler = torch.amp.GradScaler(device, enabled=name == "fp16")

    def lower(self, model: nn.Module) -> None:
        """Wrap the layers of a model, once."""
        for stack in layers(model, STACKS) if self._kind == torch.bfloat16 else ():
            wrap(stack, self._streamed)
            for norm in stack.modules():
                if isinstance(norm, nn.LayerNorm):
                    wrap(norm, partial(self._normed, norm))
        for layer in layers(model, TRANSFORMER | TRUNKS) if self._kind else ():
            wrap(layer, self._lowered)
            for inner in layer.modules():  # some are called directly, for some positions only
                if inner is not layer and isinstance(inner, nn.MultiheadAttention | nn.Linear):
                    wrap(inner, self._lowered)

    @contextlib.contextmanager
    def training(self) -> Iterator[None]:
        """Context of a training step; weights are cast once in it, however often a layer is called."""
        if self._kind is None:
            yield
            return
        self._on = True
        try:
            with torch.autocast(self._device, self._kind, enabled=False):
                yield
        finally:
            self._on = False

    def backward(self, loss: Tensor) -> None:
        """Compute gradients of the loss; with fp16 the loss is scaled."""
        self.scaler.scale(loss).backward()

    def step(self, optimizer: torch.optim.Optimizer, model: nn.Module, clip: float) -> None:
        """Do the optimiser's step with unscaled gradients, clipped to the norm `clip` unless it is 0.

        With fp16 a step with overflown gradients is skipped and the scale is lowered.
        """
        if clip:
            self.scaler.unscale_(optimizer)
            torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        self.scaler.step(optimizer)
        self.scaler.update()

    def _lowered(self, forward: Callable[..., Any]) -> Callable[..., Any]:
        def run(*values: Any, **named: Any) -> Any:
            if not self._on or torch.is_autocast_enabled(self._device):
                return forward(*values, **named)
            with self._autocast():
                return in_float32(forward(*values, **named))

        return run

    def _streamed(self, forward: Callable[..., Any]) -> Callable[..., Any]:
        """Convert the inputs of a stack to bf16, so that its residual sums are bf16."""

        def run(x: Tensor, *values: Any, **named: Any) -> Any:
            if not self._on:
                return forward(x, *values, **named)
            with self._autocast():
                given = (x, *values)
                first, *others = (v.bfloat16() if isinstance(v, Tensor) and v.is_floating_point() else v for v in given)
                result = forward(first, *others, **named)
                return x if result is first else in_float32(result)  # x itself where the stack has no layer

        return run

    def _normed(self, norm: nn.LayerNorm, forward: Callable[..., Tensor]) -> Callable[..., Tensor]:
        """Let a layer norm read and write bf16 where its input is, with sums in float32; autocast would make copies."""

        def run(x: Tensor) -> Tensor:
            if x.dtype != torch.bfloat16:
                return forward(x)
            weight, bias = (p if p is None else p.bfloat16() for p in (norm.weight, norm.bias))
            with torch.autocast(self._device, enabled=False):
                return F.layer_norm(x, norm.normalized_shape, weight, bias, norm.eps)

        return run

    def _autocast(self) -> torch.autocast:
        # Without gradients casts may not be cached: a later call would find a copy without a gradient.
        return torch.autocast(self._device, self._kind, cache_enabled=torch.is_grad_enabled())


def prepare_layers(model: nn.Module, runtime: Runtime, memory: Memory, system: str, device: torch.device) -> Precision:
    """Apply the sections `runtime` and `memory` to the layers of a model that is on its device.

    Raises: UserError if activations are to be recomputed in a system without a layer for it.
    """
    if runtime.compile:
        compiled(model)
    if memory.checkpoint_activations:
        recompute(model, f"systems.{system}.memory.checkpoint_activations")
    precision = Precision(runtime.precision, device.type)
    precision.lower(model)  # outermost: what is computed again is computed in the same precision
    return precision
