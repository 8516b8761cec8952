"""Texts of one line: the characters that end a line or that no file can have."""

import re

BREAKING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Control characters, separators of lines and paragraphs, and lone surrogates, which UTF-8 cannot have."""


def one_line(text: str) -> str:
    """`text` with a blank in place of every such character.

    >>> one_line("two\\nlines\\u2028or three")
    'two lines or three'
    """
    return BREAKING.sub(" ", text)
