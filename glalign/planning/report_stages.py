"""Reports beside the paper's tables: paired tests, phrases, translations, and the document of all."""

from collections.abc import Iterator
from typing import Literal

from glalign.config.base import Resamples
from glalign.config.datasets import Language
from glalign.contract.specs.base import Noted, Spec
from glalign.planning.draft import (
    Draft,
    ids_of_cell,
    partial_files,
    reason_missing,
    synthetic_source,
    unique,
    with_record,
)
from glalign.planning.printed_tables import SCENARIO_OF
from glalign.planning.stage import Job, Stage
from glalign.support.checkout import suite_file

JUDGED = 200
"""Pairs of a sample of translations: as many as the paper judged (Section 5.2)."""


class PairedTest(Noted):
    """Two ranks files over the same queries. family: tests that are adjusted together."""

    family: Literal["languages", "ablations", "baselines"]
    pair: str
    scenarios: str
    first: str
    second: str


class McNemarSpec(Spec):
    """The table of paired tests. bootstrap: person-level resamples of the gap's interval."""

    title: str
    tests: tuple[PairedTest, ...]
    bootstrap: Resamples
    root_seed: int
    profile: str


class PhraseRow(Noted):
    """The coverage of a dataset."""

    dataset: str
    label: str
    language: Language
    coverage: str


class PhraseCountsSpec(Spec):
    """The table of phrases by part of the body."""

    rows: tuple[PhraseRow, ...]
    profile: str
    data_note: str


class TranslationRow(Spec):
    """A translated dataset with its files, or with the reason why they do not tell what is wrong in it.

    phrases: those that are found in its captions for training.
    """

    dataset: str
    label: str
    source_language: Language
    language: Language
    note: str = ""
    translation: str = ""
    truth: str = ""
    source_truth: str = ""
    phrases: str = ""


class TranslationSpec(Spec):
    """The table of translation errors. sample: number of pairs of the sample. paper: CSV of the printed rate."""

    title: str
    rows: tuple[TranslationRow, ...]
    paper: str
    sample: int
    root_seed: int
    show_paper_values: bool
    profile: str
    data_note: str


class ReferencesSpec(Spec):
    """The bibliography of the tables. bibliography: the suite's file."""

    bibliography: str


class DocumentSpec(Spec):
    """One document of the LaTeX files `tables`."""

    title: str
    subtitle: str
    tables: tuple[str, ...]


def plan_mcnemar(draft: Draft) -> Iterator[Job]:
    """The tests of languages, of ablations, and of the paper's system against every other that has run."""
    config, tests = draft.config, (*_languages(draft), *_against(draft))
    title = draft.title("McNemar's tests of paired queries.")
    spec = McNemarSpec.from_fields_of(config, config.evaluation, title=title, tests=tests, root_seed=config.seed)
    ranks = unique(path for test in tests for path in (test.first, test.second))
    files = [path for one in ranks for path in with_record(one)]
    inputs = unique((*files, *(path for test in tests for path in test.partial.values())))
    yield Job({}, spec, inputs=inputs, refused=_other_queries(draft))


def _languages(draft: Draft) -> Iterator[PairedTest]:
    """Every system that has run in both scenarios of a pair of languages."""
    for pair in draft.config.mcnemar.languages.items():
        for system in _trained_in(draft, *pair):
            label = f"{draft.config.systems[system].label}: {pair[0]} against {pair[1]}"
            yield _test(draft, "languages", label, [(scenario, system) for scenario in pair])


def _other_queries(draft: Draft) -> str:
    """Why scenarios do not ask for the same people in two languages, as their tests want; empty if they do."""
    config = draft.config
    for pair in config.mcnemar.languages.items():
        if not _trained_in(draft, *pair):
            continue
        testsets = [config.testsets[config.scenarios[name].test] for name in pair]
        tested = [config.datasets[testset.dataset] for testset in testsets]
        path = f"configuration: mcnemar.languages.{pair[0]}: {pair[1]}"
        remedy = "name a scenario with the same queries in another language, or write `languages: {}`"
        if tested[0].language == tested[1].language:
            return f"{path} has captions in {tested[0].language}, too; {remedy}"
        one, other = ({**sets.to_json(), "dataset": of.people} for sets, of in zip(testsets, tested, strict=True))
        if differ := ["people" if key == "dataset" else key for key in one if one[key] != other[key]]:
            return f"{path} has other {', '.join(differ)} in its test set; {remedy}"
    return ""


def _against(draft: Draft) -> Iterator[PairedTest]:
    """The paper's system against its ablations and against every other trained system, per scenario."""
    systems, own = draft.config.systems, draft.config.mcnemar.system
    for scenario in SCENARIO_OF.values():
        ran = _trained_in(draft, scenario)
        for other in ran if own in ran else ():
            if other != own:
                family = "ablations" if other in draft.config.mcnemar.ablations else "baselines"
                label = f"{systems[own].label} against {systems[other].label}"
                yield _test(draft, family, label, [(scenario, own), (scenario, other)])


def _trained_in(draft: Draft, *scenarios: str) -> list[str]:
    """The trained systems that have run in all of these scenarios."""
    found = [name for name, entry in draft.config.systems.items() if entry.trains]
    return [name for name in found if all(draft.cells[one, name].status == "run" for one in scenarios)]


