"""CLIP without fine-tuning (Radford et al. 2021): its pre-training alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from torch import Tensor
from torch.nn import functional as F

from glalign.config.from_mapping import from_mapping
from glalign.contract.retriever import Batch, Features, Retriever
from glalign.contract.training_info import TrainingInfo
from glalign.models.losses.contrastive import contrastive
from glalign.models.losses.logit_scale import TEMPERATURE, LogitScale
from glalign.models.towers.backbones import clip_towers
from glalign.storage.weight_files import RANDOM, Weights
from glalign.support.progress import log

if TYPE_CHECKING:
    from glalign.models.towers.backbones import JointTowers


@dataclass(frozen=True)
class Options:
    """The `model:` keys.

    backbone, weights: the CLIP towers and their file. vocabulary: the tokenizer's file of a multilingual CLIP, None for
    CLIP's own.
    """

    backbone: str = "clip-vit-b-16"
    weights: str = "clip-vit-b-16"
    vocabulary: str | None = None


class ClipZeroShot(Retriever):
    """The pre-trained CLIP; with a budget of 0 steps its weights are scored as they are.

    Source: Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", 2021; its towers as
    in open_clip.

    Kept: both towers, their tokenizer and its 77 tokens, the class and end-of-text tokens after the final normalisation
    and projection, cosine. 224 x 224 pixels, resized bicubically, with CLIP's own statistics are `data:` values. With a
    budget above 0 the same towers are fine-tuned with CLIP's loss: the cross-entropies of both directions averaged, the
    only positive of an image being the caption that it came with, over the logit scale of the weight file (1 / .07
    without one), at most 100.

    Changed for Vietnamese, which CLIP was not trained on: the towers are open_clip's xlm-roberta-base-ViT-B-32, and the
    caption feature is the projected mean token.

    Simplified: images are squashed to 224 x 224 (original: resized by the shorter side and centre cropped, which would
    cut off head and feet; `data.centre_crop: true` does it).

    Not done: a prompt around the caption, such as "a photo of": captions are sentences already.

    At a disadvantage: it has seen no training pair of the data set, unlike every other system.
    """

    options_class: ClassVar[type[Options]] = Options

    def __init__(self, options: Options, towers: JointTowers):
        super().__init__()
        self.options, self.towers, self.tokenizer = options, towers, towers.tokenizer
        self.embed_dim, self.patch_grid = towers.embed_dim, towers.patch_grid
        self.scale = LogitScale("checkpoint", stored=towers.stored_logit_scale)

    @classmethod
    def build(cls, model: Mapping[str, Any], image_size: tuple[int, int], info: TrainingInfo, weights: Weights) -> Self:
        options = from_mapping(cls.options_class, model, "model")
        towers: JointTowers
        if options.vocabulary is None:
            towers = clip_towers(options.backbone, image_size)
        else:
            from glalign.models.towers.multilingual import multilingual_towers  # noqa: PLC0415  (takes seconds)

            towers = multilingual_towers(options.backbone, image_size, weights.vocabulary(options.vocabulary), 0.0)
        weights.fill(towers, options.weights)
        if weights.load and towers.stored_logit_scale is None and options.weights != RANDOM:
            log.info("%s: the weight file has no logit scale; it starts at 1 / %s", options.weights, TEMPERATURE)
        return cls(options, towers)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """The term `contrastive`."""
        images, texts = self.encode_images(batch)["global"], self.encode_texts(batch)["global"]
        return {"contrastive": contrastive(images, texts, self.scale())}

    def encode_images(self, batch: Batch) -> Features:
        """Return the normalised class token."""
        return {"global": F.normalize(self.towers.image_tokens(batch.pixels)[:, 0])}

    def encode_texts(self, batch: Batch) -> Features:
        """Return the normalised end-of-text token, or the mean token of a multilingual CLIP."""
        return {"global": F.normalize(self.towers.texts(batch.on_host.tokens)[0])}
