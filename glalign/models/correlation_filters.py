"""Correlation filters (SRCF, Suo et al., ECCV 2022): attention to the person and to its parts.

Positions (B, N, C) are the cells of an image's feature map or the words of a caption. `mask` (B, N) bool is true where
a position exists; the others get no attention. Source of every rule: Suo-Wei/SRCF@6bfa395 (MIT licence), its model
file, reimplemented.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glalign.models.losses.contrastive import EXCLUDED

SELF = -1e6
"""Added to a part's attention logit on itself: the non-local block mixes in the other parts only."""


def filter_cosines(positions: Tensor, filters: Tensor, scale: float) -> Tensor:
    """Return the cosines (B, N, K) times `scale` of unit vectors (B, N, C) and filters (K, C) or (B, K, C).

    A foreground position is a position times its attention, a scalar that leaves the cosines as they are.
    """
    return scale * positions @ F.normalize(filters, dim=-1).transpose(-1, -2)


def foreground_attention(positions: Tensor, filters: Tensor, scale: float, mask: Tensor) -> Tensor:
    """Return the attention (B, N, 2) of foreground and background: a softmax over the two filters (2, C).

    positions: (B, N, C) unit vectors. The foreground is each position times its first weight.
    """
    return filter_cosines(positions, filters, scale).softmax(-1) * mask[..., None]


def part_attention(positions: Tensor, filters: Tensor, scale: float, mask: Tensor) -> Tensor:
    """Return the attention (B, N, P) of each part: a softmax over the positions; all 0 for an item without any.

    positions: (B, N, C) unit vectors. filters: (P, C), or (B, P, C) with separate ones for each item.
    """
    logits = filter_cosines(positions, filters, scale).masked_fill(~mask[..., None], EXCLUDED)
    return logits.softmax(1) * mask[..., None]


def band_max(cells: Tensor, count: int) -> Tensor:
    """Return the maximum (B, count, C) of each of `count` horizontal bands of a map (B, C, h, w).

    Bands are cut as adaptive pooling cuts them: they share rows where the height is no multiple of their number. The
    gradient of torch's adaptive pooling is not deterministic on a GPU.
    """
    edges = [(p * cells.shape[2] // count, -(-(p + 1) * cells.shape[2] // count)) for p in range(count)]
    return torch.stack([cells[:, :, top:bottom].amax((2, 3)) for top, bottom in edges], dim=1)


def masked_max(values: Tensor, mask: Tensor) -> Tensor:
    """Return the maximum (B, D) of values (B, N, D) over the positions of `mask`; 0 for an item without any."""
    peak = values.masked_fill(~mask[..., None], -torch.inf).max(1).values
    return torch.where(mask.any(1)[:, None], peak, 0.0)


def update_filters(filters: Tensor, features: Tensor, rate: float) -> Tensor:
    """Move `filters` (P, C) by `rate` towards the batch mean of `features` (B, P, C); differentiable in `features`."""
    return (1 - rate) * filters + rate * features.mean(0)


def update_filters_in_turn(filters: Tensor, features: Tensor, rate: float) -> Tensor:
    """Move `filters` (P, C) by `rate` towards features[0], features[1], ... (B, P, C), one after the other.

    Returns the filters after each update, (B, P, C): D_j = (1 - rate) D_(j-1) + rate P_j, where the gradient of D_j
    reaches P_j alone. In closed form D_j = (1 - rate)^(j+1) D + rate sum_(i <= j) (1 - rate)^(j-i) P_i, one product
    with a triangular matrix.
    """
    keep = 1 - rate
    turn = torch.arange(len(features), device=features.device)
    age = turn[:, None] - turn[None, :]
    weights = torch.where(age >= 0, rate * keep ** age.clamp(min=0).to(features.dtype), 0.0)
    fixed = features.detach()
    decay = (keep ** (turn + 1).to(features.dtype))[:, None, None]
    return (weights @ fixed.flatten(1)).view_as(fixed) + decay * filters + rate * (features - fixed)


def exclusivity_loss(attention: Tensor) -> Tensor:
    """Mean squared error of the Gram matrices of the columns of attention (B, N, K) against the identity.

    Columns are normalised over the positions: the loss is 0 if no two filters respond at the same position.
    """
    columns = F.normalize(attention, dim=1)
    gram = columns.transpose(1, 2) @ columns
    return F.mse_loss(gram, torch.eye(gram.shape[-1], dtype=gram.dtype, device=gram.device).expand_as(gram))


class PartLinear(nn.Module):
    """A separate linear layer for each of P parts, (B, P, width) -> (B, P, out); as 1 x 1 convolutions.

    std: of the initial weights, by default (2 / out)^.5 (He et al. 2015 over the outputs).
    """

    def __init__(self, parts: int, width: int, out: int, *, std: float | None = None, bias: bool = False):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(parts, width, out))
        nn.init.normal_(self.weight, std=(2 / out) ** 0.5 if std is None else std)
        self.bias = nn.Parameter(torch.zeros(parts, out)) if bias else None

    def forward(self, parts: Tensor) -> Tensor:
        mapped = torch.einsum("bpi,pio->bpo", parts, self.weight)
        return mapped if self.bias is None else mapped + self.bias


class NonLocal(nn.Module):
    """Attention between parts: (B, P, width) -> (B, P, out).

    Keys a_p (also the values) and queries b_q are unit vectors of `hidden` numbers. W_pq = a_p . b_q, -1e6 where p = q,
    softmax over p; the sum over p of a_p W_pq goes through a layer with BatchNorm and is added to part q. slope: of the
    leaky ReLUs.
    """

    def __init__(self, parts: int, width: int, hidden: int, out: int, slope: float):
        super().__init__()
        self.slope = slope
        self.key, self.query = PartLinear(parts, width, hidden), PartLinear(parts, width, hidden)
        self.back = PartLinear(parts, hidden, width)
        self.norm = nn.BatchNorm1d(parts * width)  # statistics per part and channel
        self.out = PartLinear(parts, width, out)

    def forward(self, parts: Tensor) -> Tensor:
        key, query = (F.normalize(F.leaky_relu(layer(parts), self.slope), dim=-1) for layer in (self.key, self.query))
        logits = key @ query.transpose(1, 2)
        logits = logits + SELF * torch.eye(logits.shape[-1], dtype=logits.dtype, device=logits.device)
        mixed = logits.softmax(1).transpose(1, 2) @ key
        added = self.norm(self.back(mixed).flatten(1)).view_as(parts)
        return self.out(parts + F.leaky_relu(added, self.slope))
