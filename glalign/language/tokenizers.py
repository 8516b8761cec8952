"""Tokenizers: captions to token ids with the span of characters of each token."""

import gzip
import html
import importlib.util
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

from glalign.contract.tokenizer import Span, WordSplitter, split_words
from glalign.support.errors import UserError


def normalise_caption(text: str) -> str:
    """Normalise a raw caption: repair broken encodings and HTML entities, collapse and trim blanks.

    This is CLIP's cleaning without its lower-casing. It may change the length, so only the data reader calls it: spans
    of phrases and tokens refer to its result. It is idempotent.

    >>> normalise_caption(" A man&#39;s  shirt ")
    "A man's shirt"
    """
    import ftfy  # noqa: PLC0415  (only readers of raw captions need it)

    while (cleaned := " ".join(html.unescape(html.unescape(ftfy.fix_text(text))).split())) != text:
        text = cleaned
    return text


def clip_tokenizer(merges: int | None = None, context_length: int = 77, lower_case: bool = True) -> "BytePairTokenizer":
    """Return CLIP's tokenizer, or its tiny twin with the first `merges` merges of CLIP's list.

    merges: None for CLIP itself with 49,408 ids, equal to OpenAI's and open_clip's. The twin has 512 bytes (inside and
    at the end of a word), `merges` merges, start and end token. 77 tokens: CLIP's limit (D4). lower_case: as in CLIP
    (D6).
    """
    return BytePairTokenizer(_clip_merges(), merges, context_length, lower_case)


class BytePairTokenizer:
    """Byte pair encoding as in CLIP (Radford et al. 2021): `[start] word pieces [end]`, padded with 0.

    ids: 256 bytes, 256 bytes that end a word, one per merge, start, end (the largest, so that argmax finds it). A
    truncated text keeps its end token. mask_id: the last merge's, as in IRRA ("jekyll" in CLIP's list); a twin omits
    that merge, which would be a common syllable. Start and end tokens written out in a caption are ordinary text.
    """

    pad_id = 0

    def __init__(self, merges: Sequence[tuple[str, str]], keep: int | None, context_length: int, lower_case: bool):
        from tokenizers import Regex, Tokenizer, models, pre_tokenizers  # noqa: PLC0415

        count = len(merges) if keep is None else keep
        if not 0 < count <= len(merges):
            raise UserError(f"merges: {keep}: choose 1 to {len(merges)}, or null for CLIP's own vocabulary")
        kept = merges if keep is None else merges[: count - 1]
        alphabet = byte_letters()
        pieces = [*alphabet, *(letter + "</w>" for letter in alphabet), *(a + b for a, b in kept)]
        self.vocab_size, self.context_length, self.lower_case = 512 + count + 2, context_length, lower_case
        self.mask_id, self.sot_id, self.eot_id = range(self.vocab_size - 3, self.vocab_size)
        vocabulary = {piece: index for index, piece in enumerate(pieces)}
        self._pieces = Tokenizer(models.BPE(vocab=vocabulary, merges=list(kept), end_of_word_suffix="</w>"))
        # English contractions, words, single digits, runs of other signs (the pattern of CLIP's tokenizer).
        words = Regex(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+")
        split = pre_tokenizers.Split(words, behavior="removed", invert=True)
        to_letters = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False, trim_offsets=False)
        self._pieces.pre_tokenizer = pre_tokenizers.Sequence([split, to_letters])

    def encode(self, text: str) -> tuple[list[int], list[Span]]:
        """Return ids with start and end token, and their spans in the normalised `text`."""
        lowered, origin = lower_cased(text) if self.lower_case else (text, None)
        encoded = self._pieces.encode(lowered)
        room = self.context_length - 2
        spans = encoded.offsets[:room]
        if origin is not None:
            spans = [(origin[start], origin[end - 1] + 1) for start, end in spans]
        return [self.sot_id, *encoded.ids[:room], self.eot_id], [(0, 0), *spans, (0, 0)]


