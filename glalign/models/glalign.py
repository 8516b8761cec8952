"""GLAlign: CLIP fine-tuned on whole images and captions, and on body regions and the phrases that name them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from torch import Tensor
from torch.nn import functional as F

from glalign.config.from_mapping import from_mapping, require
from glalign.contract.retriever import Batch, Features, Retriever, Shapes
from glalign.contract.training_info import TrainingInfo
from glalign.language.phobert_tokenizer import MAX_TOKENS, PhoBertFileTokenizer
from glalign.language.segmentation import SEGMENTERS
from glalign.models.host_copies import sent
from glalign.models.losses.contrastive import contrastive, local_contrastive
from glalign.models.losses.logit_scale import LogitScale
from glalign.models.part_pooling import TextTower, encode_masked_regions, encode_separate_phrases, pool_parts
from glalign.models.towers.backbones import clip_towers
from glalign.models.towers.clip import ClipTowers
from glalign.models.towers.phobert import SHAPES as PHOBERT
from glalign.models.towers.phobert import PhoBertText, phobert
from glalign.models.towers.text_tower import TOKENS, text_token
from glalign.storage.weight_files import Weights
from glalign.support.errors import UserError

PARTS = 5
"""HEAD, UPPERBODY, LOWERBODY, SHOES, OTHERS (Section 3.2)."""

CHOICES = {
    "text_backbone": ("clip", *PHOBERT),
    "targets": ("diagonal", "identity"),
    "region": ("pooled", "masked"),
    "phrase": ("pooled", "separate"),
    "local_scale": ("shared", "per_part"),
}


@dataclass(frozen=True)
class Options:
    """The `model:` keys of GLAlign; a D-number is a decision where the paper leaves a choice.

    backbone: tiny/clip, clip-vit-b-32 (the paper's) or clip-vit-b-16.
    weights: file of the weights folder, or random.
    alpha: weight of the global loss (Eq. 11); 1 leaves the local branch out, 0 the global loss (D28).
    score_alpha: weight of the global cosine in the score, null for `alpha` (D10).
    temperature: learned, checkpoint, fixed or literal, see LogitScale (D1). With the paper's rate of 5e-6 and Adam, a
        learned scale moves by at most a factor of exp(5e-6) a step: of the 42,580 steps of its English training, from
        14.3 to between 11.6 and 17.7. OpenAI's file, which `checkpoint` starts from, holds 100.
    local_scale: logit scale of the local branch, shared with the global branch or per_part (D9).
    targets: diagonal, or identity: other captions of the same person are positives too (D8).
    region: pooled patch tokens, or masked: the masked image through the image tower again (D9).
    phrase: pooled tokens of the caption, or separate: the part's phrases through the text tower again (D9).
    text_backbone: clip, the text tower of `backbone`; phobert-base (the paper's for Vietnamese) or tiny/phobert.
    text_weights, text_vocabulary: of a PhoBERT; weights may be random.
    segmenter: cuts captions into a PhoBERT's words: pyvi, underthesea or vncorenlp; null for pyvi.
    projection_rate: relative learning rate of the new projection from PhoBERT to the joint width (D3).
    text_token: token that stands for the caption: eot, the end mark; last, the word piece before it, as with a GPT-2
        that appends no mark; first, PhoBERT's <s>; null for CLIP's eot or PhoBERT's first (D5).
    class_token: clip or paper, see ClipTowers (D23).
    dropout: after each block of both towers (D24), in PhoBERT also of the attention weights.
    lower_case: null for true with CLIP and false with PhoBERT (D6).
    context_length: longest caption in tokens, null for 77 with CLIP and 256 with PhoBERT (D4).
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
    text_backbone: str = "clip"
    text_weights: str = "random"
    text_vocabulary: str | None = None
    segmenter: str | None = None
    projection_rate: float = 1.0
    text_token: str | None = None
    class_token: str = "clip"
    dropout: float = 0.1
    lower_case: bool | None = None
    context_length: int | None = None

    def __post_init__(self) -> None:
        for key, known in CHOICES.items():
            if (value := getattr(self, key)) not in known:
                raise UserError(f"model.{key}: {value!r}; choose {' or '.join(known)}")
        weights = ("alpha", "score_alpha")
        require(self, weights, lambda value: value is None or 0 <= value <= 1, "does not lie between 0 and 1")
        require(self, ("dropout",), lambda value: 0 <= value <= 0.9, "does not lie between 0 and 0.9")
        clip = self.text_backbone == "clip"
        if clip and (self.text_vocabulary is not None or self.text_weights != "random" or self.projection_rate != 1):
            raise UserError("model: text_weights, text_vocabulary and projection_rate belong to a PhoBERT, not to clip")
        if self.segmenter is not None and (clip or self.segmenter not in SEGMENTERS):
            choice = "it belongs to a PhoBERT" if clip else f"choose {', '.join(SEGMENTERS)} or null"
            raise UserError(f"model.segmenter: {self.segmenter!r}; {choice}")
        if not clip and self.text_vocabulary is None:
            raise UserError(f"model.text_vocabulary: {self.text_backbone} needs the name of one")
        if self.text_token not in (None, *self.text_tokens):
            raise UserError(f"model.text_token: {self.text_token!r}; choose {' or '.join(self.text_tokens)}")

    @property
    def text_tokens(self) -> tuple[str, ...]:
        """Tokens that may stand for a caption, the encoder's own first."""
        return TOKENS["clip" if self.text_backbone == "clip" else "phobert"]

    @property
    def score_weight(self) -> float:
        """Weight of the global cosine in the score."""
        return self.alpha if self.score_alpha is None else self.score_alpha


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
    the joint width (D3, D6); <s> stands for the caption (D5). The alternative readings that are implemented are
    options.

    Not done: GPT-2's own weights as the English text encoder (D2).
    """

    needs = frozenset({"parts", "phrases"})

    def __init__(self, options: Options, towers: ClipTowers, text: PhoBertText | None = None):
        super().__init__()
        self.options, self.towers, self.text = options, towers, text
        self.tokenizer = self.text_tower.tokenizer
        self.embed_dim, self.patch_grid = towers.embed_dim, towers.patch_grid
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
        files = weights.phobert_vocabulary(options.text_vocabulary)
        length, lower_case = options.context_length or MAX_TOKENS, options.lower_case is True
        tokenizer = PhoBertFileTokenizer(*files, length, lower_case=lower_case, segmenter=options.segmenter or "pyvi")
        encoder = phobert(options.text_backbone, tokenizer.vocab_size, options.dropout)
        text = PhoBertText(encoder, towers.embed_dim, tokenizer)
        weights.fill(text.encoder, options.text_weights)
        return cls(options, towers.without_text(), text)

    @property
    def text_tower(self) -> TextTower:
        """The encoder of the captions."""
        return self.towers if self.text is None else self.text

    def parameter_groups(self, lr: float, weight_decay: float) -> Iterable[dict[str, Any]]:
        """As `Retriever.parameter_groups`, with a group for PhoBERT's projection if `projection_rate` is not 1."""
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
        return self._image_features(batch, local=self.options.score_weight < 1)

    def encode_texts(self, batch: Batch) -> Features:
        """As `encode_images`, for captions and their phrases."""
        return self._text_features(batch, local=self.options.score_weight < 1)

    def similarity(self, texts: Features, images: Features) -> Tensor:
        """Return scores (Q, G) (D10). Absent parts are zero vectors: one product sums the cosines of shared parts."""
        weight = self.options.score_weight
        if weight == 1:
            return weight * (texts["global"] @ images["global"].T)
        total = texts["local"].flatten(1) @ images["local"].flatten(1).T
        shared = texts["present"] @ images["present"].T
        local = (1 - weight) * total / shared.clamp(min=1.0)
        return weight * (texts["global"] @ images["global"].T) + local if weight > 0 else local

    def feature_shapes(self) -> tuple[Shapes, Shapes]:
        """See `encode_images`; the same for captions."""
        shapes: Shapes = {"global": (self.embed_dim,)}
        if self.options.score_weight < 1:
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
