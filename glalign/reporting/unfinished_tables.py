"""Tables of a run in which jobs failed: the complete rows, and for every other row the logs of the failed jobs.

They lie in a folder of their own, so that none is taken for the whole table. A run that is to make
the table removes it first.
"""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from glalign.planning.missing_files import jobs_behind
from glalign.planning.plan import Plan
from glalign.planning.table_stages import MatrixSpec, Row, TableSpec
from glalign.reporting.matrix import matrix_cells
from glalign.reporting.plain_table import write_csv
from glalign.reporting.tables import table

FOLDER = "unfinished"
"""Folder of these tables, below that of the whole ones."""

ENDED = "the run ended before it"
"""Note of a row whose jobs did not fail but had not run when the run stopped."""


def write_unfinished(plan: Plan, undone: Collection[str], failed: Collection[str]) -> list[str]:
    """Write the CSV of every table that was not made and has a complete row; return a line about each.

    A row is complete if no job that it depends on still has to run: no row shows numbers of an earlier run.

    Args:
        plan: The plan.
        undone: Outputs of the jobs that were to run and have not ended well.
        failed: Outputs of those of them that have failed.
    """
    logs, lines = _logs(plan, failed), []
    for path, spec in _tables(plan):
        if path not in undone or path in failed:
            continue
        rows = tuple(_row(plan, row, undone, logs) for row in spec.rows)
        made, planned = (sum(bool(row.metrics) for row in some) for some in (rows, spec.rows))
        if made:
            file, noted = unfinished(path), spec.model_copy(update={"rows": rows})
            write_csv(table(noted) if isinstance(noted, TableSpec) else matrix_cells(noted), file)
            old = ", and what is there is of an earlier run" if Path(path).exists() else ""
            lines.append(
                f"{path}: not made{old}; {file} has {made} of {planned} rows, and names the logs of the others"
            )
    return lines


def remove_unfinished(plan: Plan, paths: Collection[str]) -> None:
    """Remove the unfinished tables in place of those whole ones that are among `paths`."""
    for path, _ in _tables(plan):
        if path in paths:
            unfinished(path).unlink(missing_ok=True)


def unfinished(path: str) -> Path:
    """Where the unfinished table in place of the whole one at `path` lies."""
    return Path(path).parent / FOLDER / Path(path).name


def _tables(plan: Plan) -> Iterator[tuple[str, TableSpec | MatrixSpec]]:
    """(CSV, specification) of every table whose rows have a status."""
    for stage in ("table", "matrix"):
        for job in plan.jobs[stage].values():
            if isinstance(job.spec, TableSpec | MatrixSpec):
                yield plan.outputs(stage, job)["csv"], job.spec


def _logs(plan: Plan, failed: Collection[str]) -> Mapping[tuple[str, str], str]:
    """(stage, key) -> log of the jobs that make these files."""
    makers = [plan.makers[path] for path in failed if path in plan.makers]
    jobs = {(stage, key): plan.jobs[stage][key] for stage, key in makers}
    return {(stage, key): plan.paths.log(stage).format(**job.ids) for (stage, key), job in jobs.items()}


def _row(plan: Plan, row: Row, undone: Collection[str], logs: Mapping[tuple[str, str], str]) -> Row:
    """Return the row; if jobs that it depends on have not finished, without numbers and with the logs of the failed."""
    lacking = [path for path in (*row.metrics, *row.runs, *row.partial.values()) if path in undone]
    if not lacking:
        return row
    found = tuple(logs[key] for key in jobs_behind(plan, lacking) if key in logs)
    return row.model_copy(
        update={"metrics": (), "runs": (), "partial": {}, "failed": found, "note": "" if found else ENDED}
    )
