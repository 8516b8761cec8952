"""GLAlign: a CLIP fine-tuned on whole images and captions, and on body regions and the phrases that name them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional as F

from glalign.errors import UserError
from glalign.models.backbones import clip_towers
from glalign.models.losses import contrastive, local_contrastive
from glalign.models.parts import masked_regions, pooled, separate_phrases
from glalign.models.retriever import Batch, Facts, Features, Retriever
from glalign.models.temperature import LogitScale
from glalign.models.weights import load_weights
from glalign.options import from_mapping

if TYPE_CHECKING:
    from glalign.models.clip_towers import ClipTowers

PARTS = 5
"""HEAD, UPPERBODY, LOWERBODY, SHOES, OTHERS (Section 3.2)."""

CHOICES = {
    "text_token": ("eot", "last"),
    "targets": ("diagonal", "identity"),
    "region": ("pooled", "masked"),
    "phrase": ("pooled", "separate"),
    "local_scale": ("shared", "per_part"),
}


@dataclass(frozen=True)
class Options:
    """The `model:` keys of GLAlign; a D-number is a decision on what the paper leaves open.

    backbone: tiny/clip, clip-vit-b-32 (the paper's) or clip-vit-b-16. weights: file of the weights folder, or random.
    alpha: weight of the global loss (Eq. 11); 1 leaves the local branch out, 0 the global loss (D28).
    score_alpha: weight of the global cosine in the score, null for `alpha` (D10).
    temperature: learned, fixed or literal (D1). local_scale: shared with the global branch, or per_part (D9).
    targets: diagonal, or identity: other captions of the same person are positives too (D8).
    region: pooled patch tokens, or the masked image through the tower again; phrase: pooled tokens of the caption, or
    the part's phrases in a separate pass (D9).
    text_token: eot, the end mark; last, the last word piece before it, as of a GPT-2 that appends no mark (D5).
    class_token: clip or paper (D23). dropout: after each block of both towers (D24). lower_case (D6).
    context_length: longest caption in tokens, null for the encoder's own 77 (D4).
    """

    backbone: str = "tiny/clip"
    weights: str = "random"
    alpha: float = 0.5
    score_alpha: float | None = None
    temperature: str = "learned"
    local_scale: str = "shared"
    targets: str = "diagonal"
    region: str = "pooled"
    phrase: str = "pooled"
    text_token: str = "eot"
    class_token: str = "clip"
    dropout: float = 0.1
    lower_case: bool = True
    context_length: int | None = None

    def __post_init__(self) -> None:
        for key, known in CHOICES.items():
            if (value := getattr(self, key)) not in known:
                raise UserError(f"model.{key}: {value!r}; choose {' or '.join(known)}")
        for key, most in (("alpha", 1.0), ("score_alpha", 1.0), ("dropout", 0.9)):
            value = getattr(self, key)
            if value is not None and not 0.0 <= value <= most:
                raise UserError(f"model.{key}: {value} does not lie between 0 and {most:g}")

    @property
    def score_weight(self) -> float:
        """Weight of the global cosine in the score."""
        return self.alpha if self.score_alpha is None else self.score_alpha


class GLAlign(Retriever):
    """Global and local alignment (Pham and Doan, Sections 3.1-3.3).

    loss = alpha * global + (1 - alpha) * local, both symmetric cross-entropies over cosines (Eqs. 7-11).
    score = a * cosine of the two global features + (1 - a) * mean cosine over the parts that the image shows and the
    caption names; 0 stands for the local mean of a pair that shares no part.
    A branch of weight 0 is not computed. The batch's parts and phrases are read by the local branch alone.
    """

    needs = frozenset({"parts", "phrases"})

    def __init__(self, options: Options, towers: ClipTowers):
        super().__init__()
        self.options = options
        self.towers = towers
        self.tokenizer = towers.tokenizer
        self.patch_grid = towers.patch_grid
        self.scale = LogitScale(options.temperature)
        own_scales = options.local_scale == "per_part" and options.alpha < 1
        self.part_scale = LogitScale(options.temperature, PARTS) if own_scales else None

    @classmethod
    def build(
        cls, model: Mapping[str, Any], image_size: tuple[int, int], facts: Facts, weights: Path | None
    ) -> GLAlign:
        """See `Retriever.build`; nothing in GLAlign depends on the training set."""
        options = from_mapping(Options, model, "model")
        towers = clip_towers(
            options.backbone,
            image_size,
            dropout=options.dropout,
            class_token=options.class_token,
            lower_case=options.lower_case,
            context_length=options.context_length,
        )
        if weights is not None:
            load_weights(towers, weights, options.weights)
        return cls(options, towers)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Terms "global" and "local", already weighted by alpha and 1 - alpha (Eq. 11)."""
        alpha = self.options.alpha
        images = self._image_features(batch, local=alpha < 1)
        texts = self._text_features(batch, local=alpha < 1)
        person = batch.person if self.options.targets == "identity" else None
        scale = self.scale()
        terms = {}
        if alpha > 0:
            terms["global"] = alpha * contrastive(images["global"], texts["global"], scale, person)
        if alpha < 1:
            present = (images["present"] * texts["present"]) > 0
            part_scale = scale if self.part_scale is None else self.part_scale()
            local = local_contrastive(images["local"], texts["local"], present, part_scale, person)
            terms["local"] = (1 - alpha) * local
        return terms

    def encode_images(self, batch: Batch) -> Features:
        """Features "global" (B, E); with a local score also "local" (B, 5, E), 0 if absent, and "present" (B, 5)."""
        return self._image_features(batch, local=self.options.score_weight < 1)

    def encode_texts(self, batch: Batch) -> Features:
        """As `encode_images`, of captions and their phrases."""
        return self._text_features(batch, local=self.options.score_weight < 1)

    def similarity(self, texts: Features, images: Features) -> Tensor:
        """(Q, G) scores (D10). Absent parts are zero vectors: one product sums the cosines of the shared ones."""
        weight = self.options.score_weight
        score = weight * (texts["global"] @ images["global"].T) if weight > 0 else 0.0
        if weight < 1:
            total = texts["local"].flatten(1) @ images["local"].flatten(1).T
            shared = texts["present"] @ images["present"].T
            score = score + (1 - weight) * total / shared.clamp(min=1.0)
        return score

    def _image_features(self, batch: Batch, local: bool) -> Features:
        tokens = self.towers.image_tokens(batch.pixels)
        features = {"global": F.normalize(tokens[:, 0], dim=-1)}
        if not local:
            return features
        if self.options.region == "pooled":
            regions, present = pooled(tokens[:, 1:], batch.parts.flatten(2))
        else:
            regions, present = masked_regions(self.towers, batch.pixels, batch.parts)
        return features | {"local": regions, "present": present.to(regions.dtype)}

    def _text_features(self, batch: Batch, local: bool) -> Features:
        tokens = self.towers.text_tokens(batch.tokens)
        end = batch.tokens.argmax(-1)  # the end mark has the largest id
        place = end if self.options.text_token == "eot" else end - 1
        features = {"global": F.normalize(tokens[torch.arange(len(end), device=end.device), place], dim=-1)}
        if not local:
            return features
        if self.options.phrase == "pooled":
            phrases, present = pooled(tokens, batch.phrases)
        else:
            phrases, present = separate_phrases(self.towers, batch.tokens, batch.phrases)
        return features | {"local": phrases, "present": present.to(phrases.dtype)}
