"""GLAlign: CLIP fine-tuned on whole images and captions, and on body regions and the phrases that name them."""

from collections.abc import Iterable, Mapping
from typing import Any, Self

from torch import Tensor
from torch.nn import functional as F

from glalign.config.from_mapping import from_mapping
from glalign.contract.regions import REGIONS
from glalign.contract.retriever import Batch, Features, Retriever, Shapes
from glalign.contract.training_info import TrainingInfo
from glalign.models.glalign_options import FITTED, Options
from glalign.models.host_copies import sent
from glalign.models.losses.contrastive import contrastive, local_contrastive
from glalign.models.losses.logit_scale import LogitScale
from glalign.models.part_pooling import (
    TextTower,
    encode_masked_regions,
    encode_separate_phrases,
    pool_parts,
    shared_cosines,
)
from glalign.models.towers.backbones import clip_towers
from glalign.models.towers.clip import ClipTowers
from glalign.models.towers.projected_text import ProjectedText
from glalign.models.towers.text_encoders import text_encoder
from glalign.models.towers.text_tower import text_token
from glalign.storage.weight_files import Weights
from glalign.support.errors import UserError

PARTS = len(REGIONS)
"""HEAD, UPPERBODY, LOWERBODY, SHOES, OTHERS (Section 3.2)."""


