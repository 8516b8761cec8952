"""The text encoders that may take the place of CLIP's text tower, with their tokenizers."""

from glalign.language.gpt2_tokenizer import Gpt2Tokenizer
from glalign.language.phobert_tokenizer import MAX_TOKENS, PhoBertFileTokenizer
from glalign.models.towers.gpt2 import SHAPES as GPT2
from glalign.models.towers.gpt2 import gpt2
from glalign.models.towers.phobert import SHAPES as PHOBERT
from glalign.models.towers.phobert import phobert
from glalign.models.towers.projected_text import EndedTokenizer, TextEncoder
from glalign.storage.weight_files import Weights

FAMILIES = {**dict.fromkeys(PHOBERT, "phobert"), **dict.fromkeys(GPT2, "gpt2")}
"""Name of an encoder -> its family."""


def text_encoder(
    name: str,
    vocabulary: str,
    weights: Weights,
    *,
    dropout: float,
    context_length: int | None,
    lower_case: bool,
    segmenter: str | None,
) -> tuple[TextEncoder, EndedTokenizer]:
    """Build an encoder of `FAMILIES` with random weights, and its tokenizer from the vocabulary of this name.

    context_length: null for 256 with PhoBERT, and 512 with GPT-2 or what it reads if that is less (D4). segmenter: of a
    PhoBERT, null for pyvi. Raises: UserError for a length that the encoder does not read, or a vocabulary that is
    missing or of another model.
    """
    if FAMILIES[name] == "gpt2":
        path, limit = weights.vocabulary(vocabulary), GPT2[name].positions
        reader = Gpt2Tokenizer(path, context_length, limit, lower_case=lower_case)
        return gpt2(name, reader.vocab_size, dropout), reader
    files, length = weights.phobert_vocabulary(vocabulary), MAX_TOKENS if context_length is None else context_length
    tokenizer = PhoBertFileTokenizer(*files, length, lower_case=lower_case, segmenter=segmenter or "pyvi")
    return phobert(name, tokenizer.vocab_size, dropout), tokenizer
