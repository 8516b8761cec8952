"""Mixed precision: layers compute in bf16 or fp16, everything between and behind them in float32."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from glalign.engine.layers import TRANSFORMER, TRUNKS, compiled, in_float32, layers, recompute, wrap
from glalign.support.runtime_options import MemoryOptions, Runtime

TYPES = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}


class Precision:
    """Runs the transformer layers and convolution trunks of a model under autocast, where `training` is entered.

    Outside of it (validation) the model computes as if it were not there. A layer's results are float32, so that
    features, logits and losses never see anything else. With fp16 losses are scaled, or gradients would underflow.
    name: a key of TYPES. fp32 leaves everything as it is.
    """

    def __init__(self, name: str = "fp32", device: str = "cpu") -> None:
        self._kind, self._device, self._on = TYPES[name], device, False
        self.scaler = torch.amp.GradScaler(device, enabled=name == "fp16")

    def lower(self, model: nn.Module) -> None:
        """Wrap the layers of a model, once."""
        for layer in layers(model, TRANSFORMER | TRUNKS) if self._kind else ():
            wrap(layer, self._lowered)
            for inner in layer.modules():  # what is called past the layer itself, as at some positions only
                if inner is not layer and isinstance(inner, nn.MultiheadAttention | nn.Linear):
                    wrap(inner, self._lowered)

    @contextlib.contextmanager
    def training(self) -> Iterator[None]:
        """A step: weights are cast once, however often a layer is called."""
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
        """Gradients of the loss, which is scaled with fp16."""
        self.scaler.scale(loss).backward()

    def step(self, optimizer: torch.optim.Optimizer, model: nn.Module, clip: float) -> None:
        """The optimiser's step on true gradients, clipped to the norm `clip` if it is not 0. With fp16 a step whose
        gradients overflowed is left out and the scale is lowered."""
        if clip:
            self.scaler.unscale_(optimizer)
            torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        self.scaler.step(optimizer)
        self.scaler.update()

    def _lowered(self, forward: Callable[..., Any]) -> Callable[..., Any]:
        def run(*values: Any, **named: Any) -> Any:
            if not self._on or torch.is_autocast_enabled(self._device):
                return forward(*values, **named)
            # Without gradients nothing may be kept: a later call would find a copy that no gradient passes through.
            kept = torch.is_grad_enabled()
            with torch.autocast(self._device, self._kind, cache_enabled=kept):
                return in_float32(forward(*values, **named))

        return run


def fitted(model: nn.Module, runtime: Runtime, memory: MemoryOptions, system: str, device: torch.device) -> Precision:
    """Wrap the layers of a model, which is on its device, as the options say.

    Raises: UserError if activations are to be recomputed in a system that has no layer for it.
    """
    if runtime.compile:
        compiled(model)
    if memory.checkpoint_activations:
        recompute(model, f"systems.{system}.memory.checkpoint_activations")
    precision = Precision(runtime.precision, device.type)
    precision.lower(model)  # outermost: what is computed again is computed in the same precision
    return precision