class GLAlign(Retriever):
    """Global alignment of images and captions, and local alignment of body regions and the phrases that name them.

    loss = alpha * global + (1 - alpha) * local, both symmetric cross-entropies over cosines (Eqs. 7-11).
    score = a * cosine of the two global features + (1 - a) * mean cosine over the parts that the image shows and the
    caption names. The local mean of a pair that shares no part is 0.
    A branch of weight 0 is not computed. Only the local branch uses the batch's parts and phrases.

    Source: Pham and Doan, Joint Global-Local Feature Alignment With Fine-Tuned Pretrained Transformers for Text-Based
    Person Search, Informatica 2025, Sections 3.1-3.3 and 4.1.2. Their code was not available.

    Kept: CLIP ViT-B/32 and its text transformer at 224 x 224, PhoBERT-base in the text transformer's place for
    Vietnamese, all of it fine-tuned (Eqs. 1-6); five body regions by a human parser and five keyword lists for noun
    phrases, which spaCy finds in both languages (Section 3.2); global and local losses (Eqs. 7-10) weighed by
    alpha = .5 (Eq. 11); dropout .1. AdamW with rate 5e-6 and weight decay .01, constant, batch 32 and 20 epochs are
    `optim:`, `data:` and `budget:` values (Section 4.1.2).

    Simplified: where the paper is silent or contradicts itself, the decisions D1 to D28 of config/README.md apply. The
    temperature is CLIP's learned scale and not exp(.07) (D1). The loss that is printed twice is taken in both
    directions, and sums are means (D7). Eq. 1's patch embedding has no bias, as CLIP's has none. Region and phrase
    features are pooled from the tokens of one pass of each tower (D9). The score weighs both branches by alpha (D10).
    PhoBERT has its own shape, not that of CLIP's text transformer; it reads cased words of a segmenter, pyvi and not
    the VnCoreNLP that cut its training text unless `segmenter` says so, and a new linear layer projects its tokens to
    the joint width (D3, D6); <s> stands for the caption (D5). The English text encoder is CLIP's, which has the sizes
    that are printed for GPT-2; Hugging Face's gpt2, with such a projection and its last word piece for the caption, is
    an option (D2), as are all other readings that are implemented.

    Not done: a GPT-2 of the printed sizes (12 layers, 8 heads, width 512), of which no weights are published.
    """

    needs = frozenset({"parts", "phrases"})

    def __init__(self, options: Options, towers: ClipTowers, text: ProjectedText | None = None):
        super().__init__()
        self.options, self.towers, self.text = options, towers, text
        self.tokenizer = self.text_tower.tokenizer
        self.embed_dim, self.patch_grid = towers.embed_dim, towers.patch_grid
        self.score_weight, self.fits_score_weight = options.score_weight, options.score_alpha == FITTED
        how: dict[str, Any] = {"mode": options.temperature, "stored": towers.stored_logit_scale}
        self.scale = LogitScale(**how)
        own_scales = options.local_scale == "per_part" and options.alpha < 1
        self.part_scale = LogitScale(**how, count=PARTS) if own_scales else None

    @classmethod
    def build(cls, model: Mapping[str, Any], image_size: tuple[int, int], info: TrainingInfo, weights: Weights) -> Self:
        """See `Retriever.build`; nothing depends on the training set."""
        options = from_mapping(Options, model, "model")
        clip = options.text_backbone == "clip"
        length, lower_case = options.context_length if clip else None, options.lower_case is not False
        limits: dict[str, Any] = {"context_length": length, "lower_case": lower_case}
        towers = clip_towers(options.backbone, image_size, options.dropout, options.class_token, **limits)
        weights.fill(towers, options.weights)
        if options.temperature == "checkpoint" and weights.load and towers.stored_logit_scale is None:
            raise UserError(f"model.temperature: the weights {options.weights} hold no logit scale; choose learned")
        if clip:
            return cls(options, towers)
        assert options.text_vocabulary is not None  # `Options` has checked it
        encoder, tokenizer = text_encoder(
            options.text_backbone,
            options.text_vocabulary,
            weights,
            dropout=options.dropout,
            context_length=options.context_length,
            lower_case=options.lower_case is True,
            segmenter=options.segmenter,
        )
        text = ProjectedText(encoder, towers.embed_dim, tokenizer)
        weights.fill(text.encoder, options.text_weights)
        return cls(options, towers.without_text(), text)

    @property
    def part_names(self) -> tuple[str, ...]:
        """All regions where the score has a local part."""
        return REGIONS if self.score_weight < 1 else ()

    @property
    def text_tower(self) -> TextTower:
        """The encoder of the captions."""
        return self.towers if self.text is None else self.text

    def parameter_groups(self, lr: float, weight_decay: float) -> Iterable[dict[str, Any]]:
        """As `Retriever.parameter_groups`, with a group for the new projection if `projection_rate` is not 1."""
        groups = list(super().parameter_groups(lr, weight_decay))
        if self.text is None or self.options.projection_rate == 1:
            return groups
        new = self.text.projection.weight
        groups[0]["params"] = [parameter for parameter in groups[0]["params"] if parameter is not new]
        return [*groups, {"params": [new], "lr": lr * self.options.projection_rate, "weight_decay": weight_decay}]

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Terms "global" and "local", weighted by alpha and 1 - alpha (Eq. 11)."""
        alpha, terms = self.options.alpha, {}
        images, texts = self._image_features(batch, local=alpha < 1), self._text_features(batch, local=alpha < 1)
        person, scale = batch.person if self.options.targets == "identity" else None, self.scale()
        if alpha > 0:
            terms["global"] = alpha * contrastive(images["global"], texts["global"], scale, person)
        if alpha < 1:
            present = (images["present"] * texts["present"]) > 0
            part_scale = scale if self.part_scale is None else self.part_scale()
            losses = local_contrastive(images["local"], texts["local"], present, part_scale, person)
            terms["local"] = (1 - alpha) * losses
        return terms

    def encode_images(self, batch: Batch) -> Features:
        """Return "global" (B, E) and, for a local score, "local" (B, 5, E), 0 where absent, and "present" (B, 5)."""
        return self._image_features(batch, local=self.score_weight < 1)

    def encode_texts(self, batch: Batch) -> Features:
        """As `encode_images`, for captions and their phrases."""
        return self._text_features(batch, local=self.score_weight < 1)

    def similarity(self, texts: Features, images: Features) -> Tensor:
        """Return scores (Q, G) (D10). Absent parts are zero vectors: one product sums the cosines of shared parts."""
        weight = self.score_weight
        if weight == 1:
            return weight * (texts["global"] @ images["global"].T)
        total = texts["local"].flatten(1) @ images["local"].flatten(1).T
        shared = texts["present"] @ images["present"].T
        local = (1 - weight) * total / shared.clamp(min=1.0)
        return weight * (texts["global"] @ images["global"].T) + local if weight > 0 else local

    def part_cosines(self, texts: Features, images: Features) -> Tensor:
        """See `Retriever.part_cosines`: those whose mean is the local part of the score."""
        return shared_cosines(texts["local"], texts["present"], images["local"], images["present"])

    def feature_shapes(self) -> tuple[Shapes, Shapes]:
        """See `encode_images`; the same for captions."""
        shapes: Shapes = {"global": (self.embed_dim,)}
        if self.score_weight < 1:
            shapes |= {"local": (PARTS, self.embed_dim), "present": (PARTS,)}
        return shapes, shapes

    def _image_features(self, batch: Batch, local: bool) -> Features:
        tokens = self.towers.image_tokens(batch.pixels)
        features = {"global": F.normalize(tokens[:, 0], dim=-1)}
        if not local:
            return features
        if self.options.region == "pooled":
            regions, present = pool_parts(tokens[:, 1:], batch.parts.flatten(2))
        else:
            regions, present = encode_masked_regions(self.towers, batch.pixels, batch.on_host.parts)
        return features | {"local": regions, "present": sent(present, regions).to(regions.dtype)}

    def _text_features(self, batch: Batch, local: bool) -> Features:
        text = self.text_tower
        ids, which = batch.on_host.tokens, self.options.text_token or self.options.text_tokens[0]
        tokens = text.text_tokens(ids)
        features = {"global": F.normalize(text_token(tokens, text.lengths(ids), which), dim=-1)}
        if not local:
            return features
        if self.options.phrase == "pooled":
            phrases, present = pool_parts(tokens, batch.phrases)
        else:
            phrases, present = encode_separate_phrases(text, ids, batch.on_host.phrases, which)
        return features | {"local": phrases, "present": sent(present, phrases).to(phrases.dtype)}
