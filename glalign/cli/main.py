"""The command line: reads arguments, calls one function, turns a UserError into one line and exit status 1.

No computation lives here, and heavy libraries are imported by the command that uses them.
"""

import functools
import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from glalign import __version__
from glalign.cli.data import data, translation
from glalign.cli.options import CONFIG
from glalign.cli.weights import weights
from glalign.support.errors import UserError
from glalign.support.progress import log, start_logging


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


for _group in (data, translation, weights):
    main.add_command(_group)


@job("out")
def synthesize(spec: dict[str, Any], out: Path) -> None:
    """Draw a dataset of synthetic people in CUHK-PEDES's layout."""
    from glalign.support.progress import Progress
    from glalign.synthetic.dataset import write_dataset

    people = spec["train"] + spec["val"] + spec["test"]
    with Progress(f"synthesize {out.name}", people, "image") as progress:
        write_dataset(spec, out, progress.reach)


@job("out")
def translate(spec: dict[str, Any], out: Path) -> None:
    """Translate a synthetic dataset by machine, losses included."""
    from glalign.support.progress import Progress
    from glalign.synthetic.translation.translate import translate_dataset

    with Progress(f"translate {out.name}", 1, "image") as progress:
        translate_dataset(spec, out, progress.reach)


JOBS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "manifest": ("data.manifest.make_manifest", ("out",), "Check a dataset; write its manifest and statistics."),
    "parse": ("parsing.parse.parse_images", ("out", "report", "code"), "Predict the label map of every image."),
    "phrases": ("language.phrases.make_phrases", ("out",), "Extract noun phrases and map them to regions."),
    "coverage": ("evaluation.coverage.make_coverage", ("out",), "Count the phrases that the printed lists map."),
    "phrase-counts": ("reporting.phrases.make_phrase_counts", ("csv",), "Write every dataset's phrases by region."),
    "mismatch": ("reporting.translation.make_mismatch", ("csv", "tex"), "Write what machine translation got wrong."),
    "fit": ("engine.fit.fit", ("out", "code"), "Train one system on one training set."),
    "predict": ("engine.predict.predict", ("out", "code"), "Rank a test set's gallery for each of its queries."),
    "metrics": ("evaluation.metrics.make_metrics", ("out",), "Rank-k, mAP, mINP and intervals of a ranks file."),
    "tabulate": ("reporting.tables.make_table", ("csv", "tex"), "Write one of the paper's tables as CSV and LaTeX."),
    "pretrain": ("pretraining.run.pretrain", ("out",), "Remake the weights of one tiny twin."),
    "vocabulary": ("pretraining.vocabulary.make_vocabulary", ("out",), "Remake the vocabulary of one tiny twin."),
    "phobert-vocabulary": (
        "pretraining.vocabulary.make_vocabulary_pair",
        ("vocabulary", "merges"),
        "Remake the two files of a tiny PhoBERT's vocabulary.",
    ),
    "size": ("cost.size.measure", ("out",), "Build a system at its original size, run it once, count."),
    "systems": ("reporting.ledgers.make_systems", ("csv", "tex"), "Write the table of the systems' sizes."),
    "compute": ("reporting.ledgers.make_compute", ("csv",), "Write time and memory of trainings and scorings."),
    "alpha": ("engine.alpha.make_alpha", ("csv", "tex"), "Write validation Rank-1 per weight of the global branch."),
    "matrix": ("reporting.matrix.make_matrix", ("csv", "tex"), "Write every system in every scenario that it reads."),
    "seeds": ("reporting.matrix.make_seeds", ("csv",), "Write mean and deviation over the seeds of every cell."),
    "significance": ("reporting.mcnemar.make_mcnemar", ("csv", "tex"), "Write McNemar's tests of paired queries."),
    "tuning": ("reporting.tuning.make_tuning", ("out",), "Write the document of the learning rates tried."),
    "document": ("reporting.document.make_document", ("tex", "pdf", "transcript"), "Set every table in one PDF."),
}
"""Workflow job -> the function below `glalign` that it calls with the specification and these outputs; help."""


