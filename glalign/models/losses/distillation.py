"""Losses towards the predictions of a momentum model (Flame-Chasers/RaSa@bd16aa1, salesforce/ALBEF@b9727e4)."""

import torch
from torch import Tensor
from torch.nn import functional as F


def soft_contrast(
    features: Tensor, teacher: Tensor, keys: Tensor, same: Tensor, temperature: Tensor, softness: float
) -> Tensor:
    """Mean over rows of the cross-entropy between softmax(features . keys / temperature) and a soft target.

    The target is softness * softmax(teacher . keys / temperature) + (1 - softness) * same / sum of same, without
    gradient. Source: Flame-Chasers/RaSa@bd16aa1. features, teacher: (B, E), online and momentum features of a side.
    keys: (K, E). same: (B, K), 1 for columns of the row's person, of which there is at least one.
    """
    with torch.no_grad():
        predicted = (teacher @ keys.T / temperature).softmax(dim=1)
        targets = softness * predicted + (1 - softness) * same / same.sum(dim=1, keepdim=True)
    return -(targets * (features @ keys.T / temperature).log_softmax(dim=1)).sum(dim=1).mean()


def distilled_mlm_loss(
    student: Tensor, teacher: Tensor, targets: Tensor, mask: Tensor, softness: float, axis: int = -1
) -> Tensor:
    """Mean over masked words of (1 - softness) * cross-entropy + softness * (-sum_v teacher_v log student_v).

    student, teacher: (B, M, V) logits. targets: (B, M), the words. mask: (B, M) bool, the words that count. axis: over
    which the student's distribution of the second term is normalised; 1, the positions, is the original's mistake.
    """
    hard = F.cross_entropy(student.flatten(0, 1), targets.flatten(), reduction="none").view_as(targets)
    soft = -(teacher.softmax(dim=-1) * student.log_softmax(dim=axis)).sum(dim=-1)
    return (((1 - softness) * hard + softness * soft) * mask).sum() / mask.sum().clamp(min=1)
