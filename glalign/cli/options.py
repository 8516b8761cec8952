"""Options that several commands share."""

import click

CONFIG = click.option(
    "--config", "paths", multiple=True, type=click.Path(), help="Overlay on the demo, or config/paper.yaml; repeatable."
)
