"""The commands: each reads its arguments and calls one function; a UserError becomes one line and exit status 1.

No command computes anything itself, and each imports the heavy libraries that it uses.
"""

import io
import sys
from pathlib import Path
from typing import Any

import click

from glalign import __version__
from glalign.cli.audit import audit
from glalign.cli.bundle import bundle, rebuild
from glalign.cli.data import data, translation
from glalign.cli.echo import echo, echo_report
from glalign.cli.options import CONFIG, JSON, PATH
from glalign.cli.phrases import phrases
from glalign.cli.weights import weights
from glalign.support.checkout import find_baselines, suite_file
from glalign.support.errors import UserError
from glalign.support.progress import log, start_logging

SECTIONS = {
    "Results": ("table", "page", "verify", "compare", "evaluate", "audit", "bundle", "rebuild"),
    "Data": ("data", "translation", "phrases"),
    "Weights": ("weights",),
    "Plans": ("plan", "memory", "times", "gpu-check"),
    "Systems": ("fidelity",),
    "Jobs": ("run",),
}
"""Title of a group in `glalign --help` -> its commands."""


class Commands(click.Group):
    """Group of commands that report bad input in one line."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; print a UserError and exit with status 1."""
        try:
            return super().invoke(ctx)
        except UserError as error:
            log.error("error: %s", error)  # to the terminal, and to a job's own log
            sys.exit(1)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by group."""
        for title, names in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(100)) for name in names])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Text-based person search: GLAlign and its baselines under one protocol."""
    find_baselines()
    start_logging(None)
    if isinstance(sys.stdout, io.TextIOWrapper):  # names of files need not be UTF-8
        sys.stdout.reconfigure(errors="backslashreplace")


for _command in (audit, bundle, rebuild, data, translation, phrases, weights):
    main.add_command(_command)


class Stages(click.Command):
    """Command with the stages of the workflow in its help."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the stages with a line about each."""
        from glalign.planning.plan import STAGES

        with formatter.section("Stages"):
            formatter.write_dl([(name, stage.about) for name, stage in STAGES.items()])


@main.command(cls=Stages)
@click.argument("stage")
@click.argument("job", type=PATH)
@click.option("--code", help="Digest of the code, for the record; computed unless it is given.")
@click.option("--log", "log_file", type=PATH, help="File for plain progress lines.")
def run(stage: str, job: Path, code: str | None, log_file: Path | None) -> None:
    """Run one job of the workflow: a STAGE, and the file results/jobs/STAGE/... that describes the job."""
    from glalign.planning.job_files import run_job

    start_logging(log_file)
    run_job(stage, job, code, log_file)


@main.command()
@CONFIG
def fidelity(paths: tuple[str, ...]) -> None:
    """Print what each system keeps of its original, from the docstrings (docs/fidelity.md)."""
    from glalign.config.loading import overlaid
    from glalign.reporting.fidelity import fidelity as document

    echo(document(overlaid(*paths)).removesuffix("\n"))


@main.command()
@click.argument("targets", nargs=-1)
@CONFIG
@JSON
def plan(targets: tuple[str, ...], paths: tuple[str, ...], as_json: bool) -> None:
    """Print trainings, predictions, estimated hours and disk, of all tables or of TARGETS (results/table4.tex)."""
    from glalign.config.loading import overlaid
    from glalign.cost.cost_table import read_costs
    from glalign.cost.estimate import estimate
    from glalign.planning.missing_files import jobs_behind, known_targets
    from glalign.planning.plan import plan_of
    from glalign.planning.split_counts import split_counts
    from glalign.reporting.estimate import render_estimate

    found = plan_of(overlaid(*paths))
    for line in found.warnings:
        echo(f"warning: {line}", err=True)
    splits = split_counts(found.config, found.paths)
    costs = read_costs(suite_file("config/costs.csv"))
    jobs = {key: job.possible() for key, job in jobs_behind(found, known_targets(found, targets)).items()}
    result = estimate(found.config, jobs, costs, splits)
    echo_report(result, render_estimate(result), as_json=as_json)


@main.command()
@click.argument("targets", nargs=-1)
@CONFIG
def times(targets: tuple[str, ...], paths: tuple[str, ...]) -> None:
    """Print where the time went of all jobs that have run, or of those behind TARGETS (results/table4.tex), by kind."""
    from glalign.config.loading import overlaid
    from glalign.planning.missing_files import jobs_behind, known_targets
    from glalign.planning.plan import plan_of
    from glalign.reporting.compute import times_behind

    found = plan_of(overlaid(*paths))
    keys = [(stage, key) for stage, jobs in found.jobs.items() for key in jobs]
    lines = times_behind(found, set(jobs_behind(found, known_targets(found, targets)) if targets else keys))
    for line in lines or [f"no job {'behind these ' * bool(targets)}has run in {found.paths.results}"]:
        echo(line)


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
        echo(line)


@main.command("gpu-check")
@click.option("--device", type=click.Choice(["cuda", "cpu"]), default="cuda", show_default=True)
@click.option("--small", is_flag=True, help="Small sizes everywhere: to try the check itself on a CPU.")
@click.option("--minutes", type=float, default=8, show_default=True, help="Parts beyond are left out.")
@click.option("--only", multiple=True, metavar="PART", help="One kind of part, such as step or ranks; repeatable.")
@click.option("--json", "json_file", type=PATH, metavar="FILE", help="Also write the lines to this file.")
def gpu_check(device: str, small: bool, minutes: float, only: tuple[str, ...], json_file: Path | None) -> None:
    """Try a GPU without data: equal to the CPU, speed, memory, loader, ranks (docs/gpu.md); exit 1 if a line is bad."""
    from glalign.gpu_check.command import gpu_check

    good = gpu_check(device, small=small, minutes=minutes, only=only, json=json_file, say=echo)
    sys.exit(not good)


