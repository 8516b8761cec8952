"""Word segmentation of Vietnamese captions: the syllables of a word are joined by "_"."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache, partial
from itertools import accumulate, pairwise
from typing import NamedTuple

from glalign.contract.tokenizer import Span, WordSplitter, split_words
from glalign.language.lexicon import grammar
from glalign.language.pyvi_models import pyvi_module
from glalign.language.vncorenlp import word_segmenter
from glalign.support.errors import UserError

SEGMENTERS = ("pyvi", "underthesea", "vncorenlp")

PACKAGES = {"vncorenlp": "py_vncorenlp"}
"""Segmenter -> its package on PyPI where that has another name."""

CACHE_SIZE = 2**17
"""Cached texts: every stage reads a caption several times, and few datasets have more than CUHK-PEDES's 80,440."""

TONES = "\u0300\u0301\u0309\u0303\u0323"
"""Grave, acute, hook above, tilde, dot below."""

MOVED = {
    unicodedata.normalize("NFC", first + tone + second): unicodedata.normalize("NFC", first + second + tone)
    for pair in ("oa", "oe", "uy")
    for first, second in ((pair[0], pair[1]), (pair[0].upper(), pair[1]), (pair[0].upper(), pair[1].upper()))
    for tone in TONES
}
"""Vowels with the tone mark on the first -> on the second: 15 pairs, in lower case, capitalised and in upper case."""

TONED = re.compile("|".join(MOVED))


class Word(NamedTuple):
    """A word with "_" between its syllables ("áo_khoác"), in NFC, and its characters in the original text."""

    text: str
    start: int
    end: int


def segment(text: str, segmenter: str = "pyvi") -> list[Word]:
    """Segment a text into its words and signs, in order; blanks belong to a word only between its syllables.

    segmenter: pyvi, or underthesea or vncorenlp, which no requirement installs (D20). A decomposed text (NFD) is
    segmented as NFC; places refer to the text as given. Raises: UserError for another segmenter, one that is not
    installed, or one that changes the text.
    """
    plain, places = to_nfc(text)
    spans = _spans(plain, _cut(re.sub(r"\s", " ", plain), segmenter).split("\n"), segmenter)
    rules = grammar("vi")
    words: list[Word] = []
    for start, end in spans:
        parts = [(start + a, start + b) for a, b in _parts(plain[start:end])]
        words += [Word("_".join(plain[a:b].split()), places[a], places[b]) for a, b in parts]
        pair = "_".join(word.text for word in words[-2:])
        if pair.lower() in rules["together"]:
            words[-2:] = [Word(pair, words[-2].start, words[-1].end)]
    return words


def to_nfc(text: str) -> tuple[str, Sequence[int]]:
    """Return `text` in NFC, and the place in `text` of each character of the NFC and of its end.

    >>> plain, places = to_nfc("a\\u0301o")
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


def standard_tones(text: str) -> str:
    """Move the tone mark of "oa", "oe" and "uy" to the second vowel, as in PhoBERT's training text; NFC stays NFC.

    Both spellings are in use ("xõa", "xoã"). No character changes its place.

    >>> standard_tones("họa tiết XÒE, Thúy")
    'hoạ tiết XOÈ, Thuý'
    """
    return TONED.sub(lambda match: MOVED[match.group()], text)


def _letters(text: str) -> list[int]:
    """Return the places of the letters that do not compose with the characters before them."""
    nfc = partial(unicodedata.normalize, "NFC")
    starts: list[int] = []
    for place, sign in enumerate(text):
        before = text[starts[-1] : place] if starts else ""
        if not starts or not (unicodedata.combining(sign) or nfc(before + sign) != nfc(before) + nfc(sign)):
            starts.append(place)
    return starts


def splitter(segmenter: str | None, without: WordSplitter = split_words) -> WordSplitter:
    """Return a function that splits captions into the words of a segmenter, without signs; of None: `without`.

    >>> [word for word, _ in splitter("pyvi")("Áo khoác đen, quần (dài).")]
    ['Áo_khoác', 'đen', 'quần', 'dài']
    """
    return without if segmenter is None else partial(_named_words, segmenter=segmenter)


def _named_words(text: str, segmenter: str) -> list[tuple[str, Span]]:
    words = segment(text, segmenter)
    return [(word.text, (word.start, word.end)) for word in words if any(map(str.isalnum, word.text))]


@lru_cache(maxsize=CACHE_SIZE)
def _cut(text: str, segmenter: str) -> str:
    """Segment a text without line ends, one word per line: a string takes less memory in the cache than a list."""
    return "\n".join(load_segmenter(segmenter)(text))


@cache
def load_segmenter(segmenter: str) -> Callable[[str], Sequence[str]]:
    """Load the function of a segmenter that splits a text into words, with "_" or a blank between syllables."""
    if segmenter not in SEGMENTERS:
        raise UserError(f"segmenter: {segmenter!r}; choose {', '.join(SEGMENTERS[:-1])} or {SEGMENTERS[-1]}")
    try:
        if segmenter == "pyvi":
            tokenizer = pyvi_module("ViTokenizer")
            return lambda text: tokenizer.tokenize(text).split()
        if segmenter == "vncorenlp":
            return word_segmenter()
        from underthesea import word_tokenize  # noqa: PLC0415
    except ImportError as error:
        remedy = f"pip install {PACKAGES.get(segmenter, segmenter)}, or choose pyvi"
        raise UserError(f"segmenter {segmenter}: {error.name} is not installed; {remedy}") from error
    return lambda text: word_tokenize(text, use_token_normalize=False)


def _parts(word: str) -> list[tuple[int, int]]:
    """Return the places in a segmenter's word of the words that it is: all of its syllables, or a verb and a thing."""
    rules = grammar("vi")
    syllables = [part.span() for part in re.finditer(r"\w+", word)]
    joined = "_".join(word.lower().split())
    if joined in rules["apart"]:
        return syllables
    verb, _, rest = joined.partition("_")
    if verb in rules["apart_verbs"] and any(f"{rest}_".startswith(f"{thing}_") for thing in rules["apart_things"]):
        return [syllables[0], (syllables[1][0], len(word))]
    return [(0, len(word))]


def _spans(text: str, words: Sequence[str], segmenter: str) -> list[tuple[int, int]]:
    """Locate the words of a segmenter in the text by their letters, as segmenters change the blanks."""
    letters = [place for place, sign in enumerate(text) if not (sign.isspace() or sign == "_")]
    lengths = [len(re.sub(r"[\s_]", "", word)) for word in words]
    if sum(lengths) != len(letters):
        raise UserError(f"segmenter {segmenter}: its words are not those of {text!r}; choose another")
    ends = accumulate(lengths)
    return [(letters[end - length], letters[end - 1] + 1) for length, end in zip(lengths, ends, strict=True) if length]


def join_syllables(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Replace the blanks inside words by "_", which changes no place of a character."""
    letters = list(text)
    for start, end in spans:
        letters[start:end] = re.sub(r"\s", "_", text[start:end])
    return "".join(letters)
