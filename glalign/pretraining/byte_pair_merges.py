"""Byte pair encoding (Sennrich et al. 2016): the merges that words give, and the steps in which they apply."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

Pair = tuple[str, str]


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


def merge_steps(symbols: Sequence[str], order: Mapping[Pair, int]) -> list[list[str]]:
    """The symbols of a word before each of its merges, as given first; what all of them make is not included.

    order: the pairs that are merged and their places; like a tokenizer, the first pair in this order is merged first.
    """
    current, found = list(symbols), []
    while known := [pair for pair in pairwise(current) if pair in order]:
        found.append(current)
        current = _merged(current, min(known, key=order.__getitem__))
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
