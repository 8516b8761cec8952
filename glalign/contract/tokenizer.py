"""The interface of a tokenizer, and the default way to split a caption into words."""

import re
import string
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol
from unicodedata import category

Span = tuple[int, int]
"""Start and end of a stretch of characters; (0, 0) for a token without characters, such as a start mark."""

WordSplitter = Callable[[str], Sequence[tuple[str, Span]]]
"""Splits a caption into words, each with its span in the caption."""


class Tokenizer(Protocol):
    """Turns a caption into token ids; every system has one."""

    @property
    def pad_id(self) -> int:
        """Id of the padding."""

    @property
    def eot_id(self) -> int | None:
        """Id of the end-of-text mark; None if the vocabulary has none."""

    @property
    def mask_id(self) -> int | None:
        """Id of the mask; None if the vocabulary has none."""

    @property
    def vocab_size(self) -> int:
        """Number of ids."""

    @property
    def context_length(self) -> int:
        """Longest caption in tokens, marks included."""

    def encode(self, text: str) -> tuple[list[int], list[Span]]:
        """Return the ids of a normalised caption, at most `context_length` of them, and the span of each."""
        ...


class MarkedTokenizer(Tokenizer, Protocol):
    """A tokenizer that puts a caption between a start mark and an end mark, and has a mask."""

    @property
    def sot_id(self) -> int:
        """Id of the start mark."""

    @property
    def eot_id(self) -> int:
        """Id of the end mark."""

    @property
    def mask_id(self) -> int:
        """Id of the mask."""


def is_cut(text: str, spans: Sequence[Span], context_length: int) -> bool:
    """Whether letters or digits follow the last token of a text that fills the context. spans: of its tokens.

    >>> is_cut("a red shirt", [(0, 1), (2, 5)], context_length=2)
    True
    """
    return len(spans) >= context_length and any(map(str.isalnum, text[max(end for _, end in spans) :]))


def count_cut(texts: Iterable[str], tokenizer: Tokenizer) -> int:
    """Count the texts that a tokenizer does not read to their end."""
    return sum(is_cut(text, tokenizer.encode(text)[1], tokenizer.context_length) for text in texts)


def split_words(text: str) -> list[tuple[str, Span]]:
    """Split at blanks and - . , ( ) as Dual-path's dictionary does (Zheng et al. 2020); words with their spans.

    >>> [word for word, _ in split_words("A T-shirt (red).")]
    ['A', 'T', 'shirt', 'red']
    """
    return [(match.group(), match.span()) for match in re.finditer(r"[^\s\-.,()]+", text)]


def unpunctuated_words(text: str) -> list[tuple[str, Span]]:
    """Split at blanks and delete all punctuation, as GNA-RNN and ViTAA do; words with their spans.

    Punctuation is Python's ASCII signs (Jarr0d/ViTAA@0bd7638, its conversion of annotations) and Unicode's, without
    "_", which joins the syllables of a Vietnamese word.

    >>> unpunctuated_words("A T-shirt; man's")
    [('A', (0, 1)), ('Tshirt', (2, 9)), ('mans', (11, 16))]
    """
    words = []
    for match in re.finditer(r"\S+", text):
        kept = [place for place in range(*match.span()) if _is_no_sign(text[place])]
        if kept:
            words.append(("".join(text[place] for place in kept), (kept[0], kept[-1] + 1)))
    return words


def _is_no_sign(letter: str) -> bool:
    return letter.isalnum() or letter == "_" or (letter not in string.punctuation and category(letter)[0] != "P")
