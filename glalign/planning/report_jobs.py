"""The jobs that report on phrases and translations, and the document of all tables."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from glalign.config.loading import Config
from glalign.planning.cells import drawn, partial_files, reason_missing
from glalign.planning.job import Job
from glalign.planning.layout import Layout
from glalign.storage.code_digest import modules_of

JUDGED = 200
"""Pairs of a sample of translations: as many as the paper judged (Section 5.2)."""

WITH_LATEX = ("table", "systems", "alpha", "matrix", "significance", "mismatch")
"""Stages whose tables the document shows, in its order."""


def coverage_job(phrases: Job, truth: str | None) -> Job:
    """What the keyword lists map of the phrases that the job `phrases` finds, whichever list that job uses."""
    spec = {key: value for key, value in phrases.spec.items() if key != "lexicon"} | {"truth": truth}
    return Job("coverage", (*phrases.inputs, *([truth] if truth else [])), spec, modules_of("coverage"))


def report_jobs(config: Config, layout: Layout, covered: Iterable[str]) -> Iterator[tuple[str, str, Job]]:
    """The table of phrases of the datasets `covered`, and of the mistakes of the translated ones."""
    shown = {key: config[key] for key in ("profile", "data_note")}
    rows = [
        {
            "dataset": name,
            **{key: config["datasets"][name][key] for key in ("label", "language")},
            "coverage": layout.path("coverage", "coverage", dataset=name),
            "partial": partial_files(config, layout, [name]),
        }
        for name in covered
    ]
    inputs = tuple(path for row in rows for path in (row["coverage"], *row["partial"].values()))
    yield "phrase_counts", "phrases", Job("phrase_counts", inputs, {**shown, "rows": rows}, modules_of("phrase_counts"))

    rows = [_translation(config, layout, name) for name, entry in config["datasets"].items() if entry["translated"]]
    if rows:
        files = (row[key] for row in rows if not row["note"] for key in ("translation", "truth", "source_truth"))
        note = f" Data of our runs: {config['data_note']}." if config["data_note"] else ""
        spec = {
            "title": f"Pairs whose machine translation is wrong.{note}",
            "rows": rows,
            "paper": "paper/mismatch.csv",
        }
        spec |= {
            "root_seed": config["seed"],
            "sample": JUDGED,
            "show_paper_values": config["show_paper_values"],
            **shown,
        }
        inputs = (spec["paper"], *dict.fromkeys(files))
        yield "mismatch", "translation", Job("mismatch", inputs, spec, modules_of("mismatch"))


def _translation(config: Config, layout: Layout, dataset: str) -> dict[str, Any]:
    """A translated dataset with its files, or with the reason why they do not tell what is wrong in it."""
    entry = config["datasets"][dataset]
    source = entry["translated"]
    row = {"dataset": dataset, "label": entry["label"], "from": config["datasets"][source]["language"]}
    row |= {"to": entry["language"], "note": reason_missing(config, [dataset])}
    if entry["root"] is not None:
        row["note"] = "a real translation: judge a sample by hand, see `glalign translation sample`"
    if not row["note"] and drawn(config, dataset) == source:
        row |= {key: layout.path("translate", key, dataset=dataset) for key in ("translation", "truth")}
        row["source_truth"] = layout.path("synthesize", "truth", dataset=source)
    return row


def document_job(config: Config, layout: Layout, jobs: Mapping[str, Mapping[str, Job]]) -> Job:
    """One PDF of every table that has LaTeX: the paper's, the extended ones, the ledgers."""
    tables = [layout.path("table", "tex", table=table) for table in jobs["table"]]
    tables += [layout.path(stage, "tex") for stage in WITH_LATEX if stage != "table" and jobs[stage]]
    subtitle = ": ".join(text for text in (config["profile"], config["data_note"]) if text)
    spec = {"title": "Text-based person search: all tables", "subtitle": subtitle, "tables": tables}
    return Job("document", tuple(tables), spec, modules_of("document"))
