"""Correlation filters (SRCF, Suo et al., ECCV 2022): which positions show the person, and which show each part.

Positions (B, N, C) are the cells of an image's map or the words of a caption; `inside` (B, N) bool says which of them
exist, the others get no share of anything. Source of every rule here: Suo-Wei/SRCF@6bfa395 (MIT licence), its model
file, read and written anew.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glalign.models.losses.contrastive import EXCLUDED

SELF = -1e6
"""What is added to a part's weight on itself: the non-local block mixes in the other parts only."""


def filter_cosines(positions: Tensor, filters: Tensor, scale: float) -> Tensor:
    """(B, N, K) cosines times `scale` of unit vectors (B, N, C) with filters (K, C), or with each item's own (B, K, C).

    A foreground position has the cosines of the position it was made of, since its share is only a factor.
    """
    return scale * positions @ F.normalize(filters, dim=-1).transpose(-1, -2)


def foreground_attention(positions: Tensor, filters: Tensor, scale: float, inside: Tensor) -> Tensor:
    """(B, N, 2) shares of foreground and background of unit vectors (B, N, C), a softmax over the filters (2, C).

    The foreground is each position times its first share.
    """
    return filter_cosines(positions, filters, scale).softmax(-1) * inside[..., None]


def part_attention(positions: Tensor, parts: Tensor, scale: float, inside: Tensor) -> Tensor:
    """(B, N, P) share of each position in each part: a softmax over the positions; all 0 where none is inside.

    positions (B, N, C): unit vectors. parts: (P, C), or each item's own (B, P, C).
    """
    logits = filter_cosines(positions, parts, scale).masked_fill(~inside[..., None], EXCLUDED)
    return logits.softmax(1) * inside[..., None]


def band_max(cells: Tensor, count: int) -> Tensor:
    """(B, count, C) maximum of each of `count` horizontal bands of a map (B, C, h, w), as adaptive pooling cuts them.

    Bands share rows where the height is no multiple of their number. Maxima and not adaptive pooling, whose gradient is
    not deterministic on a GPU.
    """
    height = cells.shape[2]
    edges = [(p * height // count, -(-(p + 1) * height // count)) for p in range(count)]
    return torch.stack([cells[:, :, top:bottom].amax((2, 3)) for top, bottom in edges], dim=1)


def masked_max(values: Tensor, inside: Tensor) -> Tensor:
    """(B, D) maximum over the positions inside of values (B, N, D); 0 for an item without any."""
    peak = values.masked_fill(~inside[..., None], -torch.inf).max(1).values
    return torch.where(inside.any(1)[:, None], peak, 0.0)


def update_filters(stored: Tensor, seen: Tensor, rate: float) -> Tensor:
    """(P, C) `stored` moved by `rate` towards the mean over the batch of `seen` (B, P, C), with gradient to `seen`."""
    return (1 - rate) * stored + rate * seen.mean(0)


def update_filters_in_turn(stored: Tensor, seen: Tensor, rate: float) -> Tensor:
    """(B, P, C): `stored` (P, C) after it was moved by `rate` towards seen[0], ..., seen[j], one after the other.

    D_j = (1 - rate) D_(j-1) + rate P_j, and item j's gradient reaches its own P_j alone. In closed form
    D_j = (1 - rate)^(j+1) D + rate sum_(i <= j) (1 - rate)^(j-i) P_i, one product with a triangular matrix.
    """
    keep = 1 - rate
    turn = torch.arange(len(seen), device=seen.device)
    age = turn[:, None] - turn[None, :]
    weights = torch.where(age >= 0, rate * keep ** age.clamp(min=0).to(seen.dtype), 0.0)
    fixed = seen.detach()
    past = (weights @ fixed.flatten(1)).view_as(fixed) + (keep ** (turn + 1).to(seen.dtype))[:, None, None] * stored
    return past + rate * (seen - fixed)


def exclusivity_loss(shares: Tensor) -> Tensor:
    """Mean squared error of the Gram matrices of the columns of shares (B, N, K) against the identity.

    Columns are normalised over the positions: the loss is 0 where no two filters answer at the same position.
    """
    columns = F.normalize(shares, dim=1)
    gram = columns.transpose(1, 2) @ columns
    return F.mse_loss(gram, torch.eye(gram.shape[-1], dtype=gram.dtype, device=gram.device).expand_as(gram))


class PartLinear(nn.Module):
    """(B, P, inside) -> (B, P, outside): a linear layer of its own for each of P parts, as 1 x 1 convolutions are."""

    def __init__(self, parts: int, inside: int, outside: int, *, std: float | None = None, bias: bool = False):
        """std: spread of the initial weights, by default (2 / outside)^.5 (He et al. 2015 over the outputs)."""
        super().__init__()
        self.weight = nn.Parameter(torch.empty(parts, inside, outside))
        nn.init.normal_(self.weight, std=(2 / outside) ** 0.5 if std is None else std)
        self.bias = nn.Parameter(torch.zeros(parts, outside)) if bias else None

    def forward(self, parts: Tensor) -> Tensor:
        mapped = torch.einsum("bpi,pio->bpo", parts, self.weight)
        return mapped if self.bias is None else mapped + self.bias


class NonLocal(nn.Module):
    """Parts (B, P, width) see one another, then go to (B, P, out).

    Of a part's own two views a and b (unit vectors of `inner` numbers) W_pq = a_p . b_q, -1e6 where p = q, softmax over
    p; the sum over p of a_p W_pq goes through a layer with BatchNorm and is added to part q.
    """

    def __init__(self, parts: int, width: int, inner: int, out: int, slope: float):
        super().__init__()
        self.slope = slope
        self.seen, self.asked = PartLinear(parts, width, inner), PartLinear(parts, width, inner)
        self.back = PartLinear(parts, inner, width)
        self.norm = nn.BatchNorm1d(parts * width)  # statistics per part and channel
        self.out = PartLinear(parts, width, out)

    def forward(self, parts: Tensor) -> Tensor:
        seen, asked = (F.normalize(F.leaky_relu(layer(parts), self.slope), dim=-1) for layer in (self.seen, self.asked))
        weights = seen @ asked.transpose(1, 2)
        weights = weights + SELF * torch.eye(weights.shape[-1], dtype=weights.dtype, device=weights.device)
        mixed = weights.softmax(1).transpose(1, 2) @ seen
        added = self.norm(self.back(mixed).flatten(1)).view_as(parts)
        return self.out(parts + F.leaky_relu(added, self.slope))
