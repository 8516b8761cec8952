"""PhoBERT's tokenizer (Nguyen and Nguyen 2020): word segmentation, then byte pair encoding with its two files."""

from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from glalign.contract.tokenizer import Span
from glalign.language.segmentation import Word, load_segmenter, segment, standard_tones, to_nfc
from glalign.support.errors import UserError

MAX_TOKENS = 256
"""Longest input that PhoBERT was trained on, including start and end token."""

CONTINUATION = "@@"
"""Suffix of every piece of a word but the last."""


class PhoBertFileTokenizer:
    """`<s>` pieces `</s>` of segmented words, from a vocabulary ("piece count") and a list of merges ("a b count").

    ids: <s> 0, <pad> 1, </s> 2, <unk> 3, the pieces in the order of their file, <mask> last. The vocabulary is cased;
    lower_case lower-cases words all the same (D6). A truncated text keeps its end token. transformers' tokenizer
    splits the words. Tone marks stand on the second vowel (`standard_tones`), as in the text that PhoBERT was trained
    with. Its words were those of vncorenlp; pyvi's differ (docs/vietnamese.md). Raises: UserError naming a file
    that is missing or not PhoBERT's.
    """

    pad_id, sot_id, eot_id, unknown_id = 1, 0, 2, 3

    def __init__(
        self,
        vocabulary: Path | str,
        merges: Path | str,
        context_length: int = MAX_TOKENS,
        *,
        lower_case: bool = False,
        segmenter: str = "pyvi",
    ):
        if not 3 <= context_length <= MAX_TOKENS:
            raise UserError(f"model.context_length: {context_length}; PhoBERT reads 3 to {MAX_TOKENS} tokens")
        load_segmenter(segmenter)  # fails now, not at the first caption, if it is missing
        self._pieces = _pieces(Path(vocabulary), Path(merges))
        self.mask_id = self._pieces.mask_token_id
        self.vocab_size = self.mask_id + 1
        self.context_length = context_length
        self._lower_case, self._segmenter = lower_case, segmenter

    def encode(self, text: str) -> tuple[list[int], list[Span]]:
        """Return ids with start and end token, and their spans in `text`."""
        ids: list[int] = []
        spans: list[Span] = []
        plain, places = to_nfc(text)
        for word in segment(standard_tones(plain), self._segmenter):
            pieces = self._pieces.bpe(word.text.lower() if self._lower_case else word.text).split(" ")
            ids += self._pieces.convert_tokens_to_ids(pieces)
            spans += [(places[start], places[end]) for start, end in piece_spans(word, pieces)]
        room = self.context_length - 2
        return [self.sot_id, *ids[:room], self.eot_id], [(0, 0), *spans[:room], (0, 0)]


def piece_spans(word: Word, pieces: list[str]) -> list[Span]:
    """Return the span of each piece of a word; "_" in a piece is the blank between syllables.

    If the pieces have more or fewer letters than the text (two blanks, a lower case of another length), each has the
    span of the whole word.
    """
    ends = list(accumulate([len(piece) - len(CONTINUATION) for piece in pieces[:-1]] + [len(pieces[-1])]))
    if ends[-1] != word.end - word.start:
        return [(word.start, word.end)] * len(pieces)
    return [(word.start + start, word.start + end) for start, end in pairwise([0, *ends])]


def _pieces(vocabulary: Path, merges: Path) -> Any:
    """Load transformers' tokenizer from these files."""
    from transformers import PhobertTokenizer  # noqa: PLC0415

    try:
        with merges.open(encoding="utf-8") as lines:
            if len(next(lines, "").split()) != len(("left", "right", "count")):
                raise ValueError("expected '<left> <right> <cnt>'")
        return PhobertTokenizer(str(vocabulary), str(merges))
    except Exception as error:  # the library raises nothing narrower
        raise UserError(f"{vocabulary}, {merges}: no vocabulary of PhoBERT ({error}); fetch both again") from error
