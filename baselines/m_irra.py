"""M-IRRA (APSIPA-VN 2024): IRRA with a multilingual text tower, for Vietnamese and English captions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, cast

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from baselines.irra import Irra
from baselines.irra import Options as IrraOptions
from glalign.config.from_mapping import from_mapping
from glalign.contract.retriever import Batch
from glalign.contract.tokenizer import MarkedTokenizer
from glalign.contract.training_info import TrainingInfo
from glalign.models.losses.masking import at_least_one, mask_tokens
from glalign.models.towers.clip_block import QuickGELU
from glalign.models.towers.multilingual import MultilingualTowers, multilingual_towers
from glalign.storage.weight_files import Weights

MASKED_SHARE = 0.15
"""Of the words, as in IRRA (anosorae/IRRA@cfc2378, its dataset code)."""


@dataclass(frozen=True)
class Options(IrraOptions):
    """The `model:` keys: those of IRRA with its values, and those of the other text tower.

    backbone, weights: both towers and their file (open_clip's xlm-roberta-base-ViT-B-32). vocabulary: its tokenizer's
    file. text_dropout: XLM-R's own. tie_head: the vocabulary head shares the text tower's word embeddings; false gives
    IRRA's own linear layer, 128 million values for XLM-R's 250,002 words.
    """

    backbone: str = "xlm-roberta-base-vit-b-32"
    weights: str = "xlm-roberta-base-vit-b-32"
    vocabulary: str = "xlm-roberta-base"
    text_dropout: float = 0.1
    tie_head: bool = True


class MIrra(Irra):
    """IRRA's losses over a ViT and an XLM-R that were trained together on captions in many languages.

    Source: the paper has no released code and its text was not read; the parts that it shares with IRRA are taken from
    IRRA (anosorae/IRRA@cfc2378), the towers from open_clip's xlm-roberta-base-ViT-B-32 (trained on LAION-5B).

    Kept: everything that IRRA keeps, as its own record says: SDM with temperature .02, identity loss and masked words
    with weight 1 each, the cross-attention with 4 blocks, the initialisation, the learning-rate rules by parameter name
    (XLM-R has the rate of the towers), captions masked for all losses. Of the towers: ViT-B/32 with GELU, here at 384 x
    128 pixels (12 x 4 patches); XLM-R base with its dropout of .1, the mean over all tokens of a caption but the
    padding, an MLP 768-640-512 with GELU and without biases; 77 tokens. Optimiser, rates, epochs, batch size and
    augmentation are IRRA's `optim:`, `budget:` and `data:` values.

    Changed, because the tower demands it: the feature of a caption is that of the mean token, not of an end mark; marks
    and padding are found by XLM-R's ids (mask 250,001, padding 1); no token attends to padding in the tower. Its tokens
    are 768 wide and IRRA's cross-attention works in the joint space: the MLP that projects the mean token projects
    every token. The vocabulary head is tied to XLM-R's table of word vectors (`tie_head`), as in XLM-R's own training:
    a separate head would have 128.5 of 514 million parameters, nearly all for words that occur in no caption.

    Simplified: as IRRA's own record says.

    Not done: changes to IRRA beyond the text tower that the paper may have made. No model with published weights pairs
    IRRA's ViT-B/16 and 512 channels with a multilingual text tower, and the paper's choice is not known.

    At a disadvantage: patches of 32 pixels, where IRRA has 16. In the demo the text tower of the tiny twin has been
    pre-trained from random values, in 4,000 steps on English and Vietnamese captions of the same people, as many of
    each; the tiny CLIP of the English systems has had as many steps on English captions alone.
    """

    options: Options

    @classmethod
    def build(cls, model: Mapping[str, Any], image_size: tuple[int, int], info: TrainingInfo, weights: Weights) -> Self:
        options = from_mapping(Options, model, "model")
        vocabulary = weights.vocabulary(options.vocabulary)
        towers = multilingual_towers(options.backbone, image_size, vocabulary, options.text_dropout)
        weights.fill(towers, options.weights)
        return cls(options, towers, info.identities)

    def mask_captions(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """See `Irra.mask_captions`; marks are found by their ids, which are not the largest ones here."""
        return mask_word_pieces(batch.on_host.tokens, self.tokenizer, batch.generator)

    def make_mlm_head(self, width: int) -> nn.Module:
        """See `Irra.make_mlm_head`."""
        if not self.options.tie_head:
            return super().make_mlm_head(width)
        return TiedHead(width, cast(MultilingualTowers, self.towers).text.transformer.embeddings.word_embeddings)


class TiedHead(nn.Module):
    """IRRA's vocabulary head whose last layer shares the word embeddings; (M, width) -> (M, words)."""

    def __init__(self, width: int, embedding: nn.Embedding):
        super().__init__()
        self.dense, self.act = nn.Linear(width, embedding.embedding_dim), QuickGELU()
        nn.init.normal_(self.dense.weight, std=(2 * width) ** -0.5)  # as IRRA's head
        self.norm = nn.LayerNorm(embedding.embedding_dim)
        self.bias = nn.Parameter(torch.zeros(embedding.num_embeddings))
        self._words = (embedding,)  # in a tuple: it is registered in the text tower alone

    def forward(self, hidden: Tensor) -> Tensor:
        """Return the logits of all words."""
        return F.linear(self.norm(self.act(self.dense(hidden))), self._words[0].weight, self.bias)


def mask_word_pieces(ids: Tensor, tokenizer: MarkedTokenizer, generator: Generator | None) -> tuple[Tensor, Tensor]:
    """Mask as IRRA does, for marks with any ids; returns a masked copy of `ids` (B, T) and the positions to predict.

    Every token but the marks and the padding may be chosen, at least one per caption. A random token is any other of
    the vocabulary; the marks are at its beginning, the mask of XLM-R at its end.
    """
    marks = (tokenizer.pad_id, tokenizer.sot_id, tokenizer.eot_id, tokenizer.mask_id)
    ordinary = ~torch.isin(ids, torch.tensor(marks, device=ids.device))
    last = tokenizer.vocab_size - (tokenizer.mask_id == tokenizer.vocab_size - 1)
    others = (1 + max(mark for mark in marks if mark < last), last)
    masked, chosen = mask_tokens(ids, ordinary, tokenizer.mask_id, others, MASKED_SHARE, generator)
    return at_least_one(masked, chosen, ordinary, tokenizer.mask_id)
