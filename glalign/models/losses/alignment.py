"""ViTAA's losses (Wang et al., ECCV 2020; Jarr0d/ViTAA@0bd7638): pure functions of features, P body parts first."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F


class Margins(NamedTuple):
    """Margins and slopes of the alignment loss: alpha, beta, tau_p and tau_n of Jarr0d/ViTAA@0bd7638.

    The cosine of a positive pair should exceed `positive`, that of a negative pair stay below `negative`.
    """

    positive: float = 0.6
    negative: float = 0.4
    tau_positive: float = 10.0
    tau_negative: float = 40.0


def normalised_softmax(features: Tensor, prototypes: Tensor, person: Tensor, scale: float) -> Tensor:
    """Identity loss: mean cross-entropy of scale * cosine(feature, prototype of each person).

    features (B, E), prototypes (identities, E), not normalised; person (B,) class indices. The original's scale is 28.
    """
    return F.cross_entropy(scale * F.normalize(features) @ F.normalize(prototypes).T, person)


def part_labels(shares: Tensor) -> tuple[Tensor, Tensor]:
    """Return the target maps of the parts, (P, B, h, w) int64, and which parts occur in an image, (P, B) bool.

    shares: (B, P, h, w), share of each cell that the part covers. A label is part + 1 in the cells covered by more than
    half, 0 elsewhere. Each part has a separate map, so that parts that cover the same cell (a dress is both upper and
    lower body) do not compete for it.
    """
    covered = shares.transpose(0, 1) > 0.5
    number = torch.arange(1, len(covered) + 1, device=shares.device)
    return covered * number[:, None, None, None], covered.flatten(2).any(dim=2)


def mask_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy over all cells; logits (N, classes, h, w), labels (N, h, w).

    The cells are flattened, because the loss over maps is not deterministic on a GPU.
    """
    return F.cross_entropy(logits.permute(0, 2, 3, 1).flatten(0, 2), labels.flatten())


def global_alignment(scores: Tensor, same: Tensor, margins: Margins) -> Tensor:
    """Return (1 / B) times the sums of `pair_losses` over rows and over columns, which hold the same pairs.

    scores: (B, B) cosines of images (rows) and texts. same: (B, B) bool, pairs of one person, which are positive.
    """
    return 2 * pair_losses(scores, same, margins).sum() / len(scores)


def local_alignment(
    scores: Tensor, same: Tensor, visible: Tensor, named: Tensor, neighbours: int, margins: Margins
) -> Tensor:
    """As `global_alignment` for each part, over the pairs that show and name it; mean over the parts.

    Positive are pairs of one person and reciprocal neighbours. Row i counts if its image has the part; its columns are
    the captions that name it. Column i counts if the sample's own image has the part too; its rows are the images that
    have it. The sum is divided by B whatever the number of valid samples; a part without any contributes 0. The
    sampling is that of the paper.

    scores: (P, B, B) cosines of image parts (rows) and attributes. same: (B, B) bool, pairs of one person. visible,
    named: (P, B) bool, whether the image has the part and the caption names it. neighbours: k of `k_reciprocal`.
    """
    valid = visible[:, :, None] & named[:, None, :]
    positive = same | k_reciprocal(scores.detach(), valid, neighbours)
    counted = valid.to(scores.dtype) * (1 + visible[:, None, :].to(scores.dtype))
    return (pair_losses(scores, positive, margins) * counted).sum() / scores.shape[-1] / len(scores)


def pair_losses(scores: Tensor, positive: Tensor, margins: Margins) -> Tensor:
    """log(1 + exp(-tau_p (s - alpha))) of positive pairs and log(1 + exp(tau_n (s - beta))) of the others."""
    pull = F.softplus(-margins.tau_positive * (scores - margins.positive))
    push = F.softplus(margins.tau_negative * (scores - margins.negative))
    return torch.where(positive, pull, push)


def k_reciprocal(scores: Tensor, valid: Tensor, neighbours: int) -> Tensor:
    """Return the pairs (P, B, B) bool of image part and attribute that are each among the other's `neighbours` best.

    scores, valid: (P, B, B); only valid pairs are ranked. Source: sampling of Wang et al., ECCV 2020 (k = 8).
    """
    ranked = scores.masked_fill(~valid, float("-inf"))
    return valid & in_top_k(ranked, neighbours, dim=2) & in_top_k(ranked, neighbours, dim=1)


def in_top_k(scores: Tensor, count: int, dim: int) -> Tensor:
    """Return whether each score is among the `count` highest along `dim`; the first of equal scores ranks higher."""
    best = scores.argsort(dim=dim, descending=True, stable=True).narrow(dim, 0, min(count, scores.shape[dim]))
    return torch.zeros_like(scores, dtype=torch.bool).scatter(dim, best, True)
