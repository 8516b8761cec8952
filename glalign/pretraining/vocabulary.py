"""The vocabulary of a twin: words of captions of people who are in no benchmark split, and single letters."""

import math
import string
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from glalign.contract.specs.twins import VocabularySpec
from glalign.language.tokenizers import FileTokenizer
from glalign.pretraining.corpus import draw_captions
from glalign.pretraining.gpt2_vocabulary import make_gpt2_vocabulary
from glalign.pretraining.phobert_vocabulary import make_phobert_vocabulary
from glalign.storage.whole_files import write_text

UNKNOWN = {"bert": "[UNK]", "roberta": "<unk>"}


def make_vocabulary(spec: VocabularySpec, vocabulary: Path) -> None:
    """Write a tokenizer.json of the family: WordPiece, lower-cased, as BERT's; Unigram, cased, as XLM-R's; or GPT-2's.

    GPT-2's is of `make_gpt2_vocabulary`. The pieces of the others are whole words, most frequent first, and letters for
    all other words. The trainers of the tokenizers library are not used: they give different bytes every time, and
    would find little else in sentences this simple.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers  # noqa: PLC0415

    family = spec.family
    if family == "gpt2":
        text = make_gpt2_vocabulary((caption for _, caption in draw_captions(spec.corpus)), spec.size)
        write_text(vocabulary, text)
        return
    marks = [*map(str, FileTokenizer.SPECIAL_TOKENS[family]), UNKNOWN[family]]
    captions = draw_captions(spec.corpus)
    normalizer: Any
    pieces: Any
    if family == "bert":
        normalizer, pieces = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
        counts = _count_words(captions, normalizer, pieces)
        letters = sorted({*string.ascii_lowercase, *string.digits, *"".join(counts)})
        known = [*letters, *(f"##{letter}" for letter in letters if letter.isalnum())]
        entries = [*marks, *_most_frequent(counts, known, spec.size - len(marks))]
        model: Any = models.WordPiece({piece: number for number, piece in enumerate(entries)}, unk_token=marks[-1])
    else:
        normalizer, pieces = normalizers.NFKC(), pre_tokenizers.Metaspace()
        counts = _count_words(captions, normalizer, pieces)
        letters = sorted({*string.ascii_letters, *string.digits, *"".join(counts)})
        entries = _most_frequent(counts, letters, spec.size - len(marks))
        total = counts.total() + len(entries)
        scores = [(mark, 0.0) for mark in marks]
        # A letter is rarer than any word, so that a known word is one piece.
        scores += [(piece, round(math.log((counts[piece] + 1) / total), 6)) for piece in entries]
        model = models.Unigram(scores, unk_id=len(marks) - 1)
    tokenizer = Tokenizer(model)
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, pieces
    write_text(vocabulary, tokenizer.to_str(pretty=True) + "\n")


def make_vocabulary_pair(spec: VocabularySpec, vocabulary: Path, merges: Path) -> None:
    """Write PhoBERT's two files, see `make_phobert_vocabulary`, from the captions of the corpus."""
    pieces, codes = make_phobert_vocabulary((caption for _, caption in draw_captions(spec.corpus)), spec.size)
    write_text(vocabulary, pieces)
    write_text(merges, codes)


def _count_words(captions: Iterable[tuple[int, str]], normalizer: Any, pieces: Any) -> Counter[str]:
    """Count the words of the captions, as the tokenizer splits them."""
    texts = (normalizer.normalize_str(caption) for _, caption in captions)
    return Counter(word for text in texts for word, _ in pieces.pre_tokenize_str(text))


def _most_frequent(counts: Counter[str], letters: list[str], size: int) -> list[str]:
    """The letters and the most frequent words, `size` entries in all."""
    words = sorted((word for word in counts if word not in letters), key=lambda word: (-counts[word], word))
    return [*letters, *words[: max(0, size - len(letters))]]
