"""Parts found by slot attention, shared by images and captions (Locatello et al. 2020; Park et al., ECCV 2024)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

TOKEN_EPS = 1e-8
"""Added to the sum of a slot's attention (jicheol93/PLOT@cf56901)."""

POSITION_STD = 0.02
"""Spread of the initial position tables, as of vision transformers'."""

WEIGHT_STD = 0.001
"""Spread of the initial weights of `PartWeights`: it starts with even weights (jicheol93/PLOT@cf56901)."""


class SlotAttention(nn.Module):
    """Slots compete for tokens and are refined `iterations` times; what they start from is given by the caller.

    Once: keys and values = linear maps of LN(tokens). Each time: attention = softmax over the slots of q k / sqrt(E),
    0 at tokens left out, scaled to sum to 1 over the tokens; slots = GRU(input: attention values, state: slots), then
    slots += MLP(LN(slots)). Source: Park et al., ECCV 2024; jicheol93/PLOT@cf56901.
    """

    def __init__(self, width: int, iterations: int):
        super().__init__()
        self.iterations = iterations
        self.norm_tokens, self.norm_slots, self.norm_mlp = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key, self.value = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, width)
        self.gru = nn.GRUCell(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
        for layer in (self.query, self.key, self.value, self.mlp[0], self.mlp[2]):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, slots: Tensor, tokens: Tensor, keep: Tensor | None = None) -> Tensor:
        """slots (K, E), tokens (B, L, E), keep (B, L) bool, None for all tokens -> (B, K, E).

        A slot that no token is left for reads a zero vector.
        """
        tokens = self.norm_tokens(tokens)
        key, value = self.key(tokens) * tokens.shape[-1] ** -0.5, self.value(tokens)
        slots = slots.expand(len(tokens), -1, -1)
        for _ in range(self.iterations):
            share = (self.query(self.norm_slots(slots)) @ key.transpose(1, 2)).softmax(dim=1)
            if keep is not None:
                share = share * keep[:, None]
            read = (share / (share.sum(dim=2, keepdim=True) + TOKEN_EPS)) @ value
            slots = self.gru(read.flatten(0, 1), slots.flatten(0, 1)).view_as(read)
            slots = slots + self.mlp(self.norm_mlp(slots))
        return slots


class SlotDecoder(nn.Module):
    """Tokens rebuilt from slots: each slot paints every position, a mixing channel decides between the slots.

    A position is the concatenation of a learnt row and a learnt column vector. Slot + position -> three layers with
    ReLU -> the token and the logit of its slot's share. The last layer is linear and the shares sum to 1, hence it is
    applied to the mixed values and not slot by slot. Source: Park et al., ECCV 2024; jicheol93/PLOT@cf56901.
    """

    def __init__(self, width: int, hidden: int, grid: tuple[int, int]):
        super().__init__()
        self.rows = nn.Parameter(POSITION_STD * torch.randn(grid[0], width // 2))
        self.columns = nn.Parameter(POSITION_STD * torch.randn(grid[1], width - width // 2))
        self.first = nn.Linear(width, hidden)
        self.middle = nn.Sequential(
            nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()
        )
        self.token, self.share = nn.Linear(hidden, width), nn.Linear(hidden, 1)

    def forward(self, slots: Tensor, keep: Tensor) -> Tensor:
        """slots (B, K, E); keep (B, L) bool, L positions from the first on -> tokens (keep.sum(), E) where it holds."""
        sample, place = keep.nonzero(as_tuple=True)
        # The first layer of a sum is the sum of the first layers: once per slot and once per position.
        slot = self.first(slots)[sample]
        position = F.linear(self.positions(), self.first.weight)[place]
        hidden = self.middle(slot + position[:, None])
        return self.token((self.share(hidden).softmax(dim=1) * hidden).sum(dim=1))

    def positions(self) -> Tensor:
        """(rows * columns, E), row by row."""
        rows, columns = len(self.rows), len(self.columns)
        table = [self.rows[:, None].expand(-1, columns, -1), self.columns[None].expand(rows, -1, -1)]
        return torch.cat(table, dim=2).flatten(0, 1)


class PartWeights(nn.Module):
    """How much each part of a caption counts: (B, E) global features, not normalised -> (B, K) that sum to 1.

    Source: Park et al., ECCV 2024 (text-based dynamic part attention); jicheol93/PLOT@cf56901.
    """

    def __init__(self, width: int, parts: int, hidden: int = 64):
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, parts))
        for layer in (self.mlp[0], self.mlp[2]):
            nn.init.normal_(layer.weight, std=WEIGHT_STD)
            nn.init.zeros_(layer.bias)

    def forward(self, text: Tensor) -> Tensor:
        """See the class."""
        return self.mlp(text).softmax(dim=1)


def part_scores(queries: Tensor, others: Tensor, weights: Tensor) -> Tensor:
    """(B, C) sums over the parts of weight times cosine; queries (B, K, E), others (C, K, E), weights (B, K).

    The weights are those of the row. Source: jicheol93/PLOT@cf56901.
    """
    weighted = F.normalize(queries, dim=2) * weights[:, :, None]
    return weighted.flatten(1) @ F.normalize(others, dim=2).flatten(1).T


def part_nce(scores: Tensor, person: Tensor, tau: float) -> Tensor:
    """Mean over rows of the sum over the row's positives of -log softmax(scores / tau), scores (B, B).

    A positive is any column of the same person (B,); a sum, so that a person with many captions counts more.
    Source: jicheol93/PLOT@cf56901.
    """
    same = (person[:, None] == person[None, :]).to(scores.dtype)
    return -(same * F.log_softmax(scores / tau, dim=1)).sum(dim=1).mean()


def slot_overlap(slots: Tensor) -> Tensor:
    """Mean cosine of two different slots of an item, signed: slots that point away from each other are rewarded.

    slots (B, K, E), K at least 2. Source: jicheol93/PLOT@cf56901.
    """
    directions = F.normalize(slots, dim=2)
    cosines = directions @ directions.transpose(1, 2)
    count = slots.shape[1]
    pairs = cosines.sum() - cosines.diagonal(dim1=1, dim2=2).sum()
    return pairs / (len(slots) * count * (count - 1))
