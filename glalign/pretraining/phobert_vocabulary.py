"""The tiny PhoBERT's vocabulary: byte pair encoding of segmented captions, in PhoBERT's two file formats."""

import string
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise

from glalign.language.phobert_tokenizer import CONTINUATION
from glalign.language.segmentation import segment, standard_tones, to_nfc
from glalign.support.errors import UserError

MARKS, END = 5, "</w>"
"""Number of special tokens <s>, <pad>, </s>, <unk> and <mask>, which have ids but are in neither file; and what follows
the last letter of a word in the file of merges."""

Pair = tuple[str, str]


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


def merge(words: dict[str, list[str]], counts: Counter[str], most: int) -> list[tuple[str, str, int]]:
    """Merge the most frequent pair of neighbouring symbols, at most `most` times; `words` is changed in place.

    counts: occurrences of each word. Returns: (left, right, occurrences) of each merge, in order.
    """
    numbers: Counter[Pair] = Counter()
    holders: defaultdict[Pair, set[str]] = defaultdict(set)
    for word, symbols in words.items():
        for pair in pairwise(symbols):
            numbers[pair] += counts[word]
            holders[pair].add(word)
    codes: list[tuple[str, str, int]] = []
    while len(codes) < most and numbers:
        pair = min(numbers, key=lambda pair: (-numbers[pair], pair))
        if (number := numbers[pair]) < 2:
            break
        codes.append((*pair, number))
        for word in holders[pair]:
            old, new = words[word], _merged(words[word], pair)
            words[word] = new
            for change, symbols in ((-counts[word], old), (counts[word], new)):
                for neighbours in pairwise(symbols):
                    numbers[neighbours] += change
                    holders[neighbours] |= {word} if change > 0 else set()
        numbers = +numbers  # drops pairs with no occurrence left
    return codes


def partial_merges(word: str, order: Mapping[Pair, int]) -> list[list[str]]:
    """The pieces of a word before each of its merges, single letters first; the whole word is not included.

    order: the pairs of bpe.codes and their places in it; like the tokenizer, the first pair in this order is merged
    first.
    """
    symbols, found = [*word[:-1], word[-1] + END], []
    while known := [pair for pair in pairwise(symbols) if pair in order]:
        found.append([_piece(symbol) for symbol in symbols])
        symbols = _merged(symbols, min(known, key=order.__getitem__))
    return found


def _merged(symbols: list[str], pair: Pair) -> list[str]:
    """The symbols of a word with each occurrence of the pair, from the left, merged."""
    merged: list[str] = []
    for symbol in symbols:
        if merged and (merged[-1], symbol) == pair:
            merged[-1] += symbol
        else:
            merged.append(symbol)
    return merged


def _piece(symbol: str) -> str:
    """A symbol of the merges in the notation of the vocabulary."""
    return symbol.removesuffix(END) if symbol.endswith(END) else symbol + CONTINUATION
