"""`glalign weights`: list, fetch and import the pre-trained files of a configuration."""

import sys
from pathlib import Path

import click

from glalign.cli.echo import echo, echo_report
from glalign.cli.options import CONFIG, PATH

FOLDER = click.option("--folder", type=PATH, help="Where to write; default: the configuration's.")
PAPER = "`--config config/paper.yaml`"


@click.group()
def weights() -> None:
    """List, fetch and import pre-trained weights and vocabularies."""


@weights.command("list")
@CONFIG
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def list_weights(paths: tuple[str, ...], as_json: bool) -> None:
    """Print every weight and vocabulary that a configuration needs; exit 1 when some are missing or not whole."""
    from glalign.config.loading import overlaid
    from glalign.weights.required_weights import format_entry, incomplete, report_entry, required_weights, summary

    needs = required_weights(overlaid(*paths))
    entries = [report_entry(need) for need in needs]
    lines = [format_entry(*pair) for pair in zip(needs, entries, strict=True)] + [summary(entries)]
    echo_report(entries, "\n".join(lines), as_json=as_json)
    sys.exit(bool(incomplete(entries)))


@weights.command()
@click.argument("folder", type=PATH, required=False)
def twins(folder: Path | None) -> None:
    """Print what the tiny twins of FOLDER are and how they do on held-out people; default: those of the package."""
    from glalign.reporting.twins import twins_table
    from glalign.storage.weight_status import PRETRAINED

    echo(twins_table(folder or PRETRAINED))


@weights.command()
@click.argument("names", nargs=-1)
@CONFIG
@FOLDER
def fetch(names: tuple[str, ...], paths: tuple[str, ...], folder: Path | None) -> None:
    """Download and import releases by name, or all that the configuration lacks. No other command downloads."""
    from glalign.config.loading import overlaid
    from glalign.weights.catalogue import weight_release
    from glalign.weights.required_weights import incomplete, report_entry, required_weights

    needs = [] if names else [need for need in required_weights(overlaid(*paths)) if need.release]
    releases = [weight_release(name) for name in names or incomplete(map(report_entry, needs))]
    if not releases:
        why = "has all releases that it needs" if needs else f"needs no release; {PAPER} names one that does"
        echo(f"nothing to fetch: the configuration {why}")
        return
    target = _target(folder or overlaid(*paths).weights)
    from glalign.weights.fetching import fetch_release

    for release in releases:
        fetch_release(release, target, echo)


@weights.command("import")
@click.argument("name")
@click.argument("files", nargs=-1, required=True, type=PATH)
@CONFIG
@FOLDER
def import_files(name: str, files: tuple[Path, ...], paths: tuple[str, ...], folder: Path | None) -> None:
    """Convert released files that you downloaded: FOLDER/NAME.safetensors, vocabularies, and the record NAME.json."""
    from glalign.config.loading import overlaid
    from glalign.weights.catalogue import weight_release

    release = weight_release(name)
    target = _target(folder or overlaid(*paths).weights)
    from glalign.weights.importing import import_release

    import_release(release, files, target, echo)


def _target(folder: Path | str) -> Path:
    """Return the folder to write to. Raises: UserError for the package's own, which no paper run reads."""
    from glalign.storage.weight_status import is_package_folder
    from glalign.support.errors import UserError

    if is_package_folder(Path(folder)):
        raise UserError(f"{folder}: is the package's own and takes no release; name {PAPER} or `--folder weights`")
    return Path(folder)
