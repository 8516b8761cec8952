"""Masking of tokens that are to be predicted, by BERT's rule (Devlin et al. 2019, section 3.1)."""

import torch
from torch import Generator, Tensor

from glalign.contract.tokenizer import MarkedTokenizer

MASK, RANDOM = 0.8, 0.1
"""Shares of the chosen tokens that are replaced by the mask and by a random token; the others are kept."""


def mask_tokens(
    ids: Tensor, ordinary: Tensor, mask_id: int, others: tuple[int, int], share: float, generator: Generator | None
) -> tuple[Tensor, Tensor]:
    """Return a masked copy of `ids` (B, T), and the positions to predict (B, T) bool.

    ordinary: (B, T) bool, tokens that may be chosen, each with probability `share`. others: range of the random tokens,
    the first id and the one after the last. The draws do not depend on `ordinary`.
    """
    draws = torch.rand(2, *ids.shape, generator=generator).to(ids.device)
    random_ids = torch.randint(*others, ids.shape, generator=generator).to(ids.device)
    chosen = ordinary & (draws[0] < share)
    masked = ids.masked_fill(chosen & (draws[1] < MASK), mask_id)
    replaced = chosen & (draws[1] >= MASK) & (draws[1] < MASK + RANDOM)
    return torch.where(replaced, random_ids, masked), chosen


def mask_clip_tokens(
    ids: Tensor, tokenizer: MarkedTokenizer, generator: Generator | None, share: float = 0.15
) -> tuple[Tensor, Tensor]:
    """Apply `mask_tokens` to CLIP's ids, with at least one masked token per caption.

    An ordinary token is neither padding (0) nor a mark (`mask_id` and above). If none is chosen, the first ordinary one
    (position 1 unless the caption starts with id 0) is masked. Source: anosorae/IRRA@cfc2378, dataset code.
    """
    mask_id = tokenizer.mask_id
    ordinary = (ids > 0) & (ids < mask_id)
    masked, chosen = mask_tokens(ids, ordinary, mask_id, (1, mask_id), share, generator)
    return at_least_one(masked, chosen, ordinary, mask_id)


def at_least_one(masked: Tensor, chosen: Tensor, ordinary: Tensor, mask_id: int) -> tuple[Tensor, Tensor]:
    """Mask the first ordinary token of each caption in which `mask_tokens` has chosen none; returns as it does."""
    forced = ordinary & (ordinary.cumsum(dim=1) == 1) & ~chosen.any(dim=1, keepdim=True)
    return masked.masked_fill(forced, mask_id), chosen | forced
