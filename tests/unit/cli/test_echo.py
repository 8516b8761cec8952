"""What commands print is shown by a terminal, and never obeyed."""

import json

import click
from click.testing import CliRunner

from glalign.cli.echo import echo, echo_report

HOSTILE = "a\x1b[2J\x9b1m\u202eb\ud800"


def printed(as_json: bool) -> str:
    @click.command()
    def command() -> None:
        echo_report({"name": HOSTILE}, f"one {HOSTILE}\nÁo đỏ", as_json=as_json)
        echo("said", err=True)

    done = CliRunner().invoke(command)
    assert (done.exit_code, done.stderr) == (0, "said\n")
    return done.stdout


def test_lines_have_no_character_that_a_terminal_acts_on() -> None:
    assert printed(as_json=False) == "one a\\x1b[2J\\x9b1m\\u202eb\\ud800\nÁo đỏ\n"


def test_json_is_ascii_and_holds_the_value() -> None:
    text = printed(as_json=True)
    assert text.isascii() and text.rstrip("\n").isprintable()
    assert json.loads(text) == {"name": HOSTILE}
