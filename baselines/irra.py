"""IRRA (Jiang & Ye, CVPR 2023): CLIP towers with similarity distribution matching and masked words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from torch import Tensor, nn
from torch.nn import functional as F

from glalign.config.from_mapping import from_mapping, require
from glalign.contract.retriever import Batch, Features, Retriever
from glalign.contract.tokenizer import MarkedTokenizer
from glalign.contract.training_info import TrainingInfo
from glalign.models.losses.contrastive import sdm
from glalign.models.losses.masking import mask_clip_tokens
from glalign.models.losses.mlm import clip_blocks, cross_attention, masked_word_loss, outputs_at_mask, vocabulary_head
from glalign.models.parameter_groups import grouped
from glalign.models.towers.backbones import clip_towers
from glalign.storage.weight_files import Weights

if TYPE_CHECKING:
    from glalign.models.towers.backbones import JointTowers

CLASSIFIER_STD = 0.001
"""Standard deviation of the initial weights of the identity classifier (anosorae/IRRA@cfc2378)."""


@dataclass(frozen=True)
class Options:
    """The `model:` keys. The defaults are the original's (anosorae/IRRA@cfc2378).

    backbone, weights: the CLIP towers and their file. tau: temperature of the similarity distributions. cross_depth:
    blocks after the cross-attention. share_masked_ids: the matching and identity losses use the masked captions too.
    """

    backbone: str = "clip-vit-b-16"
    weights: str = "clip-vit-b-16"
    tau: float = 0.02
    cross_depth: int = 4
    share_masked_ids: bool = True

    def __post_init__(self) -> None:
        require(self, ("tau",), lambda value: value > 0, "is not above 0; the original has 0.02")
        require(self, ("cross_depth",), lambda value: value >= 1, "is too small; choose 1 or more")


class Irra(Retriever):
    """Global features matched by SDM and identity, with masked language modelling from the image as a third loss.

    Source: anosorae/IRRA@cfc2378, reimplemented from a description of it.

    Kept: final LN and projection on all tokens, class token and end-of-text token as global features; SDM with
    temperature .02 and KL(p || q), both directions summed; identity loss of one shared linear layer (weights N(0,
    .001)) on features that are not normalised, mean of both sides; masked language modelling from the text tokens
    through cross-attention (no residual, one LN for keys and values, no padding mask) and 4 CLIP blocks, with its
    initialisation; the masking rule; the three losses with weight 1; the learning-rate rules by parameter name (cross
    modules x5, biases x2 without decay, classifier and head x5). As released, the ids are masked in place, so that SDM
    and identity loss see masked captions too (issues 13 and 29 there; the author saw lower accuracy when he separated
    them): `share_masked_ids`. Adam with eps 1e-3, rate 1e-5, decay 4e-5, 5 of 60 epochs of warm-up from a tenth, then
    cosine, are `optim:` values; 384 x 128 pixels, flip, padded crop and erasing are `data:` values.

    Simplified: the vocabulary head and the MLP of the last block run on the masked positions only (the loss is a mean
    over these, so that nothing changes but the time); a caption without an ordinary word has nothing masked (original:
    its end mark); captions of similar length are encoded together, which leaves less padding; the rest of it takes part
    in the attention of the blocks, as in the original; full precision (original: half-precision weights, the reason for
    its large eps); position tables are resized bicubically (original: bilinearly); LR per step (original: per epoch).

    Not done: choosing the epoch by the test split, as the released default does.
    """

    options: Options
    tokenizer: MarkedTokenizer

    def __init__(self, options: Options, towers: JointTowers, identities: int):
        super().__init__()
        self.options, self.towers, self.tokenizer = options, towers, towers.tokenizer
        self.patch_grid = towers.patch_grid
        width = self.embed_dim = towers.embed_dim
        self.classifier = nn.Linear(width, identities)
        nn.init.normal_(self.classifier.weight, std=CLASSIFIER_STD)
        nn.init.zeros_(self.classifier.bias)
        self.ln_text, self.ln_image, self.ln_post = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.cross_attention = cross_attention(width, options.cross_depth)
        self.cross_blocks = clip_blocks(width, options.cross_depth)
        self.mlm_head = self.make_mlm_head(width)

    @classmethod
    def build(cls, model: Mapping[str, Any], image_size: tuple[int, int], info: TrainingInfo, weights: Weights) -> Self:
        options = from_mapping(Options, model, "model")
        towers = clip_towers(options.backbone, image_size)
        weights.fill(towers, options.weights)
        return cls(options, towers, info.identities)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Terms `sdm`, `id` and `mlm`."""
        masked, chosen = self.mask_captions(batch)
        image_tokens = self.towers.image_tokens(batch.pixels)
        image, (text, text_tokens) = image_tokens[:, 0], self.towers.texts(masked)
        if not self.options.share_masked_ids:  # as released, sdm and id see the masked captions
            text, _ = self.towers.texts(batch.on_host.tokens)
        scores, tau = F.normalize(image) @ F.normalize(text).T, self.options.tau
        id_losses = [F.cross_entropy(self.classifier(side), batch.person) for side in (image, text)]
        return {
            # Mean of KL(p || q) over the rows: p is softmax(scores / tau), q uniform over the pairs of the same person.
            "sdm": sdm(scores, batch.person, tau) + sdm(scores.T, batch.person, tau),
            "id": (id_losses[0] + id_losses[1]) / 2,
            # Cross-entropy of the true words at `chosen`: states from `fuse_tokens`, logits from `word_logits`.
            "mlm": masked_word_loss(
                self.fuse_tokens, self.word_logits, text_tokens, self.ln_image(image_tokens), batch, chosen
            ),
        }

    def fuse_tokens(self, text: Tensor, image: Tensor, mask: Tensor) -> Tensor:
        """Return the M caption states (M, E) at `mask` (B, T), after cross-attention from text (B, T, E) to image.

        image: (B, N, E), layer-normalised already. It is called for groups of captions of similar length: `mask` is
        their part of the chosen positions.
        """
        mixed = self.cross_attention(self.ln_text(text), image, image, need_weights=False)[0]
        return outputs_at_mask(self.cross_blocks, mixed, mask)

    def word_logits(self, states: Tensor) -> Tensor:
        """Return logits (M, vocabulary) of states (M, E)."""
        return self.mlm_head(self.ln_post(states))

    def encode_images(self, batch: Batch) -> Features:
        """Return the normalised class token."""
        return {"global": F.normalize(self.towers.image_tokens(batch.pixels)[:, 0])}

    def encode_texts(self, batch: Batch) -> Features:
        """Return the normalised end-of-text token; the score is its cosine with an image (`Retriever.similarity`)."""
        return {"global": F.normalize(self.towers.texts(batch.on_host.tokens)[0])}

    def mask_captions(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return masked captions (B, T) and the positions to predict, (B, T) bool, both on the host."""
        return mask_clip_tokens(batch.on_host.tokens, self.tokenizer, batch.generator)

    def make_mlm_head(self, width: int) -> nn.Module:
        """Build the head for masked words, (M, width) -> (M, vocabulary) logits."""
        return vocabulary_head(width, self.tokenizer.vocab_size, self.options.cross_depth)

    def parameter_groups(self, lr: float, weight_decay: float) -> Iterable[dict[str, Any]]:
        """Return one group per pair of rate and decay, by `rule`."""
        return grouped(self.named_parameters(), rule, lr, weight_decay)


def rule(name: str) -> tuple[float, bool]:
    """Return the relative rate of a parameter and whether it decays; the last rule that applies to the name wins.

    >>> rule("cross_attention.in_proj_weight"), rule("cross_attention.in_proj_bias"), rule("classifier.bias")
    ((5.0, True), (2.0, False), (5.0, False))
    """
    factor = 5.0 if "cross" in name else 1.0
    if "bias" in name:
        factor = 2.0
    if "classifier" in name or "mlm_head" in name:
        factor = 5.0
    return factor, "bias" not in name
