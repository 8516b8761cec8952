"""Contrastive losses of images and texts: pure functions of features or of their scores."""

import torch
from torch import Tensor
from torch.nn import functional as F

SDM_EPS = 1e-8
"""Keeps the logarithm of the target of `sdm` finite."""

EXCLUDED = -1e4
"""Logit of an excluded sample: far below any cosine times 100, and its product with a zero target is not NaN."""


def contrastive(
    images: Tensor, texts: Tensor, scale: Tensor | float, person: Tensor | None = None, valid: Tensor | None = None
) -> Tensor:
    """Half the image-to-text plus half the text-to-image cross-entropy, as means over the batch (Eqs. 7-9).

    Eq. 8 is printed as a copy of Eq. 7 and both as sums; here the second runs over columns, and both are means (D7).

    images, texts: (..., B, E), L2-normalised. scale: factor of the cosines, broadcast against (...). person: (B,)
    identities; all texts of a person share the target equally; None: the only positive is the diagonal (D8). valid:
    (..., B) bool; other samples are neither queries nor candidates. Returns (...), 0 where no sample is valid.
    """
    logits = images @ texts.transpose(-1, -2) * torch.as_tensor(scale, device=images.device)[..., None, None]
    diagonal = torch.eye(logits.shape[-1], device=logits.device)
    targets = (diagonal if person is None else same_person(person, logits.dtype)).expand_as(logits)
    weights = torch.ones_like(logits[..., 0])
    if valid is not None:
        both = valid[..., :, None] & valid[..., None, :]
        logits = logits.masked_fill(~both, EXCLUDED)
        targets = targets * both
        weights = valid.to(logits.dtype)
    targets = targets / targets.sum(-1, keepdim=True).clamp(min=1.0)
    # `targets` is symmetric even when normalised: a sample has as many positives as each of its positives.
    image_to_text = -(targets * logits.log_softmax(-1)).sum(-1)
    text_to_image = -(targets * logits.transpose(-1, -2).log_softmax(-1)).sum(-1)
    each = 0.5 * (image_to_text + text_to_image)
    return (each * weights).sum(-1) / weights.sum(-1).clamp(min=1.0)


def local_contrastive(
    regions: Tensor, phrases: Tensor, present: Tensor, scale: Tensor | float, person: Tensor | None = None
) -> Tensor:
    """Mean over the parts of their contrastive losses (Eq. 10), each over the samples that show and name the part (D9).

    A part with fewer than two samples has nothing to contrast and is left out; without any part the loss is 0 and still
    differentiable. regions, phrases: (B, P, E), L2-normalised. present: (B, P) bool. scale: one factor, or (P,).
    person: as in `contrastive`.
    """
    losses = contrastive(regions.transpose(0, 1), phrases.transpose(0, 1), scale, person, present.T)
    usable = (present.sum(0) >= 2).to(losses.dtype)
    return (losses * usable).sum() / usable.sum().clamp(min=1.0)


def sdm(scores: Tensor, person: Tensor, tau: float) -> Tensor:
    """Similarity distribution matching: mean over rows of KL(p || q + 1e-8), p = softmax(scores / tau).

    scores: (B, B) cosines, rows are queries. person: (B,). q is uniform over the columns of the row's person.
    Source: Jiang and Ye, CVPR 2023 (SDM); anosorae/IRRA@cfc2378, its loss file.
    """
    logs = F.log_softmax(scores / tau, dim=1)
    return (logs.exp() * (logs - torch.log(person_targets(person, scores.dtype) + SDM_EPS))).sum(dim=1).mean()


def same_person(person: Tensor, dtype: torch.dtype) -> Tensor:
    """Return (B, B): 1 where row and column show the same person, else 0; person (B,)."""
    return (person[:, None] == person[None, :]).to(dtype)


def person_targets(person: Tensor, dtype: torch.dtype) -> Tensor:
    """Return (B, B), of which each row is the uniform distribution over the columns of the row's person (B,)."""
    same = same_person(person, dtype)
    return same / same.sum(dim=1, keepdim=True)
