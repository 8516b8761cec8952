"""Renew what a document quotes of a command's output: `python -m glalign.cli.quoted_output README.md docs/results.md`.

A quotation stands between `<!-- glalign COMMAND -->` and `<!-- end -->`, each on a line of its own, indented as code.
"""

import re
import shlex
import sys
from pathlib import Path

from click.testing import CliRunner

from glalign.cli.main import main
from glalign.storage.whole_files import read_text, write_text
from glalign.support.errors import UserError, exit_on_user_error

QUOTED = re.compile(r"(^<!-- glalign (?P<command>[^\n]+?) -->\n).*?(^<!-- end -->$)", re.MULTILINE | re.DOTALL)


def renewed(text: str, where: str) -> str:
    """The text of a document with the present output of every command that it quotes.

    Raises: UserError naming the document and the command that fails.
    """

    def output(match: re.Match[str]) -> str:
        command = match["command"]
        done = CliRunner().invoke(main, shlex.split(command))
        if done.exit_code:
            raise UserError(f"{where}: `glalign {command}` fails: {done.output.strip() or done.exception}")
        lines = "".join(f"    {line}".rstrip() + "\n" for line in done.stdout.rstrip("\n").split("\n"))
        return f"{match[1]}\n{lines}\n{match[3]}"

    return QUOTED.sub(output, text)


def renew(path: Path) -> None:
    """Write a document with its quotations renewed."""
    text = read_text(path, "name a document")
    write_text(path, renewed(text, str(path)))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        exit_on_user_error(renew, Path(name))
