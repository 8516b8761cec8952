"""TBPS-CLIP, simplified (Cao et al., AAAI 2024): a fine-tuned CLIP with soft targets by identity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from baselines.clip_zero_shot import ClipZeroShot
from baselines.clip_zero_shot import Options as ClipOptions
from glalign.config.from_mapping import require
from glalign.contract.retriever import Batch
from glalign.models.losses.contrastive import person_targets

if TYPE_CHECKING:
    from glalign.models.towers.backbones import JointTowers

RITC_EPS = 0.01
"""Added to the target of R-ITC before its logarithm (Flame-Chasers/TBPS-CLIP@ba090bc, its simplified configuration)."""


@dataclass(frozen=True)
class Options(ClipOptions):
    """The `model:` keys. The defaults are the original's (Flame-Chasers/TBPS-CLIP@ba090bc, simplified configuration).

    backbone, weights, vocabulary: see `baselines.clip_zero_shot`. softness: weight of the model's own similarities in
    the targets of N-ITC. ramp: share of the training over which that weight rises from 0. nitc_weight, ritc_weight: of
    the two losses. text_dropout: of the attention weights of the text tower. freeze_patches: the patch convolution is
    not trained.
    """

    softness: float = 0.5
    ramp: float = 0.2
    nitc_weight: float = 1.0
    ritc_weight: float = 1.0
    text_dropout: float = 0.05
    freeze_patches: bool = True

    def __post_init__(self) -> None:
        require(self, ("softness", "ramp"), lambda value: 0 <= value <= 1, "does not lie between 0 and 1")
        require(self, ("text_dropout",), lambda value: 0 <= value <= 0.9, "does not lie between 0 and 0.9")
        require(self, ("nitc_weight", "ritc_weight"), lambda value: value >= 0, "is negative; 0 leaves the loss out")


class TbpsClip(ClipZeroShot):
    """A CLIP fine-tuned with two losses, whose targets are shared by all captions of a person.

    Source: Flame-Chasers/TBPS-CLIP@ba090bc, its simplified configuration; reimplemented from a description of it.

    Kept: N-ITC, the cross-entropies of both directions averaged, against half the even distribution over the texts
    (images) of the same person and half the model's own distribution without gradient, the half rising from 0 over the
    first of 5 epochs; that distribution is of a second pass without gradient, whose dropout masks are its own; R-ITC,
    KL(p || q + .01) of both directions averaged; both with weight 1; the weight file's logit scale (ln 100 in OpenAI's;
    1 / .07 with random weights), learned, whose value is at most 100; the end-of-text and class tokens as features,
    cosine at test; the frozen patch convolution; dropout .05 of the attention weights in the text tower alone. AdamW at
    1e-4 with betas .9 and .98, decay .02 (none for vectors and scalars), warm-up from 1e-6 over the first epoch, cosine
    to 5e-6 per step, are `optim:` values; 224 x 224 pixels with ImageNet's statistics, resized bilinearly in training
    and bicubically at test, and batches of 320 are `data:`, 5 epochs the `budget:`.

    Changed for Vietnamese, which CLIP was not trained on: the towers are open_clip's xlm-roberta-base-ViT-B-32, and the
    caption feature is the projected mean token.

    Simplified: the batch of 320 is one batch (original: 80 on each of 4 devices, all compared with all); of the
    augmentations, of which the original draws two per image out of six, every image gets flip, colour jitter of .1 and
    rotation by at most 15 degrees; full precision (original: mixed); captions keep their punctuation (original: most
    signs become blanks); the second pass encodes the captions alone, because the image tower has no dropout.

    Not done: crops of 90 to 100 % of the area, greyscale and small erasing, the other three augmentations; random
    deletion of 5 % of the words and back-translated captions; and, as in the simplified configuration itself, a second
    view of the image, C-ITC and the self-supervised loss; choosing the epoch by the test split.

    At a disadvantage: R-ITC and the soft targets are made for batches of hundreds of pairs and for weights that are
    good from the start; the demo has batches of 64.
    """

    options: Options
    options_class = Options

    def __init__(self, options: Options, towers: JointTowers):
        super().__init__(options, towers)
        self.softness = options.softness
        towers.visual.conv1.requires_grad_(not options.freeze_patches)
        towers.drop_text_attention(options.text_dropout)

    def before_step(self, step: int, steps: int) -> None:
        """Raise the weight of the model's own similarities linearly to `softness`."""
        rise = self.options.ramp * steps
        self.softness = self.options.softness * (min(1.0, step / rise) if rise else 1.0)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Terms `nitc` and `ritc`."""
        images, texts, scale = self.encode_images(batch)["global"], self.encode_texts(batch)["global"], self.scale()
        logits = again = scale * images @ texts.T
        if self.softness and self.options.text_dropout:
            with torch.no_grad():
                again = scale * images @ self.encode_texts(batch)["global"].T
        return {
            "nitc": self.options.nitc_weight * nitc(logits, again, batch.person, self.softness),
            "ritc": self.options.ritc_weight * ritc(logits, batch.person),
        }


def nitc(logits: Tensor, again: Tensor, person: Tensor, softness: float) -> Tensor:
    """Normalised image-text contrast: mean over both directions of the cross-entropy with soft targets.

    A row's target is (1 - softness) of `person_targets` and `softness` of the row's softmax of `again`, without
    gradient. logits, again (B, B), of two passes, rows are images, the factor of the cosines included; person (B,).
    Returns a scalar. Source: Cao et al. 2024 (N-ITC); Flame-Chasers/TBPS-CLIP@ba090bc, its model file.
    """
    even, losses = person_targets(person, logits.dtype), []
    for rows, guesses in ((logits, again.detach()), (logits.T, again.detach().T)):
        target = softness * guesses.softmax(dim=1) + (1 - softness) * even
        losses.append(-(target * rows.log_softmax(dim=1)).sum(dim=1).mean())
    return (losses[0] + losses[1]) / 2


def ritc(logits: Tensor, person: Tensor) -> Tensor:
    """Reversed image-text contrast: mean over both directions of KL(p || q + RITC_EPS), p the row's softmax.

    q is `person_targets`, to which the eps is added without normalising again: the result may be as low as -ln(1 + eps
    B). Shapes and source as of `nitc`.
    """
    target = (person_targets(person, logits.dtype) + RITC_EPS).log()
    both = (logits.log_softmax(dim=1), logits.T.log_softmax(dim=1))
    losses = [(logs.exp() * (logs - target)).sum(dim=1).mean() for logs in both]
    return (losses[0] + losses[1]) / 2