def add_job(name: str, path: str, parameters: tuple[str, ...], about: str) -> None:
    """Register a job whose command only imports its function and calls it."""

    def run(spec: dict[str, Any], **values: Any) -> None:
        module, _, function = path.rpartition(".")
        getattr(importlib.import_module(f"glalign.{module}"), function)(spec, *(values[key] for key in parameters))

    run.__name__, run.__doc__ = name.replace("-", "_"), about
    job(*parameters)(run)


for _name, _job in JOBS.items():
    add_job(_name, *_job)


@main.command()
@CONFIG
def fidelity(paths: tuple[str, ...]) -> None:
    """Print what each system keeps of its original, from the docstrings (docs/fidelity.md)."""
    from glalign.config.loading import overlaid
    from glalign.reporting.fidelity import fidelity as document

    click.echo(document(overlaid(*paths)), nl=False)


@main.command()
@click.argument("targets", nargs=-1)
@CONFIG
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def plan(targets: tuple[str, ...], paths: tuple[str, ...], as_json: bool) -> None:
    """Print trainings, predictions, estimated hours and disk, of all tables or of TARGETS (results/table4.tex)."""
    from glalign.config.loading import overlaid
    from glalign.cost.cost_table import read_costs
    from glalign.cost.estimate import estimate
    from glalign.planning.missing_files import behind, known
    from glalign.planning.plan import make_plan
    from glalign.planning.printed_tables import read_reported
    from glalign.planning.split_counts import split_counts
    from glalign.reporting.estimate import render_estimate

    config = overlaid(*paths)
    found = make_plan(config, read_reported("paper/reported"))
    splits = split_counts(config, found.layout)
    result = estimate(config, behind(found, known(found, targets)), read_costs("config/costs.csv"), splits)
    click.echo(json.dumps(result, ensure_ascii=False) if as_json else render_estimate(result))


@main.command()
@click.argument("systems", nargs=-1)
@CONFIG
@click.option("--language", type=click.Choice(["en", "vi"]), default="en", show_default=True, help="Of the captions.")
@click.option("--gpu", help="Memory of a GPU, such as 8GB; exit 1 if a training does not fit.")
def memory(systems: tuple[str, ...], paths: tuple[str, ...], language: str, gpu: str | None) -> None:
    """Estimate the peak memory of trainings (of all systems by default) by two small steps with random weights."""
    from glalign.config.loading import overlaid
    from glalign.cost.peak_memory import estimate_peak_memory

    for line in estimate_peak_memory(overlaid(*paths), systems, language, gpu):
        click.echo(line)


@main.command()
@click.argument("name")
@click.option("--results", default="results", show_default=True, help="Folder of everything generated.")
def table(name: str, results: str) -> None:
    """Print a table in the terminal: 4, 4_extended, matrix, mcnemar, ..., or the path of a CSV."""
    from glalign.reporting.terminal import find_table, render_terminal

    click.echo(render_terminal(find_table(name, Path(results))))


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
@click.option(
    "--tolerance",
    default=0.0,
    show_default=True,
    help="Largest difference of a numeric cell, in points.",
)
def compare(ours: Path, reference: Path, tolerance: float) -> None:
    """Compare two table CSVs, or folders of them, cell by cell; exit 1 and list the cells where they differ.

    Of folders, a table that OURS lacks is a difference, too; one that only OURS has is named as not compared.
    """
    from glalign.reporting.compare import compare, compare_folders, unmatched

    if reference.is_dir():
        found = compare_folders(ours, reference, tolerance)
        for name in unmatched(ours, reference):
            click.echo(f"not compared: {name} has no reference")
    else:
        found = {"": compare(ours, reference, tolerance)}
    for name, differences in found.items():
        for difference in differences:
            click.echo(f"{name}: {difference}" if name else difference)
        count = f"{len(differences)} difference{'s' * (len(differences) != 1)}"
        click.echo(f"{ours / name}: {count} from {reference / name}")
    sys.exit(any(found.values()))
