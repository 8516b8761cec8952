"""CLIP's residual blocks (Radford et al. 2021), under the parameter names of its released files."""

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from glalign.models.towers.attention import Attention
from glalign.models.towers.layer_stack import Layers

SLOPE = 1.702
"""Factor inside the sigmoid of QuickGELU."""


class QuickGELU(nn.Module):
    """x sigmoid(1.702 x), OpenAI's approximation of GELU."""

    def forward(self, x: Tensor) -> Tensor:
        if torch.compiler.is_compiling():  # it makes one kernel of the formula and of its gradient
            return x * torch.sigmoid(SLOPE * x)
        return cast("Tensor", _QuickGELU.apply(x))


class _QuickGELU(torch.autograd.Function):
    """QuickGELU that keeps its input alone and writes over its intermediate results; can be differentiated once.

    On a CPU the gradient does the operations of autograd's in the same order, so that it has the same bits.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        ctx.on_gpu = x.is_cuda
        return (SLOPE * x).sigmoid_().mul_(x)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        if ctx.on_gpu:  # QuickGELU(x) is silu(1.702 x) / 1.702: two kernels in place of five
            return torch.ops.aten.silu_backward(gradient, SLOPE * x)
        share, inner = (SLOPE * x).sigmoid_(), gradient * x
        torch.ops.aten.sigmoid_backward(inner, share, grad_input=inner)
        return share.mul_(gradient).add_(inner.mul_(SLOPE))


class ResidualAttentionBlock(nn.Module):
    """x + attention(LN(x)), then plus MLP(LN(.)): (B, T, width) -> (B, T, width), batch first.

    dropout: after the attention and after the MLP, before the residual sums; in training only. The random numbers of
    the first lie in the order (T, B, width), as they do behind torch's own attention. `attn.dropout` is that of the
    attention weights.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        mlp_ratio: float = 4.0,
        activation: Callable[[], nn.Module] = QuickGELU,
        dropout: float = 0.0,
    ):
        super().__init__()
        hidden = int(width * mlp_ratio)
        self.ln_1 = nn.LayerNorm(width)
        self.attn = Attention(width, heads, batch_first=True)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential()
        self.mlp.add_module("c_fc", nn.Linear(width, hidden))
        self.mlp.add_module("gelu", activation())
        self.mlp.add_module("c_proj", nn.Linear(hidden, width))
        self.dropout = dropout

    def forward(self, x: Tensor, causal: bool = False) -> Tensor:
        """causal: no token attends to a later one."""
        normed = self.ln_1(x)
        mixed = self.attn(normed, normed, normed, is_causal=causal)[0]
        if not (self.training and self.dropout):
            x = x + mixed
            return x + self.mlp(self.ln_2(x))
        x = x + F.dropout(mixed.transpose(0, 1).contiguous(), self.dropout).transpose(0, 1)
        return x + F.dropout(self.mlp(self.ln_2(x)), self.dropout)

    def init_weights(self, depth: int) -> None:
        """Draw normal weights for a stack of `depth` blocks, as CLIP does (open_clip, `TextTransformer`).

        Standard deviations: attention inputs width^-.5, outputs of both residual branches width^-.5 (2 depth)^-.5, MLP
        inputs (2 width)^-.5.
        """
        width = self.attn.embed_dim
        outer = width**-0.5 * (2 * depth) ** -0.5
        nn.init.normal_(self.attn.in_proj_weight, std=width**-0.5)
        nn.init.normal_(self.attn.out_proj.weight, std=outer)
        nn.init.normal_(self.mlp.get_parameter("c_fc.weight"), std=(2 * width) ** -0.5)
        nn.init.normal_(self.mlp.get_parameter("c_proj.weight"), std=outer)


class Transformer(nn.Module):
    """A stack of `layers` blocks of the same sizes, `resblocks`; see `ResidualAttentionBlock`."""

    def __init__(
        self,
        layers: int,
        width: int,
        head_width: int,
        mlp_ratio: float,
        activation: Callable[[], nn.Module],
        dropout: float = 0.0,
    ):
        super().__init__()
        sizes = width, width // head_width, mlp_ratio, activation, dropout
        self.resblocks = Layers(ResidualAttentionBlock(*sizes) for _ in range(layers))

    def init_weights(self) -> None:
        """Draw the weights as CLIP's text tower does, see `ResidualAttentionBlock.init_weights`."""
        for block in self.resblocks:
            cast("ResidualAttentionBlock", block).init_weights(len(self.resblocks))

    def forward(self, x: Tensor, causal: bool = False, depth: int | None = None) -> Tensor:
        """Run the first `depth` blocks, default all."""
        return self.resblocks(x, causal, depth=depth)
