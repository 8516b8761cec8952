"""Convert captions to tensors: padded token ids, and masks of the tokens inside the phrases of each region."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from glalign.contract.phrase_rows import Phrase, read_phrase_rows
from glalign.contract.records import Record
from glalign.contract.regions import REGIONS
from glalign.contract.tokenizer import Span, Tokenizer, is_cut
from glalign.support.errors import UserError

Phrases = Sequence[Phrase]
"""Noun phrases of one caption."""


class TokenTable:
    """All captions of a set, encoded once.

    tokens: (N, T) int64, padded with the tokenizer's pad id; T is the longest length, at least 1, as a tokenizer may
    know no word of any caption. lengths: (N,) int64. phrases: (N, 5, T) bool, or None. cut: number of captions that the
    tokenizer does not read to their end.
    """

    def __init__(self, captions: Sequence[str], tokenizer: Tokenizer, phrases: Sequence[Phrases] | None = None) -> None:
        encoded = [tokenizer.encode(caption) for caption in captions]
        self.lengths = torch.tensor([len(ids) for ids, _ in encoded], dtype=torch.int64)
        spans_of = zip(captions, (spans for _, spans in encoded), strict=True)
        self.cut = sum(is_cut(caption, spans, tokenizer.context_length) for caption, spans in spans_of)
        longest = max(1, int(self.lengths.max())) if encoded else 1
        self.tokens = torch.full((len(encoded), longest), tokenizer.pad_id, dtype=torch.int64)
        for row, (ids, _) in enumerate(encoded):
            self.tokens[row, : len(ids)] = torch.tensor(ids, dtype=torch.int64)
        self.phrases = None
        if phrases is not None:
            self.phrases = torch.zeros(len(encoded), len(REGIONS), longest, dtype=torch.bool)
            for row, ((_, spans), found) in enumerate(zip(encoded, phrases, strict=True)):
                for region, token in phrase_tokens(found, spans):
                    self.phrases[row, region, token] = True

    def __len__(self) -> int:
        return len(self.tokens)

    def batch(self, indices: Tensor) -> dict[str, Any]:
        """Return the fields tokens, lengths and, if there are any, phrases of a `Batch`, cut to its longest caption."""
        lengths = self.lengths[indices]
        longest = max(1, int(lengths.max()))
        fields = {"tokens": self.tokens[indices, :longest], "lengths": lengths}
        return fields if self.phrases is None else {**fields, "phrases": self.phrases[indices][:, :, :longest]}


def phrase_tokens(phrases: Phrases, spans: Sequence[Span]) -> Iterable[tuple[int, int]]:
    """Yield (region, token) for every token that shares a character with a phrase of the region."""
    for phrase in phrases:
        if phrase["region"] is not None:
            region = REGIONS.index(phrase["region"])
            for token, (start, end) in enumerate(spans):
                if max(start, phrase["start"]) < min(end, phrase["end"]):
                    yield region, token


def read_phrases(path: Path | str, records: Iterable[Record]) -> list[Phrases]:
    """Read the phrases of every caption of the records, in their order.

    Raises: UserError naming a line that is not a row of phrases, or a caption without a row, or that does not contain
    its phrases because the file was made from another manifest.
    """
    rows = read_phrase_rows(path)
    found: list[Sequence[Phrase]] = []
    for record in records:
        for index, caption in enumerate(record.captions):
            phrases = rows.get((record.image, index))
            if phrases is None or any(caption[p["start"] : p["end"]] != p["text"] for p in phrases):
                raise UserError(
                    f"{path}: does not fit caption {index} of {record.image}; delete the file and run the workflow"
                )
            found.append(phrases)
    return found
