"""Texts of one line: the characters that end a line, turn what follows them around, or that no file can have."""

import re

BREAKING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Control characters, separators of lines and paragraphs, and lone surrogates, which UTF-8 cannot have."""

TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that set the direction of what follows them: those of Unicode's property Bidi_Control."""


def one_line(text: str) -> str:
    """`text` with a blank in place of every such character.

    >>> one_line("two\\nlines\\u2028or three")
    'two lines or three'
    """
    return TURNING.sub(" ", BREAKING.sub(" ", text))
