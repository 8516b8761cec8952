"""GPT-2's tokenizer (Radford et al. 2019): byte pair encoding of bytes, from a file of the tokenizers library."""

from pathlib import Path

from glalign.contract.tokenizer import Span
from glalign.language.tokenizers import FileTokenizer, lower_cased
from glalign.support.errors import UserError

PRINTED_TOKENS = 512
"""The longest text of the paper (D4), which GPT-2 can read, unlike CLIP and PhoBERT."""


class Gpt2Tokenizer(FileTokenizer):
    """Pieces `<|endoftext|>`: GPT-2 has no start mark, no mask and no padding, for which its only mark stands as well.

    The attention is causal, so that the end mark changes no state of the pieces before it: the last of these is what it
    is without a mark. The vocabulary is cased; lower_case lower-cases a text all the same (D6). A piece that begins
    with a blank has it in its span. `<|endoftext|>` written out in a caption is ordinary text. limit: longest caption
    of the network; context_length: null for it or 512, the smaller of the two. A truncated text keeps its end mark.
    Raises: UserError naming a file that is damaged or of another family, or a length that the network does not read.
    """

    def __init__(
        self, path: Path | str, context_length: int | None = None, limit: int = 1024, *, lower_case: bool = False
    ):
        length = min(PRINTED_TOKENS, limit) if context_length is None else context_length
        if not 2 <= length <= limit:
            raise UserError(f"model.context_length: {context_length}; this GPT-2 reads 2 to {limit} tokens")
        super().__init__(path, length, "gpt2")
        self._pieces.encode_special_tokens = True
        self._lower_case = lower_case

    def encode(self, text: str) -> tuple[list[int], list[Span]]:
        """Return ids with the end mark, and their spans in `text`."""
        lowered, origin = lower_cased(text) if self._lower_case else (text, None)
        ids, spans = super().encode(lowered)
        if origin is not None:
            spans = [(origin[start], origin[end - 1] + 1) if end else (0, 0) for start, end in spans]
        return ids, spans
