"""A spaCy pipeline for Vietnamese captions with noun chunks, which spaCy itself lacks for Vietnamese."""

from collections.abc import Callable, Iterator

from spacy.lang.vi import Vietnamese
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry
from spacy.vocab import Vocab

from glalign.language.noun_chunk_rules_vi import corrected_tags, find_noun_chunks
from glalign.language.pyvi_models import pyvi_module
from glalign.language.segmentation import segment

UNIVERSAL = {
    "N": "NOUN", "Np": "PROPN", "Nc": "NOUN", "Nu": "NOUN", "Ny": "NOUN", "Nb": "NOUN", "A": "ADJ", "V": "VERB",
    "M": "NUM", "L": "DET", "P": "PRON", "R": "ADV", "E": "ADP", "C": "CCONJ", "T": "PART", "I": "INTJ", "F": "PUNCT",
}  # fmt: skip
"""pyvi's part of speech -> universal part of speech; any other is X."""


class Words:
    """spaCy tokenizer of segmented words. A token includes the blanks between its syllables."""

    def __init__(self, vocab: Vocab, segmenter: str):
        self.vocab, self.segmenter = vocab, segmenter

    def __call__(self, text: str) -> Doc:
        """Tokenize `text`, in NFC. Characters between two words other than one blank are a token too."""
        words: list[str] = []
        spaces: list[bool] = []
        place = 0
        ends = [(word.start, word.end) for word in segment(text, self.segmenter)]
        for start, end in [*ends, (len(text), len(text))]:
            between = text[place:start]
            if words and between.startswith(" "):
                spaces[-1], between = True, between[1:]
            for token in (between, text[start:end]):
                if token:
                    words.append(token)
                    spaces.append(False)
            place = end
        return Doc(self.vocab, words=words, spaces=spaces)


@registry.tokenizers("glalign.words_vi")
def make_words(segmenter: str) -> Callable[[Language], Words]:
    """Create the tokenizer that the configuration of the pipeline names."""
    return lambda nlp: Words(nlp.vocab, segmenter)


@Language.component("glalign_tagger_vi", assigns=["token.tag", "token.pos"])
def tagger(doc: Doc) -> Doc:
    """Tag with pyvi's parts of speech, corrected for descriptions of people."""
    words = words_of(doc)
    if words:
        tags = pyvi_module("ViPosTagger").postagging_tokens(words)[1]
        for token, tag in zip(doc, corrected_tags(words, tags), strict=True):
            token.tag_, token.pos_ = tag, UNIVERSAL.get(tag, "X")
    return doc


def words_of(doc: Doc) -> list[str]:
    """Return the tokens with "_" between their syllables; blanks become a comma, which ends any chunk."""
    return ["_".join(token.text.split()) or "," for token in doc]


def noun_chunks(doc: Doc) -> Iterator[tuple[int, int, int]]:
    """Syntax iterator behind `Doc.noun_chunks`: (start token, end token, label). It needs tags but no parse."""
    label = doc.vocab.strings.add("NP")
    for start, end in find_noun_chunks(words_of(doc), [token.tag_ for token in doc]):
        yield start, end, label


class Captions(Vietnamese):
    """spaCy's Vietnamese with noun chunks."""

    class Defaults(Vietnamese.Defaults):  # type: ignore[misc, valid-type]  # spaCy declares a variable
        """spaCy's defaults for Vietnamese, and the iterator over noun chunks."""

        syntax_iterators = {"noun_chunks": noun_chunks}  # noqa: RUF012  (as spaCy's own languages have it)


def pipeline(segmenter: str) -> Language:
    """Create the pipeline: words of a segmenter of `segmentation.SEGMENTERS`, then their tags."""
    nlp = Captions.from_config({"nlp": {"tokenizer": {"@tokenizers": "glalign.words_vi", "segmenter": segmenter}}})
    nlp.add_pipe("glalign_tagger_vi")
    return nlp
