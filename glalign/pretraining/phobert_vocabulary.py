"""The tiny PhoBERT's vocabulary: byte pair encoding of segmented captions, in PhoBERT's two file formats."""

import string
from collections import Counter
from collections.abc import Iterable, Mapping

from glalign.language.phobert_tokenizer import CONTINUATION
from glalign.language.segmentation import segment, standard_tones, to_nfc
from glalign.pretraining.byte_pair_merges import Pair, merge, merge_steps
from glalign.support.errors import UserError

MARKS, END = 5, "</w>"
"""Number of special tokens <s>, <pad>, </s>, <unk> and <mask>, which have ids but are in neither file; and what follows
the last letter of a word in the file of merges."""


def make_phobert_vocabulary(captions: Iterable[str], size: int, segmenter: str = "pyvi") -> tuple[str, str]:
    """Make the texts of vocab.txt ("piece count", most frequent first) and of bpe.codes ("left right count", in order).

    size: largest number of ids, special tokens included. The pieces are every letter of the captions and of ASCII,
    inside a word and at its end, and the results of merges (Sennrich et al. 2016). The same captions in any order give
    the same bytes: of equally frequent pairs the first in the order of code points is merged. A pair that occurs only
    once is not merged.

    Raises: UserError when the letters alone do not fit.
    """
    counts = Counter(
        word.text for caption in captions for word in segment(standard_tones(to_nfc(caption)[0]), segmenter)
    )
    letters = sorted({*string.ascii_letters, *string.digits, *"".join(counts)})
    room = size - MARKS - 2 * len(letters)
    if room < 0:
        raise UserError(f"vocabulary size {size}: the {len(letters)} letters alone need {size - room}")
    words = {word: [*word[:-1], word[-1] + END] for word in counts}
    codes = merge(words, counts, room)
    pieces = Counter({piece: 0 for letter in letters for piece in (letter + CONTINUATION, letter)})
    pieces.update({_piece(left + right): 0 for left, right, _ in codes})
    for word, symbols in words.items():
        for symbol in symbols:
            pieces[_piece(symbol)] += counts[word]
    ranked = sorted(pieces.items(), key=lambda item: (-item[1], item[0]))
    vocabulary = "".join(f"{piece} {count}\n" for piece, count in ranked)
    return vocabulary, "".join(f"{left} {right} {count}\n" for left, right, count in codes)


def partial_merges(word: str, order: Mapping[Pair, int]) -> list[list[str]]:
    """The pieces of a word before each of its merges, see `merge_steps`; the whole word is not included."""
    return [[_piece(symbol) for symbol in step] for step in merge_steps([*word[:-1], word[-1] + END], order)]


def _piece(symbol: str) -> str:
    """A symbol of the merges in the notation of the vocabulary."""
    return symbol.removesuffix(END) if symbol.endswith(END) else symbol + CONTINUATION
