"""ViTAA's losses (Wang et al., ECCV 2020): pure functions of features; the body parts are the first axis."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F


class Margins(NamedTuple):
    """Where a pair's cosine should lie and how steeply the loss rises elsewhere.

    The cosine of a positive pair should exceed `positive` and that of a negative pair stay below `negative`; the taus
    are the slopes. Values: alpha, beta, tau_p and tau_n of Jarr0d/ViTAA@0bd7638.
    """

    positive: float = 0.6
    negative: float = 0.4
    tau_positive: float = 10.0
    tau_negative: float = 40.0


def normalised_softmax(features: Tensor, prototypes: Tensor, person: Tensor, scale: float) -> Tensor:
    """Cross-entropy of scale * cosine(feature, prototype of each person), mean over the batch.

    features (B, E), prototypes (persons, E), neither normalised; person (B,) class indices. Source: the identity loss
    of Jarr0d/ViTAA@0bd7638, scale 28.
    """
    return F.cross_entropy(scale * F.normalize(features) @ F.normalize(prototypes).T, person)


def part_labels(shares: Tensor) -> tuple[Tensor, Tensor]:
    """Label part + 1 in the cells that a part covers by more than half, 0 elsewhere; and which parts occur at all.

    shares (B, P, h, w) -> labels (P, B, h, w) int64, shown (P, B) bool. Each part has a map of its own, so that parts
    that cover the same cell (a dress is both upper and lower body) do not compete for it.
    """
    covered = shares.transpose(0, 1) > 0.5
    number = torch.arange(1, len(covered) + 1, device=shares.device)
    return covered * number[:, None, None, None], covered.flatten(2).any(dim=2)


def mask_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of the labels of all cells, mean over them; logits (N, classes, h, w), labels (N, h, w).

    As a list of cells, because the loss over maps has no deterministic form on a GPU.
    """
    return F.cross_entropy(logits.permute(0, 2, 3, 1).flatten(0, 2), labels.flatten())


def global_alignment(scores: Tensor, same: Tensor, margins: Margins) -> Tensor:
    """(1 / B) times the sum over rows and the sum over columns of `pair_losses`; positive are pairs of one person.

    scores (B, B) cosines of images (rows) and texts, same (B, B) bool. Rows and columns hold the same pairs.
    """
    return 2 * pair_losses(scores, same, margins).sum() / len(scores)


def local_alignment(
    scores: Tensor, same: Tensor, shown: Tensor, named: Tensor, neighbours: int, margins: Margins
) -> Tensor:
    """As `global_alignment`, over the pairs that show and name a part, mean over the parts.

    scores (P, B, B) cosines of image parts (rows) and attributes, same (B, B) bool. shown, named (P, B) bool: the image
    has the part, the caption speaks of it. Positive are pairs of one person and reciprocal neighbours. Row i counts if
    its image has the part; its columns are the captions that name it. Column i counts if the sample's own image has the
    part too; its rows are the images that have it. The sum is divided by B whatever the number of valid samples; a part
    without any contributes 0. Source: Jarr0d/ViTAA@0bd7638, with the sampling that its paper describes.
    """
    valid = shown[:, :, None] & named[:, None, :]
    positive = same | k_reciprocal(scores.detach(), valid, neighbours)
    counted = valid.to(scores.dtype) * (1 + shown[:, None, :].to(scores.dtype))
    return (pair_losses(scores, positive, margins) * counted).sum() / scores.shape[-1] / len(scores)


def pair_losses(scores: Tensor, positive: Tensor, margins: Margins) -> Tensor:
    """log(1 + exp(-tau_p (s - alpha))) of positive pairs and log(1 + exp(tau_n (s - beta))) of the others."""
    pull = F.softplus(-margins.tau_positive * (scores - margins.positive))
    push = F.softplus(margins.tau_negative * (scores - margins.negative))
    return torch.where(positive, pull, push)


def k_reciprocal(scores: Tensor, valid: Tensor, neighbours: int) -> Tensor:
    """Pairs each of which is among the other's `neighbours` best: image part i and attribute j, across modalities.

    scores, valid (P, B, B); only valid pairs are ranked, all of a row or column that has fewer. Returns (P, B, B) bool.
    Source: k-reciprocal sampling of Wang et al., ECCV 2020 (k = 8).
    """
    ranked = scores.masked_fill(~valid, float("-inf"))
    return valid & in_top_k(ranked, neighbours, dim=2) & in_top_k(ranked, neighbours, dim=1)


def in_top_k(scores: Tensor, count: int, dim: int) -> Tensor:
    """Whether a score is among the `count` highest along `dim`; of equal ones the first."""
    best = scores.argsort(dim=dim, descending=True, stable=True).narrow(dim, 0, min(count, scores.shape[dim]))
    return torch.zeros_like(scores, dtype=torch.bool).scatter(dim, best, True)
