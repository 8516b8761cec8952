"""`glalign audit`: the rules over printed tables, for a folder of anyone's."""

import sys
from pathlib import Path

import click

from glalign.cli.echo import echo
from glalign.cli.options import PATH


@click.command()
@click.argument("folders", metavar="FOLDER...", nargs=-1, required=True, type=PATH)
@click.option(
    "--queries", multiple=True, type=click.IntRange(1, 10**9), metavar="N",
    help="Number of queries behind every Rank-k; repeatable: a number has to be a share of one of them.",
)  # fmt: skip
@click.option("--keywords", type=PATH, help="YAML of keyword lists: language, region, words.")
@click.option("--csv", "csv_file", type=PATH, metavar="FILE", help="Also write the findings to this file.")
def audit(folders: tuple[Path, ...], queries: tuple[int, ...], keywords: Path | None, csv_file: Path | None) -> None:
    """Check printed tables, CSV files in FOLDER, for what cannot be, disagrees or is unlikely (docs/audit.md).

    A table has a column of Rank-k (rank1, Rank-1, R@1, top-1, ...) and one of methods. Exit status 1 if a finding has
    the highest severity, `impossible`; else 0, whatever else is found.
    """
    from glalign.audit.finding import IMPOSSIBLE
    from glalign.audit.reading import files_of, read_material
    from glalign.audit.rules import audit
    from glalign.reporting.audit import describe, write_findings

    findings = audit(read_material(files_of(folders), keywords=keywords, queries=queries))
    for line in describe(findings):
        echo(line)
    if csv_file:
        write_findings(findings, csv_file)
    sys.exit(any(finding.severity == IMPOSSIBLE for finding in findings))
