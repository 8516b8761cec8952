"""How a text enters LaTeX: the only functions through which what a user has written gets into a .tex file.

Nothing of it is read as a command, begins a new line or ends a comment.
"""

import re

from glalign.support.one_line import one_line

SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {
    character: f"\\{character}" for character in "&%$#_{}"
}
NUMERAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def escape(text: str) -> str:
    """`text` with TeX's special characters escaped.

    A row that begins with `[` or `*` would be an argument of the `\\\\` before it: an empty group stands before these.
    """
    escaped = "".join(SPECIAL.get(character, character) for character in one_line(text))
    return f"{{}}{escaped}" if escaped.lstrip().startswith(("[", "*")) else escaped


def comment(text: str) -> str:
    """A line of comment. Its text is as it is: TeX reads none of it up to the end of the line."""
    return f"% {one_line(text)}\n"


def numeral(text: str) -> str:
    """The cell of a column of numbers; what is no number is escaped, in the braces by which siunitx knows a text."""
    return text if not text or NUMERAL.fullmatch(text) else f"{{{escape(text)}}}"


def label(name: str) -> str:
    """The \\label of the table in the file `name`.

    >>> label("table4_extended")
    'tab:glalign-table4-extended'
    """
    return f"tab:glalign-{re.sub('[^A-Za-z0-9.]+', '-', name)}"
