"""The notes below a table: set in LaTeX, and read back from its file as plain text.

A note is written once, in LaTeX. The page of results shows what stands in the file of the table.
"""

import re
from collections.abc import Sequence

from glalign.reporting.tex_text import SPECIAL

LISTED = ("\\begin{tablenotes}[flushleft]\\footnotesize\n", "\n\\end{tablenotes}\n")
BELOW = ("\\par\\medskip\n", "\n")
BETWEEN_PAGES = ("\\noindent\n", "\n\\par\\endgroup\n")
"""What stands before and after the notes: of a threeparttable, of a table in one piece, of one over several pages."""

ITEM, NEW_LINE = "\\item ", "\\\\\n"
LINES = r"((?:.*\\\\\n)*.*)\n"
FORMS = (
    (re.compile(f"{re.escape(LISTED[0])}(.*?){re.escape(LISTED[1])}", re.DOTALL), f"\n{ITEM}"),
    (re.compile(f"{re.escape(BETWEEN_PAGES[0])}{LINES}"), NEW_LINE),
    (re.compile(f"{re.escape(BELOW[0])}{LINES}"), NEW_LINE),
)
"""Pattern of the notes in a file, and what stands between two of them. Escaped text has no line that ends in `\\\\`."""

PLAIN = {text: character for character, text in SPECIAL.items()} | {
    "\\,": "\u202f", "$\\Delta$": "Δ", "$<$": "<", "$\\times$": "×", "{--}": "–", "--": "–", "{}": "",
}  # fmt: skip
"""LaTeX -> what it prints, as plain text."""

COMMANDS = re.compile("|".join(map(re.escape, sorted(PLAIN, key=len, reverse=True))))


def listed(notes: Sequence[str]) -> str:
    """The notes of a threeparttable; nothing without one."""
    items = "\n".join(f"{ITEM}{note}" for note in notes)
    return f"{LISTED[0]}{items}{LISTED[1]}" if notes else ""


def below(notes: str) -> str:
    """Notes below a table in one piece; nothing without one."""
    return f"{BELOW[0]}{notes}{BELOW[1]}" if notes else ""


def below_pages(notes: str) -> str:
    """Notes below a table over several pages, and the end of its group."""
    return f"{BETWEEN_PAGES[0]}{notes}{BETWEEN_PAGES[1]}"


def plain_notes(tex: str) -> tuple[str, ...]:
    """The notes in the file of a table, as plain text; none in a file without them."""
    for pattern, between in FORMS:
        if found := pattern.search(tex):
            return tuple(filter(None, map(plain_text, found[1].removeprefix(ITEM).split(between))))
    return ()


def plain_text(note: str) -> str:
    r"""What a note prints.

    >>> plain_text(r"$\Delta$: 5\,\% of T\_1; {--}: not run.")
    'Δ: 5\u202f% of T_1; –: not run.'
    """
    return COMMANDS.sub(lambda found: PLAIN[found[0]], note).strip()
