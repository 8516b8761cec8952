"""The command line: reads arguments, calls one function, turns a UserError into one line and exit status 1.

No computation lives here, and heavy libraries are imported by the command that uses them.
"""

import functools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from glalign import __version__
from glalign.errors import UserError
from glalign.progress import log, start_logging


class Commands(click.Group):
    """A group whose commands report bad input in one line."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a UserError is printed and ends with status 1."""
        try:
            return super().invoke(ctx)
        except UserError as error:
            log.error("error: %s", error)  # to the terminal, and to a job's own log
            sys.exit(1)


def job(*parameters: str) -> Callable[[Callable[..., None]], click.Command]:
    """A workflow job: `--spec` (the slice of the configuration, as JSON), `--log`, `--code` and output paths."""

    def decorate(function: Callable[..., None]) -> click.Command:
        @functools.wraps(function)
        def command(spec: str, log_file: str | None, **values: Any) -> None:
            start_logging(log_file)
            function(json.loads(spec), **values)

        for name in reversed(parameters):
            kind = str if name == "code" else click.Path(path_type=Path)
            command = click.option(f"--{name}", required=True, type=kind)(command)
        command = click.option("--log", "log_file", help="File for plain progress lines.")(command)
        command = click.option("--spec", required=True, help="The job's slice of the configuration, as JSON.")(command)
        return main.command()(command)

    return decorate


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Text-based person search: data, training, ranks, tables. The Snakemake rules call these commands."""
    start_logging(None)


@job("out")
def synthesize(spec: dict[str, Any], out: Path) -> None:
    """Draw a dataset of synthetic people in CUHK-PEDES's layout."""
    from glalign.progress import Progress
    from glalign.synthetic.dataset import write_dataset

    people = spec["train"] + spec["val"] + spec["test"]
    with Progress(f"synthesize {out.name}", people, "image") as progress:
        write_dataset(spec, out, progress.reach)


@job("out")
def manifest(spec: dict[str, Any], out: Path) -> None:
    """Read and check a dataset; write its manifest and its statistics."""
    from glalign.data.manifest import make_manifest

    make_manifest(spec, out)


@job("out", "report")
def parse(spec: dict[str, Any], out: Path, report: Path) -> None:
    """Predict the label map of every image of a manifest."""
    from glalign.parsing.parser import parse_images

    parse_images(spec, out, report)


@job("out")
def phrases(spec: dict[str, Any], out: Path) -> None:
    """Extract the noun phrases of every caption of a manifest and map them to regions."""
    from glalign.language.phrases import make_phrases

    make_phrases(spec, out)


@job("out", "code")
def fit(spec: dict[str, Any], out: Path, code: str) -> None:
    """Train one system on one training set."""
    from glalign.engine.fit import fit

    fit(spec, out, code)


@job("out", "code")
def predict(spec: dict[str, Any], out: Path, code: str) -> None:
    """Rank a test set's gallery for each of its queries."""
    from glalign.engine.predict import predict

    predict(spec, out, code)


@job("out")
def metrics(spec: dict[str, Any], out: Path) -> None:
    """Rank-k, mAP, mINP and intervals of a ranks file."""
    from glalign.evaluation.metrics import make_metrics

    make_metrics(spec, out)


@job("csv", "tex")
def table(spec: dict[str, Any], csv: Path, tex: Path) -> None:
    """Write one of the paper's tables as CSV and LaTeX."""
    from glalign.reporting.tables import make_table

    make_table(spec, csv, tex)


@job("out")
def pretrain(spec: dict[str, Any], out: Path) -> None:
    """Remake the weights of one tiny twin."""
    from glalign.engine.pretrain import pretrain

    pretrain(spec, out)


@main.command()
@click.argument("table", type=click.Path(path_type=Path))
def show(table: Path) -> None:
    """Print a table's CSV in the terminal."""
    from glalign.reporting.terminal import render_terminal

    click.echo(render_terminal(table))


@main.command()
@click.argument("scores", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def evaluate(scores: Path, as_json: bool) -> None:
    """Rank-1/5/10, mAP and mINP of an .npz with similarity (Q, G), query_ids (Q,) and gallery_ids (G,)."""
    from glalign.evaluation.scores import evaluate_scores

    values = evaluate_scores(scores)
    click.echo(json.dumps(values) if as_json else "\n".join(f"{name:>12}  {value}" for name, value in values.items()))


@main.command()
@click.argument("ours", type=click.Path(path_type=Path))
@click.argument("reference", type=click.Path(path_type=Path))
@click.option("--tolerance", default=0.0, show_default=True, help="Largest difference of a numeric cell, in points.")
def compare(ours: Path, reference: Path, tolerance: float) -> None:
    """Compare two table CSVs cell by cell; exit 1 and list the cells where they differ."""
    from glalign.reporting.compare import compare

    differences = compare(ours, reference, tolerance)
    for difference in differences:
        click.echo(difference)
    click.echo(f"{ours}: {len(differences)} cells differ from {reference}")
    sys.exit(bool(differences))


@main.group()
def data() -> None:
    """Look at datasets."""


@data.command()
@click.argument("kind", type=click.Choice(["cuhk_pedes"]))
@click.argument("root", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(kind: str, root: Path, as_json: bool) -> None:
    """Check a dataset directory and say what is missing; exit 1 when something is."""
    from glalign.data.verify import describe, verify

    report = verify(root)
    click.echo(json.dumps(report, ensure_ascii=False) if as_json else describe(report))
    sys.exit(not report["ok"])
