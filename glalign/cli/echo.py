"""What commands print: lines for a terminal, or JSON for a program."""

import json
from typing import Any

import click

from glalign.support.errors import printable


def echo(text: str, *, err: bool = False) -> None:
    """Print lines, with what a terminal would act on escaped: names and values may come from anybody's files."""
    click.echo("\n".join(map(printable, text.split("\n"))), err=err)


def echo_report(report: Any, text: str, *, as_json: bool) -> None:
    """Print a report as one line of JSON in ASCII, which has no control character, or the text that describes it."""
    if as_json:
        click.echo(json.dumps(report, allow_nan=False))
    else:
        echo(text)
