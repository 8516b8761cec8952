"""`glalign weights`: what a configuration starts from, what is there, and how the rest comes."""

import json
import sys
from pathlib import Path

import click

from glalign.cli_options import CONFIG

FOLDER = click.option("--folder", type=click.Path(path_type=Path), help="Where to write; default: the configuration's.")


@click.group()
def weights() -> None:
    """List, fetch and import pre-trained weights and vocabularies."""


@weights.command("list")
@CONFIG
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def list_weights(paths: tuple[str, ...], as_json: bool) -> None:
    """Print every weight and vocabulary that a configuration needs; exit 1 when some are missing or not whole."""
    from glalign.config import overlaid
    from glalign.weights.needed import describe, facts_of, lacking, needed, summary

    needs = needed(overlaid(*paths))
    facts = [facts_of(need) for need in needs]
    lines = [describe(*pair) for pair in zip(needs, facts, strict=True)] + [summary(needs, facts)]
    click.echo(json.dumps(facts, ensure_ascii=False) if as_json else "\n".join(lines))
    sys.exit(bool(lacking(facts)))


@weights.command()
@click.argument("names", nargs=-1)
@CONFIG
@FOLDER
def fetch(names: tuple[str, ...], paths: tuple[str, ...], folder: Path | None) -> None:
    """Download and import releases by name, or all that the configuration lacks. No other command downloads."""
    from glalign.config import overlaid
    from glalign.weights.catalogue import catalogue, release_of
    from glalign.weights.needed import facts_of, lacking, needed

    config = overlaid(*paths)
    wanted = names or [n for n in lacking([facts_of(need) for need in needed(config)]) if n in catalogue()]
    releases = [release_of(name) for name in wanted]
    if not releases:
        click.echo("nothing to fetch: all that the configuration needs is there or is none of the known releases")
        return
    from glalign.weights.fetching import fetch_release

    for release in releases:
        fetch_release(release, folder or Path(config["weights"]), click.echo)


@weights.command("import")
@click.argument("name")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@CONFIG
@FOLDER
def import_files(name: str, files: tuple[Path, ...], paths: tuple[str, ...], folder: Path | None) -> None:
    """Convert released files that you downloaded: FOLDER/NAME.safetensors, vocabularies, and the record NAME.json."""
    from glalign.config import overlaid
    from glalign.weights.catalogue import release_of

    release = release_of(name)
    folder = folder or Path(overlaid(*paths)["weights"])
    from glalign.weights.importing import import_release

    import_release(release, files, folder, click.echo)
