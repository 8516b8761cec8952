"""Vietnamese captions cut into words: syllables that make one word are joined by "_", and each word keeps its place."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from itertools import accumulate, pairwise

from glalign.contract.tokenizer import Span, Split, split_words
from glalign.language.lexicon import grammar
from glalign.support.errors import UserError

SEGMENTERS = ("pyvi", "underthesea")

REMEMBERED = 2**17
"""Texts whose words are kept: every stage reads a caption several times, and more than CUHK-PEDES's 80,440 are rare."""


@dataclass(frozen=True)
class Word:
    """A word with "_" between its syllables ("áo_khoác"), in NFC, and its characters in the text it was cut from."""

    text: str
    start: int
    end: int


def segment(text: str, segmenter: str = "pyvi") -> list[Word]:
    """The words of a text in their order, signs included; blanks belong to a word only between its syllables.

    segmenter: pyvi, or underthesea, which the requirements do not install (D20). A text whose letters are not composed
    (NFD) is cut as its NFC, and the places are those of the text as given. Raises: UserError for another segmenter, one
    that is not installed, or one that changes the text.
    """
    plain, places = composed(text)
    spans = _spans(plain, _cut(re.sub(r"\s", " ", plain), segmenter).split("\n"), segmenter)
    rules = grammar("vi")
    words: list[Word] = []
    for start, end in spans:
        parts = [(start, end)]
        if _word(plain[start:end]).lower() in rules["apart"]:
            parts = [(start + a, start + b) for a, b in (part.span() for part in re.finditer(r"\w+", plain[start:end]))]
        words += [Word(_word(plain[a:b]), places[a], places[b]) for a, b in parts]
        pair = "_".join(word.text for word in words[-2:])
        if pair.lower() in rules["together"]:
            words[-2:] = [Word(pair, words[-2].start, words[-1].end)]
    return words


def composed(text: str) -> tuple[str, Sequence[int]]:
    """`text` in NFC, and the place in `text` of each of its characters and of its end.

    >>> plain, places = composed("a\\u0301o")
    >>> len(plain), places
    (2, [0, 2, 3])
    """
    if unicodedata.is_normalized("NFC", text):
        return text, range(len(text) + 1)
    letters, places = [], []
    for start, end in pairwise([*_letters(text), len(text)]):
        letter = unicodedata.normalize("NFC", text[start:end])
        letters.append(letter)
        places += [min(start + number, end - 1) for number in range(len(letter))]
    return "".join(letters), [*places, len(text)]


def _letters(text: str) -> list[int]:
    """Where each letter begins that composes with nothing before it."""
    nfc = partial(unicodedata.normalize, "NFC")
    starts: list[int] = []
    for place, sign in enumerate(text):
        before = text[starts[-1] : place] if starts else ""
        if not starts or not (unicodedata.combining(sign) or nfc(before + sign) != nfc(before) + nfc(sign)):
            starts.append(place)
    return starts


def splitter(segmenter: str | None) -> Split:
    """How a dictionary of words cuts captions: into the words of a segmenter, without signs, or by `split_words`.

    >>> [word for word, _ in splitter("pyvi")("Áo khoác đen, quần (dài).")]
    ['Áo_khoác', 'đen', 'quần', 'dài']
    """
    return split_words if segmenter is None else partial(_named_words, segmenter=segmenter)


def _named_words(text: str, segmenter: str) -> list[tuple[str, Span]]:
    words = segment(text, segmenter)
    return [(word.text, (word.start, word.end)) for word in words if any(map(str.isalnum, word.text))]


@lru_cache(maxsize=REMEMBERED)
def _cut(text: str, segmenter: str) -> str:
    """The words of a segmenter, one a line; a text has no other line ends, and one string is small to remember."""
    return "\n".join(cutter(segmenter)(text))


@cache
def cutter(segmenter: str) -> Callable[[str], Sequence[str]]:
    """The function of a segmenter that cuts a text into words, with "_" or a blank between syllables."""
    if segmenter not in SEGMENTERS:
        raise UserError(f"segmenter: {segmenter!r}; choose {' or '.join(SEGMENTERS)}")
    try:
        if segmenter == "pyvi":
            from pyvi import ViTokenizer  # noqa: PLC0415  (loads a model of seconds)

            return lambda text: ViTokenizer.tokenize(text).split()
        from underthesea import word_tokenize  # noqa: PLC0415
    except ImportError as error:
        raise UserError(
            f"segmenter {segmenter}: {error.name} is not installed; pip install {segmenter}, or choose pyvi"
        ) from error
    return lambda text: word_tokenize(text, use_token_normalize=False)


def _spans(text: str, words: Sequence[str], segmenter: str) -> list[tuple[int, int]]:
    """Where the words of a segmenter stand in the text: they have its letters, whatever they have for its blanks."""
    solid = [place for place, sign in enumerate(text) if not (sign.isspace() or sign == "_")]
    lengths = [len(re.sub(r"[\s_]", "", word)) for word in words]
    if sum(lengths) != len(solid):
        raise UserError(f"segmenter {segmenter}: its words are not those of {text!r}; choose another")
    ends = accumulate(lengths)
    return [(solid[end - length], solid[end - 1] + 1) for length, end in zip(lengths, ends, strict=True) if length]


def _word(text: str) -> str:
    return "_".join(text.split())


def joined(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """`text` with the blanks inside its words written as "_", so that the words are seen and no place changes."""
    letters = list(text)
    for start, end in spans:
        letters[start:end] = re.sub(r"\s", "_", text[start:end])
    return "".join(letters)
