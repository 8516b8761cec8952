"""A spaCy pipeline for Vietnamese captions that has noun chunks, which spaCy itself gives for other languages only."""

from collections.abc import Callable, Iterator

from spacy.lang.vi import Vietnamese
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry
from spacy.vocab import Vocab

from glalign.language.noun_phrases_vi import mended_tags, noun_phrases
from glalign.language.segmentation import segment

UNIVERSAL = {
    "N": "NOUN", "Np": "PROPN", "Nc": "NOUN", "Nu": "NOUN", "Ny": "NOUN", "Nb": "NOUN", "A": "ADJ", "V": "VERB",
    "M": "NUM", "L": "DET", "P": "PRON", "R": "ADV", "E": "ADP", "C": "CCONJ", "T": "PART", "I": "INTJ", "F": "PUNCT",
}  # fmt: skip
"""pyvi's part of speech -> the universal one; any other is X."""


class Words:
    """spaCy's tokenizer of segmented words: a token holds the blanks between its syllables."""

    def __init__(self, vocab: Vocab, segmenter: str):
        self.vocab, self.segmenter = vocab, segmenter

    def __call__(self, text: str) -> Doc:
        """Words as tokens; what stands between two of them beyond one blank is a token too. `text` is NFC."""
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
    """The tokenizer of a pipeline's configuration."""
    return lambda nlp: Words(nlp.vocab, segmenter)


@Language.component("glalign_tagger_vi", assigns=["token.tag", "token.pos"])
def tagger(doc: Doc) -> Doc:
    """pyvi's parts of speech, mended for descriptions of people."""
    from pyvi import ViPosTagger  # noqa: PLC0415  (loads a model)

    words = words_of(doc)
    if words:
        for token, tag in zip(doc, mended_tags(words, ViPosTagger.postagging_tokens(words)[1]), strict=True):
            token.tag_, token.pos_ = tag, UNIVERSAL.get(tag, "X")
    return doc


def words_of(doc: Doc) -> list[str]:
    """The tokens with "_" between their syllables; blanks are a comma, which ends any phrase."""
    return ["_".join(token.text.split()) or "," for token in doc]


def noun_chunks(doc: Doc) -> Iterator[tuple[int, int, int]]:
    """What `Doc.noun_chunks` reads: first token, token behind the last, label. Needs tags, no parse."""
    label = doc.vocab.strings.add("NP")
    for start, end in noun_phrases(words_of(doc), [token.tag_ for token in doc]):
        yield start, end, label


class CaptionDefaults(Vietnamese.Defaults):
    """spaCy's Vietnamese with an iterator for noun chunks."""

    syntax_iterators = {"noun_chunks": noun_chunks}  # noqa: RUF012  (as spaCy's own languages have it)


class Captions(Vietnamese):
    """spaCy's Vietnamese whose documents have noun chunks."""

    Defaults = CaptionDefaults


def pipeline(segmenter: str) -> Language:
    """Words by a segmenter of `segmentation.SEGMENTERS`, then their tags."""
    nlp = Captions.from_config({"nlp": {"tokenizer": {"@tokenizers": "glalign.words_vi", "segmenter": segmenter}}})
    nlp.add_pipe("glalign_tagger_vi")
    return nlp
