"""torch's multi-head attention without the copies that its forward pass makes."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Attention(nn.MultiheadAttention):
    """`nn.MultiheadAttention` with the same parameters, batch first, where the keys are also the values.

    torch's own splits queries, keys and values into contiguous copies, and its backward pass fills three tensors of
    zeros: a quarter of the time of a training step with narrow layers. Masks for padding or for later tokens, one of
    the two; returns (output, None).
    """

    def forward(  # type: ignore[override]
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        *,
        is_causal: bool = False,
        **_: object,
    ) -> tuple[Tensor, None]:
        """query (B, T, E); key, value (B, N, E), the same tensor; key_padding_mask (B, N), true or -inf at padding.

        is_causal: no query attends to a later key.
        """
        heads, size = self.num_heads, self.embed_dim
        weight, bias = self.in_proj_weight, self.in_proj_bias
        if query is key:
            q, k, v = F.linear(query, weight, bias).unflatten(-1, (3, heads, -1)).unbind(-3)
        else:
            q = F.linear(query, weight[:size], bias[:size]).unflatten(-1, (heads, -1))
            k, v = F.linear(key, weight[size:], bias[size:]).unflatten(-1, (2, heads, -1)).unbind(-3)
        mask = None
        if key_padding_mask is not None:
            mask = key_padding_mask[:, None, None]
            mask = ~mask if mask.dtype == torch.bool else mask
        q, k, v = (x.transpose(1, 2) for x in (q, k, v))
        dropout = self.dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout, is_causal=is_causal)
        return self.out_proj(mixed.transpose(1, 2).flatten(2)), None


def use_lean_attention(layer: nn.Module) -> nn.Module:
    """Replace the attentions of torch's encoder or decoder layer by `Attention`; parameter names stay the same."""
    for name, part in layer.named_children():
        if isinstance(part, nn.MultiheadAttention):
            setattr(layer, name, Attention(part.embed_dim, part.num_heads, part.dropout, batch_first=True))
    return layer
