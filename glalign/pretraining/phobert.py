"""The tiny PhoBERT: masked pieces of segmented Vietnamese captions, as RoBERTa's (Nguyen and Nguyen 2020)."""

from pathlib import Path
from typing import Any

from glalign.contract.specs.twins import PretrainSpec
from glalign.language.phobert_tokenizer import CONTINUATION, PhoBertFileTokenizer
from glalign.models.towers.phobert import phobert
from glalign.pretraining.bert import MaskedWords
from glalign.pretraining.phobert_vocabulary import partial_merges
from glalign.pretraining.words import Learner, Options, Spellings, pretrain_words
from glalign.storage.weight_files import Weights
from glalign.storage.whole_files import lines_of, read_text


def pretrain_phobert(spec: PretrainSpec, out: Path) -> dict[str, Any]:
    """Train PhoBERT on masked words, see `pretrain_words`."""

    def build(options: Options, weights: Weights) -> Learner:
        files = weights.phobert_vocabulary(options.vocabulary)
        tokenizer = PhoBertFileTokenizer(*files, options.max_tokens)
        encoder = phobert(options.backbone, tokenizer.vocab_size)
        model = MaskedWords(encoder, encoder.roberta.config.layer_norm_eps, tokenizer)
        return Learner(model, tokenizer, spellings(*files, tokenizer))

    return pretrain_words(spec, build, out)


def spellings(vocabulary: Path, merges: Path, tokenizer: PhoBertFileTokenizer) -> Spellings:
    """Map the id of every whole word to its pieces before each of its merges, single letters first."""
    lines = lines_of(read_text(merges))
    order = {(left, right): place for place, (left, right, _) in enumerate(map(str.split, lines))}
    pieces = [line.rsplit(" ", 1)[0] for line in lines_of(read_text(vocabulary))]
    index = {piece: number for number, piece in enumerate(pieces, start=tokenizer.unknown_id + 1)}
    words = [piece for piece in pieces if not piece.endswith(CONTINUATION)]
    found = {index[word]: [[index[piece] for piece in ids] for ids in partial_merges(word, order)] for word in words}
    return {word: spelt for word, spelt in found.items() if spelt}