class WordTokenizer:
    """Tokens are the words of a dictionary, without start and end token.

    Words have the ids from 1 on in the order given, padding has 0. split: finds the words of a caption, by default
    `split_words`. unknown: give words outside the dictionary the id after the last; else they are skipped, and a
    caption without a known word has no ids. max_words: limit of ids per caption.
    """

    pad_id, eot_id, mask_id = 0, None, None

    def __init__(
        self,
        words: Iterable[str],
        max_words: int,
        *,
        unknown: bool = False,
        lower_case: bool = False,
        split: WordSplitter | None = None,
    ):
        self.words = tuple(words)
        self.context_length = max_words
        self.vocab_size = len(self.words) + 1 + unknown
        self.unknown_id = len(self.words) + 1 if unknown else None
        self._lower_case, self._split = lower_case, split or split_words
        self._index = {word: number for number, word in enumerate(self.words, start=1)}

    @classmethod
    def counted(
        cls,
        counts: Iterable[tuple[str, int]],
        max_words: int,
        min_count: int,
        *,
        lower_case: bool = False,
        **options: Any,
    ) -> "WordTokenizer":
        """Create it from all words that occur at least `min_count` times. counts: as in `TrainingInfo.words`."""
        total: Counter[str] = Counter()
        for word, count in counts:
            total[word.lower() if lower_case else word] += count
        words = [word for word, count in total.items() if count >= min_count]
        return cls(words, max_words, lower_case=lower_case, **options)

    def encode(self, text: str) -> tuple[list[int], list[Span]]:
        """Return ids of the words, and their spans in `text`."""
        words = ((word.lower() if self._lower_case else word, span) for word, span in self._split(text))
        found = ((self._index.get(word, self.unknown_id), span) for word, span in words)
        known = [(number, span) for number, span in found if number is not None][: self.context_length]
        return [number for number, _ in known], [span for _, span in known]


class FileTokenizer:
    """Tokenizer from a file of the tokenizers library (`tokenizer.json`), with the special tokens of its family.

    family: "bert" ([CLS] ... [SEP], WordPiece), "roberta" (<s> ... </s>, as XLM-R) or "gpt2" (see `Gpt2Tokenizer`). The
    file's own settings of special tokens, padding and length are ignored. A truncated text keeps its end token.
    end_mark: whether a text ends in one; of the class.
    """

    end_mark = True
    SPECIAL_TOKENS: ClassVar[dict[str, tuple[str | None, ...]]] = {
        "bert": ("[PAD]", "[CLS]", "[SEP]", "[MASK]"),
        "roberta": ("<pad>", "<s>", "</s>", "<mask>"),
        "gpt2": ("<|endoftext|>", None, "<|endoftext|>", None),
    }
    """Padding, start mark, end mark and mask of each family; None where it has none."""

    def __init__(self, path: Path | str, context_length: int, family: str = "bert"):
        from tokenizers import Tokenizer  # noqa: PLC0415

        try:
            self._pieces = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises nothing narrower
            raise UserError(f"{path}: not a tokenizer.json ({error}); fetch it again") from error
        self._path = path
        self._pieces.no_truncation()
        self._pieces.no_padding()
        marks = self.SPECIAL_TOKENS[family]
        ids: list[Any] = [mark and self._pieces.token_to_id(mark) for mark in marks]
        if missing := [mark for mark, number in zip(marks, ids, strict=True) if mark and number is None]:
            raise UserError(f"{path}: has no token {missing[0]}; it is the vocabulary of another model")
        self.pad_id, self.sot_id, self.eot_id, self.mask_id = ids
        self.vocab_size = self._pieces.get_vocab_size()
        self.context_length = context_length

    def encode(self, text: str) -> tuple[list[int], list[Span]]:
        """Return ids with the marks, and their spans in the normalised `text`."""
        try:
            encoded = self._pieces.encode(text, add_special_tokens=False)
        except Exception as error:  # the library raises nothing narrower, as where a vocabulary lacks its [UNK]
            raise UserError(f"{self._path}: cannot encode {text!r:.80} ({error}); fetch it again") from error
        starts = [] if self.sot_id is None else [self.sot_id]
        ends = [self.eot_id] if self.end_mark else []
        room = self.context_length - len(starts) - len(ends)
        spans = [*((0, 0) for _ in starts), *encoded.offsets[:room], *((0, 0) for _ in ends)]
        return [*starts, *encoded.ids[:room], *ends], spans


def lower_cased(text: str) -> tuple[str, list[int] | None]:
    """Lower-case a text; if that changes its length, also return the original place of each character."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered, None
    return lowered, [index for index, letter in enumerate(text) for _ in letter.lower()]


@lru_cache(maxsize=1)
def _clip_merges() -> tuple[tuple[str, str], ...]:
    """Read CLIP's 48,894 merges from the list in the open_clip package, without importing it."""
    package = importlib.util.find_spec("open_clip")
    if package is None or package.origin is None:
        raise UserError("open_clip is not installed; install the requirements (pip install -e .)")
    path = Path(package.origin).with_name("bpe_simple_vocab_16e6.txt.gz")
    if not path.is_file():
        raise UserError(f"{path}: no such file; reinstall open_clip_torch")
    with gzip.open(path, mode="rt", encoding="utf-8") as lines:
        # The first line is a comment; only the next 48,894 lines are part of CLIP's vocabulary.
        return tuple((left, right) for left, right in map(str.split, islice(lines, 1, 1 + 49_408 - 512 - 2)))


def byte_letters() -> list[str]:
    """Return a printable letter for each byte, in the order of CLIP's and GPT-2's vocabulary: printable bytes first."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in set(printable)]
    return [chr(byte) for byte in printable] + [chr(256 + index) for index in range(len(others))]