def _test(draft: Draft, family: str, pair: str, sides: list[tuple[str, str]]) -> PairedTest:
    """A test of two (scenario, system), by the ranks of the first seed."""
    ids = [ids_of_cell(draft.config, *side)[0] for side in sides]
    first, second = (draft.paths.path("predict", "ranks", **one) for one in ids)
    scenarios = ", ".join(unique(scenario for scenario, _ in sides))
    partial = {label: path for side in sides for label, path in draft.cells[side].partial.items()}
    shared = unique(sentence for side in sides for sentence in draft.cells[side].shared)
    values = {"family": family, "pair": pair, "scenarios": scenarios, "partial": partial, "shared": shared}
    return PairedTest.from_fields_of(values, first=first, second=second)


def plan_phrase_counts(draft: Draft) -> Iterator[Job]:
    """The coverage of every dataset."""
    config, rows = draft.config, []
    for name in draft.jobs["coverage"]:
        coverage = draft.paths.path("coverage", "coverage", dataset=name)
        partial = partial_files(config, draft.paths, [name])
        rows.append(PhraseRow.from_fields_of(config.datasets[name], dataset=name, coverage=coverage, partial=partial))
    inputs = tuple(path for row in rows for path in (row.coverage, *row.partial.values()))
    yield Job({}, PhraseCountsSpec.from_fields_of(config, rows=tuple(rows)), inputs=inputs)


def plan_translation(draft: Draft) -> Iterator[Job]:
    """The errors of every translated dataset."""
    config = draft.config
    rows = tuple(_translation_row(draft, name) for name, entry in config.datasets.items() if entry.translated)
    if rows:
        title, paper = draft.title("Pairs whose machine translation is wrong."), suite_file("paper/translation.csv")
        values = {"title": title, "paper": paper, "sample": JUDGED, "root_seed": config.seed}
        files = (path for row in rows for path in (row.translation, row.truth, row.source_truth, row.phrases) if path)
        yield Job({}, TranslationSpec.from_fields_of(config, values, rows=rows), inputs=unique((paper, *files)))


def _translation_row(draft: Draft, dataset: str) -> TranslationRow:
    config, entry = draft.config, draft.config.datasets[dataset]
    source = str(entry.translated)
    note = reason_missing(config, [dataset])
    if entry.root is not None:
        note = "a real translation: judge a sample by hand, see `glalign translation sample`"
    files = {}
    if not note and synthetic_source(config, dataset) == source:
        files = draft.paths.outputs("translate", {"dataset": dataset})
        files["source_truth"] = draft.paths.path("synthesize", "truth", dataset=source)
        files["phrases"] = draft.paths.path("phrases", "phrases", dataset=dataset)
    language = config.datasets[source].language
    return TranslationRow.from_fields_of(entry, files, dataset=dataset, source_language=language, note=note)


def plan_references(draft: Draft) -> Iterator[Job]:
    """One job."""
    bibliography = suite_file("paper/references.bib")
    yield Job({}, ReferencesSpec(bibliography=bibliography), inputs=(bibliography,))


def plan_document(draft: Draft) -> Iterator[Job]:
    """One document of every table that has LaTeX: the paper's, the extended ones, the others."""
    made = (draft.outputs(stage, job) for stage, jobs in draft.jobs.items() for job in jobs.values())
    tables = tuple(outputs["tex"] for outputs in made if "tex" in outputs)
    subtitle = ": ".join(text for text in (draft.config.profile, draft.config.data_note) if text)
    yield Job(
        {}, DocumentSpec(title="Text-based person search: all tables", subtitle=subtitle, tables=tables), inputs=tables
    )


STAGES: tuple[Stage, ...] = (
    Stage(
        name="mcnemar", key="mcnemar", outputs={"csv": "mcnemar.csv", "tex": "mcnemar.tex"},
        function="glalign.reporting.mcnemar.make_mcnemar", plan=plan_mcnemar,
        about="Write McNemar's tests of paired queries.", default=True, memory=2000,
    ),
    Stage(
        name="phrase_counts", key="phrases", outputs={"csv": "phrases.csv"},
        function="glalign.reporting.phrases.make_phrase_counts", plan=plan_phrase_counts,
        about="Write every dataset's phrases by region.", default=True,
    ),
    Stage(
        name="translation", key="translation", outputs={"csv": "translation.csv", "tex": "translation.tex"},
        function="glalign.reporting.translation.make_translation", plan=plan_translation,
        about="Write what machine translation got wrong.", default=True,
    ),
    Stage(
        name="references", key="references", outputs={"bib": "references.bib"},
        function="glalign.reporting.references.make_references", plan=plan_references,
        about="Write the bibliography of what the tables name.", default=True,
    ),
)  # fmt: skip

DOCUMENT = Stage(
    name="document", key="tables", outputs={"tex": "tables.tex", "pdf": "tables.pdf"},
    function="glalign.reporting.document.make_document", plan=plan_document, about="Set every table in one PDF.",
    typesets=True,
)  # fmt: skip
"""After all stages with tables: it shows them."""
