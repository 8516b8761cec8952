"""The tiny GPT-2's vocabulary: byte pair encoding of the bytes of captions, in the format of the tokenizers library."""

from collections import Counter
from collections.abc import Iterable

from glalign.language.tokenizers import FileTokenizer, byte_letters
from glalign.pretraining.byte_pair_merges import merge
from glalign.support.errors import UserError


def make_gpt2_vocabulary(captions: Iterable[str], size: int) -> str:
    """Make the text of a tokenizer.json: all bytes, the results of merges (Sennrich et al. 2016), <|endoftext|> last.

    size: largest number of ids. A word is what GPT-2's pattern finds, with the blank before it. The same captions in
    any order give the same bytes: of equally frequent pairs the first in the order of code points is merged, and a pair
    that occurs only once is not merged. Raises: UserError when the bytes alone do not fit.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers  # noqa: PLC0415

    letters, mark = byte_letters(), str(FileTokenizer.SPECIAL_TOKENS["gpt2"][0])
    room = size - len(letters) - 1
    if room < 0:
        raise UserError(f"vocabulary size {size}: the {len(letters)} bytes and {mark} alone need {size - room}")
    pieces = pre_tokenizers.ByteLevel(add_prefix_space=False)
    counts = Counter(word for caption in captions for word, _ in pieces.pre_tokenize_str(caption))
    merges = [(left, right) for left, right, _ in merge({word: [*word] for word in counts}, counts, room)]
    entries = dict.fromkeys([*letters, *(left + right for left, right in merges), mark])
    tokenizer = Tokenizer(models.BPE(vocab={entry: number for number, entry in enumerate(entries)}, merges=merges))
    tokenizer.pre_tokenizer, tokenizer.decoder = pieces, decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(mark, special=True)])
    return tokenizer.to_str(pretty=True) + "\n"
