"""The tiny PhoBERT's vocabulary: byte pair encoding of segmented captions, written as PhoBERT's own two files."""

import string
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise

from glalign.language.phobert_tokenizer import CONTINUATION
from glalign.language.segmentation import segment
from glalign.support.errors import UserError

MARKS = 5
"""<s>, <pad>, </s>, <unk> and <mask>, which are in no file but among the ids."""

END = "</w>"
"""Ends the last letter of a word in the file of merges."""

Pair = tuple[str, str]


def make_phobert_vocabulary(captions: Iterable[str], size: int, segmenter: str = "pyvi") -> tuple[str, str]:
    """The texts of vocab.txt ("piece count", most frequent first) and of bpe.codes ("left right count", in order).

    size: most ids, marks included. Pieces: every letter of the captions and of ASCII, inside a word and at its end, and
    one for each merge (Sennrich et al. 2016). The same captions in any order give the same bytes: of pairs equally
    frequent the first in the order of their code points is merged. A pair that occurs once is not.
    Raises: UserError when not even the letters fit.
    """
    counts = Counter(word.text for caption in captions for word in segment(caption, segmenter))
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
    """Merge the most frequent pair of neighbouring symbols of `words`, at most `most` times; the words change.

    counts: how often each word occurs. Returns the pairs with their numbers, in the order of the merges.
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
        number = numbers[pair]
        if number < 2:
            break
        codes.append((*pair, number))
        for word in holders[pair]:
            old = words[word]
            new = words[word] = _merged(old, pair)
            for change, symbols in ((-counts[word], old), (counts[word], new)):
                for neighbours in pairwise(symbols):
                    numbers[neighbours] += change
                    holders[neighbours] |= {word} if change > 0 else set()
        numbers = +numbers  # without the pairs that are no more
    return codes


def halfway(word: str, order: Mapping[Pair, int]) -> list[list[str]]:
    """The pieces of a word before each of its merges, single letters first; the whole word is not among them.

    order: the pairs of bpe.codes and their places in it. As the tokenizer does, the first pair of the order goes first.
    """
    symbols, found = [*word[:-1], word[-1] + END], []
    while known := [pair for pair in pairwise(symbols) if pair in order]:
        found.append([_piece(symbol) for symbol in symbols])
        symbols = _merged(symbols, min(known, key=order.__getitem__))
    return found


def _merged(symbols: list[str], pair: Pair) -> list[str]:
    """The symbols of a word with each occurrence of the pair, from the left, as one."""
    merged: list[str] = []
    for symbol in symbols:
        if merged and (merged[-1], symbol) == pair:
            merged[-1] += symbol
        else:
            merged.append(symbol)
    return merged


def _piece(symbol: str) -> str:
    """A symbol of the merges as the vocabulary writes it."""
    return symbol.removesuffix(END) if symbol.endswith(END) else symbol + CONTINUATION
