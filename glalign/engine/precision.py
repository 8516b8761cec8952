"""Mixed precision: transformer layers and convolution trunks compute in bf16 or fp16, everything else in float32."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from glalign.config.training import Memory, Runtime
from glalign.engine.layers import TRANSFORMER, TRUNKS, compiled, in_float32, layers, recompute, wrap

TYPES = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}


class Precision:
    """Runs the transformer layers and convolution trunks of a model under autocast inside `training()`.

    Outside of it (validation) the model computes in float32. The layers return float32, so features, logits and losses
    are float32. With fp16 losses are scaled, since gradients would underflow. name: a key of TYPES; fp32 changes
    nothing.
    """

    def __init__(self, name: str = "fp32", device: str = "cpu") -> None:
        self._kind, self._device, self._on = TYPES[name], device, False
        self.scaler = torch.amp.GradScaler(device, enabled=name == "fp16")

    def lower(self, model: nn.Module) -> None:
        """Wrap the layers of a model, once."""
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
            # Without gradients casts may not be cached: a later call would find a copy without a gradient.
            with torch.autocast(self._device, self._kind, cache_enabled=torch.is_grad_enabled()):
                return in_float32(forward(*values, **named))

        return run


def fitted(model: nn.Module, runtime: Runtime, memory: Memory, system: str, device: torch.device) -> Precision:
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
