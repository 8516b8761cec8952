"""Options and types of arguments that several commands share."""

from pathlib import Path

import click

PATH = click.Path(path_type=Path)
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")

CONFIG = click.option(
    "--config", "paths", multiple=True, type=click.Path(), help="Overlay on the demo, or config/paper.yaml; repeatable."
)
