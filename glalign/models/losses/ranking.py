"""Ranking of matching pairs above semi-hard negatives, with margins that may adapt (Suo-Wei/SRCF@6bfa395)."""

import torch
from torch import Generator, Tensor

from glalign.models.host_copies import sent

MIN_COSINE = 1e-8
"""Smallest cosine that the adaptive margin divides by."""


def adaptive_margins(positive: Tensor, second: Tensor, margin: float) -> Tensor:
    """Return the margins (B,): (lambda + 1) margin / 2, lambda = min(1, |second| / |positive|), without gradient."""
    ratio = second.detach().abs() / positive.detach().abs().clamp(min=MIN_COSINE)
    return (ratio.clamp(max=1.0) + 1) * margin / 2


def semi_hard_ranking(
    scores: Tensor, person: Tensor, margins: Tensor, generator: Generator | None, anchors: Tensor | None = None
) -> Tensor:
    """Sum over rows and columns i of [m_i - s_ii + s_ij]+ for one random semi-hard j each.

    Semi-hard: another person's item with 0 < s_ij - s_ii + m_i < m_i. An anchor without one, or outside `anchors`, adds
    nothing; if all add nothing, the last anchor counts with its first negative. The loss of a batch of one person is 0.
    scores: (B, B), positives on the diagonal. person, margins: (B,). anchors: (B,) bool, by default all.
    """
    other = person[:, None] != person[None, :]
    own, total = scores.diagonal()[:, None], scores.new_zeros(())
    places = torch.arange(len(person), device=scores.device)
    last = places == len(person) - 1
    for rows in (scores, scores.T):
        behind = rows - own + margins[:, None]
        usable = other & (behind > 0) & (behind < margins[:, None])
        if anchors is not None:
            usable = usable & anchors[:, None]
        usable = torch.where(usable.any(), usable, other & last[:, None] & (other.cumsum(1) == 1))
        draws = sent(torch.rand(rows.shape, generator=generator), rows).masked_fill(~usable, -1.0)
        chosen = (draws.argmax(1)[:, None] == places) & usable
        total = total + (behind.relu() * chosen).sum()
    return total
