"""Slot attention and the losses of its parts (Locatello et al. 2020; Park et al., ECCV 2024).

Every rule and constant is that of jicheol93/PLOT@cf56901 unless said otherwise. B items, K slots, L tokens of width E.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glalign.models.host_copies import sent
from glalign.models.losses.contrastive import same_person

TOKEN_EPS = 1e-8
"""Added to the sum of a slot's attention."""

WEIGHT_STD = 0.001
"""Standard deviation of the initial weights of `PartWeights`, which starts with nearly even weights."""


class SlotAttention(nn.Module):
    """Slots compete for tokens and are refined `iterations` times.

    Keys and values are linear maps of LN(tokens). In each iteration the attention is a softmax over the slots of
    q k / sqrt(E), 0 at masked tokens, scaled to sum to 1 over the tokens; slots = GRU(input: attention @ values, state:
    slots), then slots += MLP(LN(slots)).
    """

    def __init__(self, width: int, iterations: int):
        super().__init__()
        self.iterations = iterations
        self.norm_tokens, self.norm_slots, self.norm_mlp = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key, self.value = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, width)
        self.gru = nn.GRUCell(width, width)
        first, second = nn.Linear(width, width), nn.Linear(width, width)
        self.mlp = nn.Sequential(first, nn.ReLU(), second)
        for layer in (self.query, self.key, self.value, first, second):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, slots: Tensor, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        """Refine the initial slots (K, E) on tokens (B, L, E); returns (B, K, E).

        mask: (B, L) bool, true for the tokens that are used, by default all. Without any, the GRU's input is zero.
        """
        tokens = self.norm_tokens(tokens)
        key, value = self.key(tokens) * tokens.shape[-1] ** -0.5, self.value(tokens)
        slots = slots.expand(len(tokens), -1, -1)
        for _ in range(self.iterations):
            attention = (self.query(self.norm_slots(slots)) @ key.transpose(1, 2)).softmax(dim=1)
            if mask is not None:
                attention = attention * mask[:, None]
            update = (attention / (attention.sum(dim=2, keepdim=True) + TOKEN_EPS)) @ value
            slots = self.gru(update.flatten(0, 1), slots.flatten(0, 1)).view_as(update)
            slots = slots + self.mlp(self.norm_mlp(slots))
        return slots


class SlotDecoder(nn.Module):
    """Reconstruct tokens from slots with a spatial broadcast decoder.

    A position embedding is the concatenation of a learned row and a learned column vector, initially from U(0, 1). Slot
    + position go through three layers with ReLU, which give the token and the mixing logit of the slot; a softmax over
    the slots mixes them. The last layer is linear and the mixing weights sum to 1, hence it is applied once, after the
    mixing.
    """

    def __init__(self, width: int, hidden: int, grid: tuple[int, int]):
        super().__init__()
        self.rows = nn.Parameter(torch.rand(grid[0], width // 2))
        self.columns = nn.Parameter(torch.rand(grid[1], width - width // 2))
        self.first = nn.Linear(width, hidden)
        second, third = nn.Linear(hidden, hidden), nn.Linear(hidden, hidden)
        self.middle = nn.Sequential(nn.ReLU(), second, nn.ReLU(), third, nn.ReLU())
        self.token, self.share = nn.Linear(hidden, width), nn.Linear(hidden, 1)

    def forward(self, slots: Tensor, mask: Tensor) -> Tensor:
        """Reconstruct the M tokens (M, E) where `mask` (B, L) is true, from slots (B, K, E).

        L may be less than the number of positions: the first L are used. The mask lies on the host, which has to know
        M.
        """
        sample, place = (sent(index, slots) for index in mask.nonzero(as_tuple=True))
        # The first layer of a sum is the sum of the first layers: once per slot and once per position.
        slot = self.first(slots)[sample]
        rows, columns = (
            self.rows[:, None].expand(-1, len(self.columns), -1),
            self.columns.expand(len(self.rows), -1, -1),
        )
        position = F.linear(torch.cat([rows, columns], dim=2).flatten(0, 1), self.first.weight)[place]
        hidden = self.middle(slot + position[:, None])
        return self.token((self.share(hidden).softmax(dim=1) * hidden).sum(dim=1))


class PartWeights(nn.Module):
    """Weights of a caption's parts (text-based dynamic part attention): (B, E), not normalised -> (B, K), softmax."""

    def __init__(self, width: int, parts: int, hidden: int = 64):
        super().__init__()
        first, second = nn.Linear(width, hidden), nn.Linear(hidden, parts)
        self.mlp = nn.Sequential(first, nn.ReLU(), second)
        for layer in (first, second):
            nn.init.normal_(layer.weight, std=WEIGHT_STD)
            nn.init.zeros_(layer.bias)

    def forward(self, text: Tensor) -> Tensor:
        return self.mlp(text).softmax(dim=1)


def part_scores(rows: Tensor, columns: Tensor, weights: Tensor) -> Tensor:
    """Sum the weighted cosines of parts; rows (B, K, E), columns (C, K, E), weights (B, K) of the rows -> (B, C)."""
    weighted = F.normalize(rows, dim=2) * weights[:, :, None]
    return weighted.flatten(1) @ F.normalize(columns, dim=2).flatten(1).T


def part_nce(scores: Tensor, person: Tensor, tau: float) -> Tensor:
    """Mean over rows of the sum over the row's positives of -log softmax(scores / tau); scores (B, B), person (B,).

    A positive is any column of the same person. It is a sum, so that a person with many captions counts more.
    """
    return -(same_person(person, scores.dtype) * F.log_softmax(scores / tau, dim=1)).sum(dim=1).mean()


def slot_overlap(slots: Tensor) -> Tensor:
    """Mean signed cosine of two different slots of an item; slots (B, K, E), K at least 2."""
    directions, count = F.normalize(slots, dim=2), slots.shape[1]
    cosines = directions @ directions.transpose(1, 2)
    return (cosines.sum() - cosines.diagonal(dim1=1, dim2=2).sum()) / (len(slots) * count * (count - 1))
