"""Noun chunks of Vietnamese captions: by parts of speech, or keywords and the modifiers after them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from glalign.language.lexicon import Keyword, grammar
from glalign.language.noun_chunks import Chunk, ParsedCaption
from glalign.language.segmentation import join_syllables, segment, to_nfc
from glalign.language.spacy_import import without_torch
from glalign.support.clock import clock
from glalign.support.errors import UserError


def noun_chunks(captions: Iterable[str], segmenter: str) -> Iterator[ParsedCaption]:
    """Yield each caption, in order, with the noun chunks of the pipeline of `spacy_pipeline_vi` (D20).

    segmenter: as in `segment`. Raises: UserError when spaCy or the segmenter is not installed.
    """
    nlp = _pipeline(segmenter)
    for caption in captions:
        plain, places = _readable(caption)
        doc = nlp(plain)
        text = join_syllables(plain, ((token.idx, token.idx + len(token)) for token in doc if not token.is_space))
        yield ParsedCaption(text, tuple(map(_chunk, doc.noun_chunks)), places=places)


def without_chunks(captions: Iterable[str], segmenter: str) -> Iterator[ParsedCaption]:
    """Yield each caption, in order, with the syllables of its words joined and without chunks."""
    for caption in captions:
        plain, places = _readable(caption)
        spans = ((word.start, word.end) for word in segment(plain, segmenter))
        yield ParsedCaption(join_syllables(plain, spans), places=places)


def _readable(caption: str) -> tuple[str, Sequence[int]]:
    """Return a caption in NFC without hyphens inside words ("sơ-mi"), and the places as of `to_nfc`."""
    plain, places = to_nfc(caption)
    return re.sub(r"(?<=[^\W\d_])-(?=[^\W\d_])", " ", plain), places


def complete_chunks(parse: ParsedCaption, keywords: list[Keyword]) -> list[Chunk]:
    """Add a chunk for each keyword outside all chunks, of other keywords too; in the order of the text."""
    text, chunks = parse.text, list(parse.chunks)
    for number, keyword in enumerate(keywords):
        if _is_classifier(text, keyword, keywords[number + 1 :]):
            continue
        if not any(chunk.start < keyword.end and keyword.start < chunk.end for chunk in chunks):
            limits = [chunk.start for chunk in chunks if chunk.start >= keyword.end]
            limits += [other.start for other in keywords[number + 1 :] if _is_separate(text, keyword, other)]
            before = max((chunk.end for chunk in chunks if chunk.end <= keyword.start), default=0)
            chunks.append(keyword_chunk(text, keyword, before, min(limits, default=len(text))))
    return sorted(chunks, key=lambda chunk: chunk.start)


def keyword_chunk(text: str, keyword: Keyword, free_from: int = 0, free_to: int | None = None) -> Chunk:
    """Return a keyword with the numeral and classifier before it and the modifiers after it, up to a stop word or sign.

    text: with joined syllables. The phrase stays between the characters `free_from` and `free_to`. "và" is part of it
    only between two colours, "ngoài" only before one.
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
        before, after = (words[number + step][0] if 0 <= number + step < len(words) else "" for step in (-1, 1))
        joins = word == "và" and {before, after} <= set(rules["colours"])
        joins = joins or (word in rules["layers"] and after in ("màu", "mầu", *rules["colours"]))
        joins = joins or (word in rules["lengths"] and after in rules["pieces"])
        if text[keyword.end + read : keyword.end + begin].strip() or (word in stops and not joins):
            break
        read = stop
        if not joins and word not in rules["relatives"]:
            end = keyword.end + stop
    return Chunk(start, end, (keyword.start, end))


def _is_classifier(text: str, keyword: Keyword, later: list[Keyword]) -> bool:
    """Whether a keyword is the classifier of the next one ("cặp" in "một cặp kính")."""
    word = text[keyword.start : keyword.end].lower()
    return word in grammar("vi")["counts"] and bool(later) and text[keyword.end : later[0].start].isspace()


def _is_separate(text: str, keyword: Keyword, other: Keyword) -> bool:
    """Whether a later keyword has another region and neither of the two names a part of the other's object."""
    rules = grammar("vi")
    first, second = (text[found.start : found.end].lower() for found in (keyword, other))
    part = text[keyword.end : other.start].isspace() and first in rules["pieces"] + rules["parts"]
    return keyword.regions != other.regions and second not in rules["pieces"] and not part


def _chunk(span: Any) -> Chunk:
    """Convert a spaCy span; its head is the noun after numerals and classifiers."""
    head = next((token.idx for token in span if token.tag_.startswith("N") and token.tag_ != "Nc"), span.start_char)
    return Chunk(span.start_char, span.end_char, (head, span.end_char))


@cache
def _stops() -> frozenset[str]:
    """Words at which the phrase of a keyword ends."""
    rules = grammar("vi")
    listed = [word for tag in ("V", "E", "R", "C", "M", "Nc") for word in rules["tags"][tag]]
    return frozenset(listed + rules["people"] + rules["closing"]) - set(rules["relatives"])


@cache
def _pipeline(segmenter: str) -> Any:
    try:
        with without_torch(), clock.span("imports"):
            from glalign.language.spacy_pipeline_vi import pipeline  # noqa: PLC0415

        return pipeline(segmenter)
    except ImportError as error:
        raise UserError(f"{error.name} is not installed: pip install {error.name}") from error
