"""Where the noun phrases of a Vietnamese caption are: by words and parts of speech, or by keywords and what follows."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from glalign.language.chunks_en import Chunk, Parse
from glalign.language.lexicon import Keyword, grammar
from glalign.language.segmentation import composed, joined, segment
from glalign.support.errors import UserError


def noun_chunks(captions: Iterable[str], segmenter: str) -> Iterator[Parse]:
    """The noun chunks of each caption in order, by the pipeline of `spacy_vi` (D20).

    segmenter: as of `segment`. Raises: UserError when spaCy or the segmenter is not installed.
    """
    nlp = _pipeline(segmenter)
    for caption in captions:
        plain, places = composed(caption)
        doc = nlp(plain)
        text = joined(plain, ((token.idx, token.idx + len(token)) for token in doc if not token.is_space))
        yield Parse(text, tuple(map(_chunk, doc.noun_chunks)), places=places)


def segmented(captions: Iterable[str], segmenter: str) -> Iterator[Parse]:
    """The captions with their words joined, and no chunks."""
    for caption in captions:
        plain, places = composed(caption)
        yield Parse(joined(plain, ((word.start, word.end) for word in segment(plain, segmenter))), places=places)


def completed(text: str, parse: Parse, keywords: list[Keyword]) -> list[Chunk]:
    """The chunks, and for each keyword outside all of them and outside another keyword's phrase a phrase of its own."""
    pieces = list(parse.chunks)
    for number, keyword in enumerate(keywords):
        if _counts(text, keyword, keywords[number + 1 :]):
            continue
        if not any(piece.start < keyword.end and keyword.start < piece.end for piece in pieces):
            limits = [piece.start for piece in pieces if piece.start >= keyword.end]
            limits += [other.start for other in keywords[number + 1 :] if _is_apart(text, keyword, other)]
            before = max((piece.end for piece in pieces if piece.end <= keyword.start), default=0)
            pieces.append(keyword_chunk(text, keyword, before, min(limits, default=len(text))))
    return sorted(pieces, key=lambda piece: piece.start)


def keyword_chunk(text: str, keyword: Keyword, free_from: int = 0, free_to: int | None = None) -> Chunk:
    """A keyword, the numeral and classifier before it, and the modifiers behind it as far as a stop word or a sign.

    text: with joined words. Nothing before `free_from` or from `free_to` on is taken. "và" is crossed between two
    colours only, "ngoài" before one.
    """
    rules, stops = grammar("vi"), _stops()
    start, end = keyword.start, keyword.end
    for match in reversed(list(re.finditer(r"\w+", text[free_from:start]))):
        if match.group().lower() not in rules["counts"] or text[free_from + match.end() : start].strip():
            break
        start = free_from + match.start()
    words = [(match.group().lower(), match.span()) for match in re.finditer(r"\w+", text[end:free_to])]
    read = 0
    for number, (word, (begin, stop)) in enumerate(words):
        before, behind = (words[number + step][0] if 0 <= number + step < len(words) else "" for step in (-1, 1))
        joins = word == "và" and {before, behind} <= set(rules["colours"])
        joins = joins or (word in rules["layers"] and behind in ("màu", "mầu", *rules["colours"]))
        if text[keyword.end + read : keyword.end + begin].strip() or (word in stops and not joins):
            break
        read = stop
        if not joins and word not in rules["relatives"]:
            end = keyword.end + stop
    return Chunk(start, end, head=keyword.start)


def _counts(text: str, keyword: Keyword, behind: list[Keyword]) -> bool:
    """Whether a keyword is the classifier of the next one ("cặp" in "một cặp kính")."""
    word = text[keyword.start : keyword.end].lower()
    return word in grammar("vi")["counts"] and bool(behind) and text[keyword.end : behind[0].start].isspace()


def _is_apart(text: str, keyword: Keyword, other: Keyword) -> bool:
    """Whether a later keyword is of another region and no part of the first one's thing, nor the other way round."""
    rules = grammar("vi")
    first, second = (text[found.start : found.end].lower() for found in (keyword, other))
    part = text[keyword.end : other.start].isspace() and first in rules["pieces"] + rules["parts"]
    return keyword.regions != other.regions and second not in rules["pieces"] and not part


def _chunk(span: Any) -> Chunk:
    """A spaCy span as a chunk, with the noun behind its numerals and classifiers as its head."""
    head = next((token.idx for token in span if token.tag_.startswith("N") and token.tag_ != "Nc"), span.start_char)
    return Chunk(span.start_char, span.end_char, head=head)


@cache
def _stops() -> frozenset[str]:
    """Words that no phrase of a keyword runs across."""
    rules = grammar("vi")
    listed = [word for tag in ("V", "E", "R", "C", "M", "Nc") for word in rules["tags"][tag]]
    return frozenset(listed + rules["people"] + rules["closing"]) - set(rules["relatives"])


@cache
def _pipeline(segmenter: str) -> Any:
    try:
        from glalign.language.spacy_vi import pipeline  # noqa: PLC0415

        return pipeline(segmenter)
    except ImportError as error:
        raise UserError(f"{error.name} is not installed: pip install {error.name}") from error