@main.command()
@click.argument("name")
@click.option("--results", default="results", show_default=True, help="Folder of everything generated.")
@click.option("--format", "shown_as", type=click.Choice(["text", "latex", "markdown", "html", "csv"]), default="text")
@click.option("--columns", type=click.Choice(["compact", "full"]), help="At most six, or all; text shows all.")
@click.option("--paper", is_flag=True, help="The paper's first number in compact columns, too.")
@click.option("--span", type=click.Choice(["column", "page"]), help="Width in LaTeX: table (the default), or table*.")
@click.option("--cite", type=click.Choice(["none", "keys"]), default="none", help="Keys of results/references.bib.")
def table(
    name: str, results: str, shown_as: Any, columns: str | None, paper: bool, span: str | None, cite: str
) -> None:  # fmt: skip
    """Print a table: 4, 4_extended, matrix, mcnemar, ..., or the path of a CSV (docs/own_paper.md)."""
    from glalign.reporting.own_table import Layout, render_table, unknown_names
    from glalign.reporting.references import citation_keys
    from glalign.reporting.terminal import find_table

    if span and shown_as != "latex":
        raise UserError(f"--span {span}: of LaTeX alone; add --format latex, or leave it out")
    if cite == "keys" and shown_as == "text":
        raise UserError("--cite keys: of tables for a paper; add --format latex, markdown, html or csv")
    path = find_table(name, Path(results))
    keys = citation_keys() if cite == "keys" else {}
    for unknown in unknown_names(path, keys) if keys else ():
        echo(f"warning: {unknown}: no line in paper/citations.csv; it is not cited", err=True)
    compact = columns == "compact" or (columns is None and shown_as != "text")
    layout = Layout(shown_as, compact=compact, page=span == "page", with_paper=paper, keys=keys)
    click.echo(render_table(path, layout))


@main.command()
@CONFIG
def page(paths: tuple[str, ...]) -> None:
    """Write results/index.html of the results that are there, and print where it is."""
    from glalign.config.loading import overlaid
    from glalign.planning.job_files import run_job, write_job
    from glalign.planning.plan import plan_of

    found = plan_of(overlaid(*paths))
    job = found.job("page")
    run_job("page", Path(write_job(found, "page", job)))
    echo(f"page: {found.outputs('page', job)['html']}")


@main.command()
@click.argument("results", type=PATH, required=False)
@CONFIG
@click.option("--all", "everything", is_flag=True, help="Name every file, not the first twenty of each kind.")
def verify(results: Path | None, paths: tuple[str, ...], everything: bool) -> None:
    """Compare the files below RESULTS with their recorded digests; exit 1 if they differ or none was recorded.

    RESULTS is the configuration's folder, or a copy of it.
    """
    from glalign.config.loading import overlaid
    from glalign.planning.plan import plan_of
    from glalign.planning.verify import NAMED, describe, verify

    found = plan_of(overlaid(*paths))
    root = results or Path(found.paths.results)
    findings = verify(found, root)
    for line in describe(findings, root, sys.maxsize if everything else NAMED):
        echo(line)
    if not findings.jobs:
        raise UserError(f"{root}: no record of what a job made; name the results folder, or copy its `digests` too")
    sys.exit(not findings.good)


@main.command()
@click.argument("scores", type=PATH)
@click.option(
    "--max-gb",
    type=click.FloatRange(min=0),
    default=8,
    show_default=True,
    help="Largest size of the unpacked arrays in GB.",
)
@JSON
def evaluate(scores: Path, max_gb: float, as_json: bool) -> None:
    """Rank-1/5/10, mAP and mINP of an .npz with similarity (Q, G), query_ids (Q,) and gallery_ids (G,)."""
    from glalign.evaluation.scores import evaluate_scores

    values = evaluate_scores(scores, max_gb)
    echo_report(values, "\n".join(f"{name:>12}  {value}" for name, value in values.items()), as_json=as_json)


@main.command()
@click.argument("ours", type=PATH)
@click.argument("reference", type=PATH)
@click.option("--tolerance", default=0.0, show_default=True, help="Largest difference of a numeric cell, in points.")
def compare(ours: Path, reference: Path, tolerance: float) -> None:
    """Compare two table CSVs, or folders of them, cell by cell; exit 1 and list the cells where they differ.

    Of folders, a table that OURS lacks is a difference, too; one that only OURS has is named as not compared.
    """
    from glalign.reporting.compare import compare, compare_folders, unmatched

    if reference.is_dir():
        found = compare_folders(ours, reference, tolerance)
        for name in unmatched(ours, reference):
            echo(f"not compared: {name} has no reference")
    else:
        found = {"": compare(ours, reference, tolerance)}
    for name, differences in found.items():
        for difference in differences:
            echo(f"{name}: {difference}" if name else difference)
        count = f"{len(differences)} difference{'s' * (len(differences) != 1)}"
        echo(f"{ours / name}: {count} from {reference / name}")
    sys.exit(any(found.values()))
