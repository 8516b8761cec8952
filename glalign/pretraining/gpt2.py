"""The tiny GPT-2: the next pieces of English captions (Radford et al. 2019)."""

from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from glalign.contract.specs.twins import PretrainSpec
from glalign.language.gpt2_tokenizer import Gpt2Tokenizer
from glalign.models.towers.gpt2 import SHAPES, Gpt2, gpt2
from glalign.pretraining.byte_pair_merges import merge_steps
from glalign.pretraining.words import Learner, Options, Spellings, WordModel, pretrain_words
from glalign.storage.json_files import read_json
from glalign.storage.weight_files import Weights


class NextWords(WordModel):
    """An encoder with GPT-2's head, the embedding table as decoder."""

    def __init__(self, encoder: Gpt2):
        super().__init__(encoder)
        self.words = encoder.words

    def predicted(self, ids: Tensor, lengths: Tensor, stream: Generator) -> tuple[Tensor, Tensor]:
        """Logits (M, V) of every piece but the first of a caption, its end mark included, and their true ids (M,)."""
        followed = torch.arange(1, ids.shape[1]) < lengths[:, None]
        states = self.encoder(ids, lengths)[:, :-1][followed]
        return F.linear(states, self.words.weight), ids[:, 1:][followed]


def pretrain_gpt2(spec: PretrainSpec, out: Path) -> dict[str, Any]:
    """Train GPT-2 on next words, see `pretrain_words`."""

    def build(options: Options, weights: Weights) -> Learner:
        path = weights.vocabulary(options.vocabulary)
        tokenizer = Gpt2Tokenizer(path, options.max_tokens, SHAPES[options.backbone].positions)
        return Learner(NextWords(gpt2(options.backbone, tokenizer.vocab_size)), tokenizer, spellings(path))

    return pretrain_words(spec, build, out)


def spellings(path: Path) -> Spellings:
    """Map the id of every merged piece of a vocabulary to its pieces before each of its merges, single bytes first."""
    model = read_json(path)["model"]
    index: dict[str, int] = model["vocab"]
    order = {(left, right): place for place, (left, right) in enumerate(model["merges"])}
    merged = {left + right for left, right in order}
    return {index[piece]: [[index[part] for part in step] for step in merge_steps([*piece], order)] for piece in merged}
