"""`glalign phrases`: a sample of noun phrases that a person labels, for coverage of real captions."""

from pathlib import Path
from shlex import quote

import click

from glalign.cli.echo import echo
from glalign.cli.options import CONFIG, PATH


@click.group()
def phrases() -> None:
    """Label noun phrases of real captions by hand, for their coverage (Table 2)."""


@phrases.command()
@click.argument("manifest", type=PATH)
@click.option("--out", required=True, type=PATH, help="The CSV to write.")
@click.option("--captions", default=200, show_default=True, type=click.IntRange(min=1), help="How many captions.")
@click.option("--seed", default=0, show_default=True, help="Another seed draws other captions.")
@CONFIG
def sample(manifest: Path, out: Path, captions: int, seed: int, paths: tuple[str, ...]) -> None:
    """Write a sheet with the phrases that are found in captions of a manifest, to be labelled by a person."""
    from glalign.config.loading import overlaid
    from glalign.evaluation.phrase_labels import write_label_sheet
    from glalign.evaluation.samples import phrase_rules

    count = write_label_sheet(phrase_rules(manifest, overlaid(*paths).phrases), out, captions, seed)
    command = f"glalign phrases check {quote(str(out))} {quote(str(manifest))}"
    what = "write the region of every phrase, and the phrases that are missing (docs/phrases.md)"
    echo(f"{out}: {count} captions; {what}, then `{command}`")


@phrases.command()
@click.argument("sheet", type=PATH)
@click.argument("manifest", type=PATH)
def check(sheet: Path, manifest: Path) -> None:
    """Check a labelled sheet against the manifest that it was made from, and count its phrases."""
    from glalign.contract.records import captions_by_key, read_manifest
    from glalign.evaluation.phrase_labels import describe_labels, read_labels

    labels = read_labels(sheet, captions_by_key(read_manifest(manifest)))
    echo(f"{describe_labels(labels)}; name it as `labelled_phrases` of the dataset")
