"""The tiny ALBEF: contrast of both towers, matching of hard pairs, masked words (Li et al. 2021)."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from glalign.config.from_mapping import from_mapping
from glalign.contract.retriever import Batch, Features, Retriever
from glalign.contract.specs.twins import PretrainSpec
from glalign.models.losses.albef_tasks import hard_negative_pairs, mask_word_pieces, masked_positions
from glalign.models.losses.contrastive import contrastive
from glalign.models.towers.albef import Albef, AlbefTokenizer, albef
from glalign.pretraining.clip import train_towers
from glalign.storage.weight_files import Weights

MASKED = 0.15  # share of words to predict
TEMPERATURES, TEMPERATURE_RATE = (0.001, 0.5), 0.01
"""Limits of the learned temperature (salesforce/ALBEF@b9727e4), and its learning rate relative to the rest: at the
twin's full rate .07 would reach 0 in 35 steps."""


@dataclass(frozen=True)
class Options:
    """The `model:` keys of the recipe. backbone: of `albef`. vocabulary: the tokenizer's file. dropout: of the text.

    hardness: factor on the logits by which wrong pairs are drawn. With the hardest pairs of a batch (1, as in ALBEF) a
    fusion with random weights learns nothing in 600 steps; with easier ones it learns at once.
    """

    backbone: str
    vocabulary: str
    dropout: float = 0.0
    hardness: float = 1.0


class Pretraining(Retriever):
    """Terms `itc`, `itm` and `mlm` with weight 1 each; no momentum model and no queue: negatives are of the batch."""

    tokenizer: AlbefTokenizer

    def __init__(self, towers: Albef, tokenizer: AlbefTokenizer, hardness: float = 1.0) -> None:
        super().__init__()
        self.towers, self.tokenizer, self.hardness = towers, tokenizer, hardness
        self.embed_dim = towers.text_proj.out_features

    def before_step(self, step: int, steps: int) -> None:
        """Clamp the temperature to its limits."""
        with torch.no_grad():
            self.towers.temperature.clamp_(*TEMPERATURES)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """The three terms."""
        model, ids, lengths = self.towers, batch.tokens, batch.lengths
        image, text = model.vision(batch.pixels), model.text(ids, lengths)
        images, texts = model.image_feature(image), model.text_feature(text)
        scale = 1 / model.temperature
        logits = (images @ texts.T * scale).detach()
        rows, columns, match = hard_negative_pairs(logits, logits.T, batch.person, batch.generator, self.hardness)
        judged = model.matching(model.fused_class_token(text[rows], lengths[rows], image[columns]))
        masked, chosen = mask_word_pieces(ids, lengths, self.tokenizer, MASKED, batch.generator)
        at, at_masked = masked_positions(chosen)
        words = model.word_logits(model.fuse_ids(masked, lengths, image, at)[at_masked])
        missed = F.cross_entropy(words, ids.gather(1, at)[at_masked], reduction="sum")
        # Targets by identity: in a corpus this small a batch often holds two captions of one person.
        itc = contrastive(images, texts, scale, batch.person)
        return {"itc": itc, "itm": F.cross_entropy(judged, match), "mlm": missed / at_masked.sum().clamp(min=1)}

    def encode_images(self, batch: Batch) -> Features:
        """Normalised projections."""
        return {"global": self.towers.image_feature(self.towers.vision(batch.pixels))}

    def encode_texts(self, batch: Batch) -> Features:
        """Normalised projections."""
        return {"global": self.towers.text_feature(self.towers.text(batch.tokens, batch.lengths))}

    def parameter_groups(self, lr: float, weight_decay: float) -> Iterable[dict[str, Any]]:
        """A separate rate for the temperature; no decay for vectors and scalars."""
        own = self.towers.temperature
        yield {"params": [own], "lr": TEMPERATURE_RATE * lr, "weight_decay": 0.0}
        for group in super().parameter_groups(lr, weight_decay):
            yield {**group, "params": [p for p in group["params"] if p is not own]}


def pretrain_albef(spec: PretrainSpec, out: Path) -> dict[str, Any]:
    """Train towers, fusion and heads from random values; Rank-1 in the record is by the cosine of the towers."""
    options = from_mapping(Options, spec.model, "pretraining.model")

    def build(image_size: tuple[int, int]) -> Pretraining:
        tokenizer = AlbefTokenizer(Weights(Path(spec.weights)).vocabulary(options.vocabulary))
        towers = albef(options.backbone, image_size, tokenizer.vocab_size, options.dropout)
        return Pretraining(towers, tokenizer, options.hardness)

    return train_towers(spec, build, out)
