"""The page of results, results/index.html: written from tables, ranks and records, whatever of them is there.

It is one file that loads nothing. Every text is escaped by Jinja2, data for the script too, and a policy in the page
allows the one style sheet and the one script whose digests it names.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import jinja2

from glalign.audit.finding import SEVERITIES
from glalign.contract.results import Provenance
from glalign.planning.page_stage import PageSpec
from glalign.reporting.page.answer import answer, below_text, claim_texts, drawn_text, findings_of, gap_text
from glalign.reporting.page.figures import pieces, read_figures
from glalign.reporting.page.origin import Origin, duration, read_origin
from glalign.reporting.page.queries import picture_sheets, query_data, shown_queries
from glalign.reporting.page.read_runs import read_run
from glalign.reporting.page.read_tables import Table, anchor, columns_of, link, read_table
from glalign.reporting.page.results import by_testset, read_results
from glalign.reporting.page.scenario_charts import charts_of, tables_of
from glalign.reporting.page.scenarios import Scenario, read_scenarios
from glalign.reporting.plain_table import target_of
from glalign.storage.whole_files import write_text

DATA_FILES = ("templates/*",)
TEMPLATES = Path(__file__).with_name("templates")

FIRST = ("audit", "claims", "nuisance")
"""Tables that stand before the others: they say what the numbers mean."""

LEGENDS = {
    "audit": "; ".join(f"{severity}: {meaning}" for severity, meaning in SEVERITIES.items()) + ".",
    "claims": "supported: the effect lies inside of what is asserted, p < .05 after Holm's adjustment (C4: .01); "
    "contradicted: it lies outside; open: neither, or it has not run, or other data cannot decide it. A claim is "
    "supported if every comparison is, and contradicted if one is.",
}
"""Table -> what the words of its rows mean, as docs/audit.md and docs/claims.md define them."""

TURNING = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\ufffd")
"""Embeddings, overrides and isolates of text direction (Unicode Standard Annex 9), and what the page shows for them."""

JSON = {"ensure_ascii": False, "separators": (",", ":"), "sort_keys": True}


def make_page(spec: PageSpec, html: Path) -> None:
    """Write the page. What is not made yet is named as missing. Raises: UserError for a damaged file."""
    results = read_results(spec.runs)
    ranked = by_testset(results)
    runs = {run.key: read_run(run, results, html) for run in spec.runs}
    charted = {name for one in spec.scenarios for name in tables_of(one)}
    tables = {table.name: read_table(table, html, table.name in charted) for table in spec.tables}
    records: list[Provenance] = [run.record for run in runs.values() if run.record]
    origin = read_origin(spec.times, [*records, *(one.summary for one in results.values())])
    if origin.compute:
        tables["compute"] = _compute(origin, html)
    scenarios = read_scenarios(spec, results, runs)
    shown = shown_queries(spec.testsets, ranked)
    text = _environment().get_template("page.html").render(
        spec=spec,
        command=f"snakemake --cores 1 {target_of(html)}",
        origin=origin,
        lines=answer(tables, scenarios, spec.own),
        claims=claim_texts(tables.get("claims")),
        scenarios=[(one, charts_of(one, tables, runs, spec.own)) for one in scenarios],
        named=set(tables),
        notes=_notes(tables, scenarios),
        findings=findings_of(tables),
        tables=sorted(tables.values(), key=lambda table: table.name not in FIRST),
        runs=list(runs.values()),
        figures=read_figures(spec.figures),
        script=_template("page.js"),
        style=_template("page.css") + "".join(_rules(picture_sheets(shown))),
        data=query_data(shown, ranked, spec.oracle),
    )  # fmt: skip
    write_text(html, text)


def _environment() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(TEMPLATES, encoding="utf-8")
    made = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        finalize=_with_visible_controls,
    )  # fmt: skip
    made.policies["json.dumps_kwargs"] = JSON
    made.filters |= {"digest": digest, "duration": duration, "pieces": pieces}
    made.filters |= {"gap_text": gap_text, "below_text": below_text, "drawn_text": drawn_text}
    made.globals["anchor"] = anchor
    return made


def _with_visible_controls(value: object) -> object:
    """A text, escaped or not, with U+FFFD in place of characters that turn a text around; another value unchanged.

    One stands for one, so that the places of phrases hold. An element that isolates its text would not do: an isolate
    that a text opens and does not close takes the end of the element's own.
    """
    return value.translate(TURNING) if isinstance(value, str) else value


def digest(text: str) -> str:
    """The digest of an inline script or style sheet, as a Content-Security-Policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _template(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _rules(sheets: dict[str, list[str]]) -> Iterable[str]:
    """A rule of CSS for each sheet of pictures. The name of a dataset is letters, digits and _ . + - (`Id`)."""
    for name, uris in sheets.items():
        for number, uri in enumerate(uris):
            yield f'[data-sheet="{name}/{number}"]{{background-image:url({uri})}}\n'


def _notes(tables: Mapping[str, Table], scenarios: Sequence[Scenario]) -> dict[str, list[str]]:
    """Table -> sentences above it: what its words mean, and what its n counts where test sets are drawn."""
    found = {name: [text] for name, text in LEGENDS.items()}
    for one in scenarios:
        for name in ("claims", *tables_of(one.plan)) if one.draws > 1 else ():
            found.setdefault(name, []).append(f"{drawn_text(one)}.")
    return {name: found.get(name, []) for name in tables}


def _compute(origin: Origin, page: Path) -> Table:
    """What the jobs took: rows of compute.csv, which is written only when a run of the workflow ends."""
    header = list(origin.compute[0])
    rows = tuple(tuple(row.values()) for row in origin.compute)
    title = "What every job took: wall time, CPU time, peak memory, and the wall time by kind."
    csv = link(str(page.with_name("compute.csv")), page)
    return Table("compute", title, "whole", columns_of(header, rows), rows, ("",) * len(rows), csv)
