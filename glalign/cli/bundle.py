"""`glalign bundle` and `glalign rebuild`: a run as one archive, and its tables made again from it."""

import sys
from pathlib import Path

import click

from glalign.cli.echo import echo
from glalign.cli.options import CONFIG, PATH


@click.command()
@click.argument("results", type=PATH, required=False)
@CONFIG
@click.option("--output", type=PATH, default="bundle.zip", show_default=True, help="The archive.")
def bundle(results: Path | None, paths: tuple[str, ...], output: Path) -> None:
    """Pack ranks, metrics, tables and provenance of RESULTS in one archive (docs/bundle.md); no image or weight."""
    from glalign.config.loading import overlaid
    from glalign.reporting.bundle import make_bundle

    config = overlaid(*paths)
    count = make_bundle(config, results or Path(config.results), output)
    echo(f"{output}: {count} files, {output.stat().st_size / 1e6:.1f} MB")


@click.command()
@click.argument("bundle", type=PATH)
@click.option("--output", type=PATH, help="A new folder for what is made; without one nothing is kept.")
def rebuild(bundle: Path, output: Path | None) -> None:
    """Make the tables of a BUNDLE again from its ranks and records; exit 1 and name what differs."""
    from glalign.reporting.rebuild import rebuild

    found = rebuild(bundle, output)
    for name in found.different:
        echo(f"differs: {name}")
    for name in found.not_made:
        echo(f"not made again: {name} (what it is made of is not in the bundle)")
    for line in found.problems:
        echo(f"not as it should be: {line}")
    others = f"; {len(found.problems)} problems" if found.problems else ""
    echo(f"{bundle}: {len(found.equal)} files made again are equal, {len(found.different)} differ{others}")
    sys.exit(bool(found.different or found.problems))
