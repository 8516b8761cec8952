"""Transformer layers that follow one another."""

from typing import Any

from torch import Tensor, nn


class Layers(nn.ModuleList):
    """Layers of one width, each of which reads the result of the last: `x` and the same other arguments.

    With `runtime.precision: bf16` the results between them stay bf16; the last one is float32 again.
    """

    def forward(self, x: Tensor, *values: Any, depth: int | None = None, **named: Any) -> Tensor:
        """Run the first `depth` layers, default all; a negative number leaves out as many of the last."""
        for layer in list(self)[:depth]:
            x = layer(x, *values, **named)
        return x
