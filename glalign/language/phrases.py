"""Each caption's noun phrases and the body region that each speaks of (Section 3.2 of the paper)."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, TypedDict

from glalign.data.records import read_manifest
from glalign.errors import UserError
from glalign.files import write_text
from glalign.language.chunks import Chunk, Parse, keyword_chunk, noun_chunks
from glalign.language.lexicon import Keyword, Lexicon, grammar, load_lexicon
from glalign.progress import Progress


class Phrase(TypedDict):
    """A noun phrase: its characters in the caption and its region, None when no keyword matches."""

    text: str
    start: int
    end: int
    region: str | None


def extract(
    captions: Iterable[str],
    spec: Mapping[str, Any],
    language: str,
    progress: Callable[[int], None] = lambda done: None,
) -> list[list[Phrase]]:
    """Phrases of each caption, in the order of the text.

    spec: lexicon, chunker ("spacy" or "words"), match, several (D17, D20, D21). With "spacy" a keyword outside every
    chunk still gives a phrase, of the keyword and the modifiers before it; with "words" all phrases are of that kind.
    progress is told how many captions are done since its last call. Raises: UserError for a language without a chunker.
    """
    if language != "en":
        raise UserError(f"phrases in language {language!r} are not available yet; only en is")
    lexicon = load_lexicon(spec["lexicon"], language, spec["match"])
    captions = list(captions)
    copies = Counter(captions)
    unique = list(copies)
    parses = noun_chunks(unique) if spec["chunker"] == "spacy" else (Parse() for _ in unique)
    phrases = {}
    for caption, parse in zip(unique, parses, strict=True):
        phrases[caption] = _phrases(caption, parse, lexicon, spec["several"])
        progress(copies[caption])
    return [phrases[caption] for caption in captions]


def make_phrases(spec: Mapping[str, Any], out: Path) -> None:
    """Write the phrases of every caption of a manifest as JSON lines {"image", "index", "phrases"}.

    spec: manifest, language and the keys of `extract`. Raises: UserError when no phrase of any caption has a region.
    """
    keys = [(r.image, i, caption) for r in read_manifest(spec["manifest"]) for i, caption in enumerate(r.captions)]
    with Progress(f"phrases of {Path(spec['manifest']).stem}", len(keys), "caption") as progress:
        found = extract((caption for _, _, caption in keys), spec, spec["language"], progress.update)
    if not any(phrase["region"] for phrases in found for phrase in phrases):
        raise UserError(f"{spec['manifest']}: no caption names a body region; check the dataset's `language`")
    rows = (
        {"image": image, "index": index, "phrases": phrases}
        for (image, index, _), phrases in zip(keys, found, strict=True)
    )
    write_text(out, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def _phrases(text: str, parse: Parse, lexicon: Lexicon, several: str) -> list[Phrase]:
    """Chunks mended, completed by what they miss, and labelled."""
    keywords = lexicon.find(text)
    pieces = [piece for chunk in _joined(text, parse.chunks) for piece in _divided(chunk, keywords)]
    for keyword in keywords:
        covered = any(piece.start < keyword.end and keyword.start < piece.end for piece in pieces)
        if not covered and keyword.start not in parse.adverbs:
            free_from = max((piece.end for piece in pieces if piece.end <= keyword.start), default=0)
            pieces.append(keyword_chunk(text, keyword, free_from))
    phrases = []
    for piece in _coloured(text, sorted(pieces, key=lambda piece: piece.start), keywords):
        words = text[piece.start : piece.end]
        for region in lexicon.regions_of(words, several) or (None,):
            phrases.append(Phrase(text=words, start=piece.start, end=piece.end, region=region))
    return phrases


def _joined(text: str, chunks: Iterable[Chunk]) -> list[Chunk]:
    """Chunks with "a pair", "of" and "black shoes" made one."""
    containers = set(grammar("en")["containers"])
    joined: list[Chunk] = []
    for chunk in chunks:
        last = joined[-1] if joined else None
        if last and text[last.end : chunk.start].strip() == "of" and containers & set(_words(text, last)[-1:]):
            joined[-1] = Chunk(last.start, chunk.end, (*last.cuts, *chunk.cuts))
        else:
            joined.append(chunk)
    return joined


def _divided(chunk: Chunk, keywords: list[Keyword]) -> list[Chunk]:
    """A chunk that runs two phrases together ("white shirt blue jeans") cut between keywords of different regions."""
    inside = [k for k in keywords if chunk.start <= k.start and k.end <= chunk.end]
    pieces, start = [], chunk.start
    for left, right in pairwise(inside):
        gap = [cut for cut in chunk.cuts if left.end <= cut[0] and cut[1] <= right.start]
        if gap and left.regions != right.regions:
            pieces.append(Chunk(start, gap[0][0]))
            start = gap[0][1]
    return [*pieces, Chunk(start, chunk.end)]


def _coloured(text: str, pieces: list[Chunk], keywords: list[Keyword]) -> list[Chunk]:
    """Pieces that begin after their own colour given it back: spaCy may find "grey" and "shirt" in "white and grey
    striped shirt". A piece of nothing but colours before them is taken in."""
    colours = set(grammar("en")["colours"])
    kept: list[Chunk] = []
    for piece in pieces:
        earlier = [other for other in kept if not set(_words(text, other)) <= colours | {"and"}]
        whole = Chunk(piece.start, piece.end)
        if any(piece.start <= k.start and k.end <= piece.end for k in keywords):
            before = keyword_chunk(text, Keyword(piece.start, piece.end, ()), earlier[-1].end if earlier else 0)
            if colours & set(_words(text, Chunk(before.start, piece.start))):
                whole = before
        kept = [other for other in kept if other.start < whole.start]
        kept.append(whole)
    return kept


def _words(text: str, chunk: Chunk) -> list[str]:
    return re.findall(r"[^\W_]+", text[chunk.start : chunk.end].lower())
