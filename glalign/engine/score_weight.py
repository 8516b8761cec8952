"""The weight of the global cosine in a score, tried and chosen on validation identities (D10, D29)."""

from collections.abc import Iterable

import numpy as np
import torch

from glalign.contract.results import ScoreWeight
from glalign.contract.retriever import Retriever
from glalign.data.retrieval_set import RetrievalSet
from glalign.engine.encode import Encoded, first_ranks, rank1
from glalign.support.errors import UserError
from glalign.support.progress import log

GRID = tuple(step / 20 for step in range(21))
"""Weights that are tried: 0, .05, ..., 1."""

BOTH = 0.5
"""Any weight for which a system computes the features of both branches."""


def ranks_by_weight(
    model: Retriever, data: RetrievalSet, device: torch.device, weights: Iterable[float], ahead: int = 0
) -> list[np.ndarray]:
    """(Q,) rank of the first hit of each query, with each weight of the global cosine in the score.

    Images and captions are encoded once; the model's own weight is as it was afterwards. ahead: see `Encoded`.
    """
    found, own = [], model.score_weight
    try:
        model.score_weight = BOTH
        encoded = Encoded(model, data, device, ahead)
        for weight in weights:
            model.score_weight = weight
            found.append(first_ranks(encoded, data))
    finally:
        model.score_weight = own
    return found


def choose_score_weight(model: Retriever, data: RetrievalSet, device: torch.device, ahead: int = 0) -> ScoreWeight:
    """Choose the weight of GRID with the best Rank-1 on a retrieval set; of equals the nearest to the model's own.

    Of two that are as near the lower one is chosen. The model is left as it was.
    """
    scores = dict(zip(GRID, map(rank1, ranks_by_weight(model, data, device, GRID, ahead)), strict=True))
    own, best = model.score_weight, max(scores.values())
    chosen = min((w for w in GRID if scores[w] == best), key=lambda w: (round(abs(w - own), 9), w))
    log.info("weight of the global cosine in the score: %g, validation Rank-1 %.2f", chosen, best)
    return ScoreWeight(weight=chosen, val_rank1=best, tried=tuple(scores.items()))


def people_to_validate(validation: RetrievalSet | None, trainset: str) -> RetrievalSet:
    """The validation people of a trainset. Raises: UserError where there are none."""
    if validation is None:
        raise UserError(f"trainset {trainset}: no val images; check the dataset's splits and holdout")
    return validation
