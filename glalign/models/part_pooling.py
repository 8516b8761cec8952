"""Features of body regions, and of the phrases that name them (decision D9)."""

import torch
from torch import Tensor
from torch.nn import functional as F

from glalign.models.host_copies import sent
from glalign.models.towers.clip import ClipTowers
from glalign.models.towers.projected_text import ProjectedText
from glalign.models.towers.text_tower import text_token

TextTower = ClipTowers | ProjectedText
"""Encodes captions to tokens in the joint space."""


def pool_parts(tokens: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Average the tokens of each part and L2-normalise, which makes the weighted sum equal to the mean.

    tokens: (B, N, E). weights: (B, P, N), bool or the share of a patch that the part covers. Returns features
    (B, P, E), zero where the part is absent, and presence (B, P) bool.
    """
    weights = weights.to(tokens.dtype)
    return F.normalize(weights @ tokens, dim=-1), weights.sum(-1) > 0


def encode_masked_regions(towers: ClipTowers, pixels: Tensor, parts: Tensor) -> tuple[Tensor, Tensor]:
    """Encode the image once per present part, with all patches blanked that the part does not touch.

    The feature is the L2-normalised class token. pixels: (B, 3, H, W), normalised, so that a blank is the mean colour.
    parts: (B, P, h, w), share of each patch that the part covers, better on the host: which parts there are is read.
    Returns as `pool_parts`, the presence where `parts` is.
    """
    present = parts.flatten(2).sum(-1) > 0
    height, width = (side // cells for side, cells in zip(pixels.shape[-2:], parts.shape[-2:], strict=True))
    sample, part = present.nonzero(as_tuple=True)
    if not len(sample):
        return pixels.new_zeros(*present.shape, towers.embed_dim), present
    cover = sent(parts[sample, part] > 0, pixels).repeat_interleave(height, dim=1).repeat_interleave(width, dim=2)
    tokens = towers.image_tokens(pixels[sent(sample, pixels)] * cover[:, None])
    return _scatter(tokens[:, 0], present), present


def encode_separate_phrases(text: TextTower, ids: Tensor, phrases: Tensor, which: str) -> tuple[Tensor, Tensor]:
    """Encode the phrases of each named part as a sentence of their own; L2-normalised.

    ids: (B, T), start mark first if the tokenizer has one, end mark last. phrases: (B, P, T) bool, tokens of each
    part's phrases. which: the token that stands for a sentence, see `text_token`. Both are read, better on the host.
    Returns as `pool_parts`, the presence where `phrases` is.
    """
    present = phrases.any(-1)
    sample, part = present.nonzero(as_tuple=True)
    if not len(sample):
        return torch.zeros(*present.shape, text.embed_dim, device=next(text.parameters()).device), present
    ids = ids[sample]
    keep = phrases[sample, part].clone()
    if text.tokenizer.sot_id is not None:
        keep[:, 0] = True
    keep[torch.arange(len(ids), device=ids.device), text.lengths(ids) - 1] = True
    length = int(keep.sum(-1).max())
    first = (~keep).to(torch.uint8).argsort(dim=-1, stable=True)[:, :length]  # the kept tokens, in their order
    sentences = ids.masked_fill(~keep, text.tokenizer.pad_id).gather(1, first)
    feature = text_token(text.text_tokens(sentences), text.lengths(sentences), which)
    return _scatter(feature, present), present


def shared_cosines(phrases: Tensor, named: Tensor, regions: Tensor, shown: Tensor) -> Tensor:
    """Return the cosines (Q, K, P) of each part of Q captions and of the K images of each; NaN where one lacks it.

    phrases: (Q, P, E), L2-normalised; named: (Q, P), not 0 where the caption names the part. regions: (Q, K, P, E) and
    shown: (Q, K, P), the same of the images.
    """
    cosines = (phrases[:, None] * regions).sum(-1)
    return cosines.masked_fill((named[:, None] == 0) | (shown == 0), float("nan"))


def _scatter(features: Tensor, present: Tensor) -> Tensor:
    """Put normalised features (M, E) at the M true places of `present` (B, P); zeros elsewhere."""
    placed = features.new_zeros(present.numel(), features.shape[-1])
    placed[sent(present.flatten().nonzero()[:, 0], placed)] = F.normalize(features, dim=-1)
    return placed.unflatten(0, present.shape)
