"""PLOT (Park et al., ECCV 2024): parts of images and captions by slot attention, weighted by the caption."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.irra import CLASSIFIER_STD
from glalign.config.from_mapping import from_mapping, require
from glalign.contract.retriever import Batch, Features, Retriever, Shapes
from glalign.contract.tokenizer import MarkedTokenizer
from glalign.contract.training_info import TrainingInfo
from glalign.models.host_copies import sent
from glalign.models.length_buckets import eot_tokens
from glalign.models.losses.contrastive import sdm
from glalign.models.losses.masking import mask_clip_tokens
from glalign.models.losses.mlm import at_mask, clip_blocks, masked_word_loss, outputs_at_mask, vocabulary_head
from glalign.models.parameter_groups import grouped
from glalign.models.slot_attention import PartWeights, SlotAttention, SlotDecoder, part_nce, part_scores, slot_overlap
from glalign.models.towers.backbones import clip_towers
from glalign.models.towers.clip import ClipTowers
from glalign.storage.weight_files import Weights
from glalign.support.errors import UserError

NEW = ("cross", "classifier", "mlm_head", "slot", "local", "decoder")
"""Parameters whose name contains one of these have a larger rate (jicheol93/PLOT@cf56901)."""

MARKS = 2
"""Start and end of a caption, which are not words."""


@dataclass(frozen=True)
class Options:
    """The `model:` keys. The defaults are the original's (jicheol93/PLOT@cf56901).

    backbone, weights: the CLIP towers and their file. skipped_text_blocks: number of last blocks of the text tower that
    are not run. tau: temperature of the similarity distributions. cross_depth: blocks over words and image tokens.
    share_masked_ids: all losses use the masked captions. slots, iterations: parts, and how often they are refined.
    decoder_width: channels inside the decoders. reconstruction_from, local_from: shares of the training after which
    these losses begin. reconstruction_weight, diversity_weight: of their terms. local_scale: 1 / tau of the parts
    relative to the global one. score_weight: of the parts' cosine in the score. new_rate: learning rate of the new
    modules relative to the towers' (RSTPReid: 130).
    """

    backbone: str = "clip-vit-b-16"
    weights: str = "clip-vit-b-16"
    skipped_text_blocks: int = 1
    tau: float = 0.015
    cross_depth: int = 4
    share_masked_ids: bool = True
    slots: int = 8
    iterations: int = 5
    decoder_width: int = 512
    reconstruction_from: float = 5 / 60
    local_from: float = 15 / 60
    reconstruction_weight: float = 0.01
    local_scale: float = 5.0
    diversity_weight: float = 5.0
    score_weight: float = 3.0
    new_rate: float = 20.0

    def __post_init__(self) -> None:
        require(self, ("skipped_text_blocks",), lambda value: value >= 0, "is negative; choose 0 or more")
        sizes = ("cross_depth", "iterations", "decoder_width")
        require(self, sizes, lambda value: value >= 1, "is too small; choose 1 or more")
        require(self, ("slots",), lambda value: value >= 2, "is too small; choose 2 or more")
        factors = ("tau", "local_scale", "new_rate")
        require(self, factors, lambda value: value > 0, "is not above 0; the original has 0.015, 5 and 20")


class Plot(Retriever):
    """Global embeddings as in IRRA, and eight part embeddings of either side by slot attention from shared slots.

    Source: jicheol93/PLOT@cf56901, which descends from IRRA, reimplemented from a description of it.

    Kept: CLIP's towers at 384 x 128 pixels, the text tower without its last block; final LN and projection on all
    tokens, class token and end-of-text token as global features. Words are masked as in IRRA and predicted from
    [caption; image] through 4 CLIP blocks without a mask, LN and IRRA's head. Eight slots, one table for both sides
    (orthogonal), two slot attentions of 5 rounds over the patches and over the words without the marks. Losses, plain
    sum: SDM of temperature .015, both directions; identity by one linear layer without bias on normalised features,
    mean of both sides; masked words; after 5 of 60 epochs the squared error of all patches and words rebuilt from the
    slots, .01 of its mean over the batch; after 15 of 60 epochs the parts. Their cosines are weighted by the row's
    caption (an MLP of its feature, not normalised) and have a temperature of .015 / 5: NCE summed over all positives
    for text-text, image-image, image-text and text-image, SDM for the last two, 5 times the signed mean cosine of
    different slots of an item (both sides), and the person named from all slots of a pair. The score is the global
    cosine plus 3 times the weighted one of the parts, once their losses have begun. Rates by parameter name: new
    modules x20, after that every bias x2 without decay, so that biases of new modules have x2. All losses see the
    masked captions, as released (`share_masked_ids`). Adam with eps 1e-3, rate 5e-6, decay 4e-5, 5 of 60 epochs of
    warm-up from a tenth, then cosine, are `optim:` values; batch 128, 384 x 128 pixels, flip, padded crop and erasing
    are `data:` values.

    Simplified: padding is not rebuilt by the text decoder (original: all 75 positions); captions of similar length are
    encoded together, which leaves less padding; the rest of it takes part in the attention of the blocks, as in the
    original; unused results are not computed (last block at masked words only; last layer of the decoders on the mixed
    values, which changes nothing because the mixing weights sum to 1); full precision (original: float16 with scaled
    gradients); position tables of the image tower are resized bicubically; LR per step. The MLP of the part weights
    counts as a new module. In the demo the text tower has two blocks and both are run (`skipped_text_blocks: 0`):
    leaving out one would take half of the tower instead of a twelfth.

    Not done: parameters that the original makes and never uses, IRRA's cross-attention and its two LNs (1,052,672
    values); the last text block is loaded and has no gradient (3,152,384). RSTPReid's rates: `new_rate` and `optim:`.
    Choosing the epoch by the test split.
    """

    class_heads = ("classifier.", "local_classifier.")
    tokenizer: MarkedTokenizer
    parts_count: Tensor

    def __init__(self, options: Options, towers: ClipTowers, identities: int):
        super().__init__()
        self.options, self.towers, self.tokenizer = options, towers, towers.tokenizer
        self.patch_grid = towers.patch_grid
        width = self.embed_dim = towers.embed_dim
        self.classifier = nn.Linear(width, identities, bias=False)
        self.cross_blocks, self.ln_post = clip_blocks(width, options.cross_depth), nn.LayerNorm(width)
        self.mlm_head = vocabulary_head(width, self.tokenizer.vocab_size, options.cross_depth)
        self.slots = nn.Parameter(nn.init.orthogonal_(torch.empty(options.slots, width)))
        self.image_slot_attention = SlotAttention(width, options.iterations)
        self.text_slot_attention = SlotAttention(width, options.iterations)
        self.local_weights = PartWeights(width, options.slots)
        self.local_classifier = nn.Linear(2 * options.slots * width, identities, bias=False)
        self.image_decoder = SlotDecoder(width, options.decoder_width, self.patch_grid)
        self.text_decoder = SlotDecoder(width, options.decoder_width, (1, self.tokenizer.context_length - MARKS))
        for classifier in (self.classifier, self.local_classifier):
            nn.init.normal_(classifier.weight, std=CLASSIFIER_STD)
        # Whether the next step has the reconstruction loss, and whether its loss includes the parts; by `before_step`.
        self.rebuilds, self.compares_parts = False, False
        self.register_buffer("parts_count", torch.tensor(False))  # whether the score includes the parts

    @classmethod
    def build(cls, model: Mapping[str, Any], image_size: tuple[int, int], info: TrainingInfo, weights: Weights) -> Self:
        """See `Retriever.build`. Raises: UserError if no block of the text tower would be run."""
        options = from_mapping(Options, model, "model")
        towers = clip_towers(options.backbone, image_size)
        towers.text_depth -= options.skipped_text_blocks
        if towers.text_depth < 1:
            left = f"{options.skipped_text_blocks} leaves no text block of {options.backbone}; the original skips 1"
            raise UserError(f"model.skipped_text_blocks: {left}")
        towers.transformer.resblocks[towers.text_depth :].requires_grad_(False)
        weights.fill(towers, options.weights)
        return cls(options, towers, info.identities)

    def before_step(self, step: int, steps: int) -> None:
        """Switch on the reconstruction and the parts, whose switch is a buffer, because the score depends on it."""
        self.rebuilds = step >= self.options.reconstruction_from * steps
        parts_count = self.compares_parts = step >= self.options.local_from * steps
        self.parts_count.fill_(parts_count)
        for decoder in (self.image_decoder, self.text_decoder):
            decoder.requires_grad_(self.rebuilds)
        for slots in (self.slots, self.image_slot_attention, self.text_slot_attention):
            slots.requires_grad_(self.rebuilds or parts_count)
        for local in (self.local_weights, self.local_classifier):
            local.requires_grad_(parts_count)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Terms `metric`, `id`, `mlm`; later also `reconstruction`; later also `local_metric` and `local_id`."""
        ids, lengths = batch.on_host.tokens, batch.on_host.lengths
        masked, chosen = mask_clip_tokens(ids, self.tokenizer, batch.generator)
        images, masked_texts = self.towers.image_tokens(batch.pixels), self.towers.text_tokens(masked)
        texts = masked_texts if self.options.share_masked_ids else self.towers.text_tokens(ids)
        image, text, tau = images[:, 0], eot_tokens(texts, ids), self.options.tau
        sides = F.normalize(image), F.normalize(text)
        scores = sides[0] @ sides[1].T
        id_losses = [F.cross_entropy(self.classifier(side), batch.person) for side in sides]
        terms = {
            "metric": sdm(scores, batch.person, tau) + sdm(scores.T, batch.person, tau),
            "id": (id_losses[0] + id_losses[1]) / 2,
            "mlm": masked_word_loss(self.fuse_tokens, self.word_logits, masked_texts, images, batch, chosen),
        }
        if self.rebuilds or self.compares_parts:
            patches, (words, mask) = images[:, 1:], word_tokens(texts, lengths)
            image_parts = self.image_slot_attention(self.slots, patches)
            text_parts = self.text_slot_attention(self.slots, words, sent(mask, words))
        if self.rebuilds:
            everywhere = torch.ones(patches.shape[:2], dtype=torch.bool)
            error = squared_error(self.image_decoder(image_parts, everywhere), patches.flatten(0, 1))
            error = error + squared_error(self.text_decoder(text_parts, mask), at_mask(words, mask))
            terms["reconstruction"] = self.options.reconstruction_weight * error / len(images)
        if self.compares_parts:
            weights = self.local_weights(text)
            terms["local_metric"] = self.local_metric(image_parts, text_parts, weights, batch.person)
            both = torch.cat([image_parts, text_parts], dim=1).flatten(1)
            terms["local_id"] = F.cross_entropy(self.local_classifier(F.normalize(both)), batch.person)
        return terms

    def fuse_tokens(self, text: Tensor, image: Tensor, mask: Tensor) -> Tensor:
        """Return the M caption states (M, E) at `mask` (B, T), after the blocks over [caption; image]."""
        return outputs_at_mask(self.cross_blocks, torch.cat([text, image], dim=1), mask)

    def word_logits(self, states: Tensor) -> Tensor:
        """Return logits (M, vocabulary) of states (M, E)."""
        return self.mlm_head(self.ln_post(states))

    def local_metric(self, image: Tensor, text: Tensor, weights: Tensor, person: Tensor) -> Tensor:
        """NCE of the four pairings of sides, SDM of the two across sides, and diversity.

        image, text: (B, K, E). weights: (B, K) of the captions, used for row i of images too.
        """
        tau = self.options.tau / self.options.local_scale
        same_side = [part_scores(side, side, weights) for side in (text, image)]
        across = [part_scores(image, text, weights), part_scores(text, image, weights)]
        nce = torch.stack([part_nce(scores, person, tau) for scores in (*same_side, *across)]).sum()
        matching = sdm(across[0], person, tau) + sdm(across[1], person, tau)
        return nce + matching + self.options.diversity_weight * (slot_overlap(image) + slot_overlap(text))

    def encode_images(self, batch: Batch) -> Features:
        """Return the normalised class token, and the normalised parts "local" (B, K, E)."""
        tokens = self.towers.image_tokens(batch.pixels)
        parts = self.image_slot_attention(self.slots, tokens[:, 1:])
        return {"global": F.normalize(tokens[:, 0]), "local": F.normalize(parts, dim=2)}

    def encode_texts(self, batch: Batch) -> Features:
        """Return the normalised end-of-text token, and "local" (B, K, E): the normalised parts times their weights.

        The weights are 0 until the losses of the parts have begun.
        """
        ids = batch.on_host.tokens
        tokens = self.towers.text_tokens(ids)
        text, (words, mask) = eot_tokens(tokens, ids), word_tokens(tokens, batch.on_host.lengths)
        parts = F.normalize(self.text_slot_attention(self.slots, words, sent(mask, words)), dim=2)
        weights = self.options.score_weight * self.parts_count * self.local_weights(text)
        return {"global": F.normalize(text), "local": weights[:, :, None] * parts}

    def similarity(self, texts: Features, images: Features) -> Tensor:
        """Return (Q, G): the global cosine plus the weighted sum of the parts' cosines."""
        return texts["global"] @ images["global"].T + texts["local"].flatten(1) @ images["local"].flatten(1).T

    def feature_shapes(self) -> tuple[Shapes, Shapes]:
        """See `encode_images`; the same for captions."""
        shapes: Shapes = {"global": (self.embed_dim,), "local": (self.options.slots, self.embed_dim)}
        return shapes, shapes

    def parameter_groups(self, lr: float, weight_decay: float) -> Iterable[dict[str, Any]]:
        """Return one group per pair of rate and decay, by `rule`."""
        return grouped(self.named_parameters(), lambda name: rule(name, self.options.new_rate), lr, weight_decay)


def rule(name: str, new_rate: float) -> tuple[float, bool]:
    """Return the relative rate of a parameter and whether it decays; biases of all modules are alike.

    >>> rule("slots", 20.0), rule("mlm_head.3.bias", 20.0), rule("towers.visual.proj", 20.0)
    ((20.0, True), (2.0, False), (1.0, True))
    """
    if "bias" in name:
        return 2.0, False
    return (new_rate if any(word in name for word in NEW) else 1.0), True


def word_tokens(tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Return the tokens (B, T - 2, E) from the second to the last but one, and (B, T - 2) bool, true at words.

    tokens: (B, T, E) of [start, words, end, padding]. lengths: (B,) with the marks; the mask is where they are.
    """
    places = torch.arange(tokens.shape[1] - MARKS, device=lengths.device)
    return tokens[:, 1:-1], places < (lengths - MARKS)[:, None]


def squared_error(rebuilt: Tensor, tokens: Tensor) -> Tensor:
    """Sum of squared differences; no gradient reaches `tokens`."""
    return (rebuilt - tokens.detach()).square().sum()
