"""What commands print is shown by a terminal, and never obeyed."""

import json
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import glalign.cli
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


def test_json_that_no_reader_takes_is_not_printed() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        echo_report(float("nan"), "", as_json=True)


def test_commands_print_through_this_module_alone() -> None:
    """Except tables, whose formats escape what they hold, each in its own way."""
    printing = {
        f"{file.name}: {line.strip()}"
        for file in Path(glalign.cli.__file__).parent.glob("*.py")
        for line in file.read_text(encoding="utf-8").split("\n")
        if file.name != "echo.py" and re.search(r"click\.(secho|echo)|\bprint\(|stdout\.write", line)
    }
    assert printing == {"main.py: click.echo(render_table(path, layout))"}
