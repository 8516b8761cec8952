"""The tiny BERT: masked word pieces of captions (Devlin et al. 2019, section 3.1), without its sentence pairs."""

from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from glalign.contract.specs.twins import PretrainSpec
from glalign.contract.tokenizer import MarkedTokenizer
from glalign.language.tokenizers import FileTokenizer
from glalign.models.losses.masking import mask_tokens
from glalign.models.towers.bert import INIT_STD, Bert, bert
from glalign.models.towers.phobert import PhoBert
from glalign.pretraining.words import Learner, Options, Spellings, WordModel, pretrain_words
from glalign.storage.weight_files import Weights

SHARE = 0.15  # share of word pieces to predict (Devlin et al. 2019)


class MaskedWords(WordModel):
    """An encoder with BERT's head for masked words: linear layer, GELU, LayerNorm, the embedding table as decoder.

    eps: epsilon of the encoder's layer norms.
    """

    def __init__(self, encoder: Bert | PhoBert, eps: float, tokenizer: MarkedTokenizer):
        super().__init__(encoder)
        self.words, self.tokenizer, width = encoder.words, tokenizer, encoder.width
        linear = nn.Linear(width, width)
        self.transform = nn.Sequential(linear, nn.GELU(), nn.LayerNorm(width, eps))
        self.bias = nn.Parameter(torch.zeros(encoder.words.num_embeddings))
        nn.init.normal_(linear.weight, std=INIT_STD)
        nn.init.zeros_(linear.bias)

    def predicted(self, ids: Tensor, lengths: Tensor, stream: Generator) -> tuple[Tensor, Tensor]:
        """Logits (M, V) at masked positions and their true ids (M,); special tokens and padding are never masked."""
        place = torch.arange(ids.shape[1])
        ordinary = (place > 0) & (place < lengths[:, None] - 1)
        vocabulary = (0, self.tokenizer.vocab_size)
        masked, chosen = mask_tokens(ids, ordinary, self.tokenizer.mask_id, vocabulary, SHARE, stream)
        states = self.transform(self.encoder(masked, lengths)[chosen])
        return F.linear(states, self.words.weight, self.bias), ids[chosen]


def pretrain_bert(spec: PretrainSpec, out: Path) -> dict[str, Any]:
    """Train BERT on masked words, see `pretrain_words`."""

    def build(options: Options, weights: Weights) -> Learner:
        path = weights.vocabulary(options.vocabulary)
        tokenizer = FileTokenizer(path, options.max_tokens)
        encoder = bert(options.backbone, tokenizer.vocab_size)
        return Learner(MaskedWords(encoder, encoder.shape.eps, tokenizer), tokenizer, spellings(path))

    return pretrain_words(spec, build, out)


def spellings(path: Path) -> Spellings:
    """Map the id of every whole word of a WordPiece vocabulary to the ids of its letters, if it has all of them."""
    from tokenizers import Tokenizer  # noqa: PLC0415

    index = Tokenizer.from_file(str(path)).get_vocab()
    known = {}
    for word, number in index.items():
        pieces = [word[:1], *(f"##{letter}" for letter in word[1:])]
        if len(pieces) > 1 and all(piece in index for piece in pieces):
            known[number] = [[index[piece] for piece in pieces]]
    return known
