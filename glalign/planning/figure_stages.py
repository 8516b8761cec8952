"""Figures 2 and 3 of the paper for our data: the examples that they show, and the drawings."""

from collections.abc import Iterator
from typing import Any

from glalign.config.datasets import Language
from glalign.contract.specs.base import OptionalPlace, Spec
from glalign.planning.data_stages import dataset_files, may_show, nuisance_files, pictures_of
from glalign.planning.draft import Cell, Draft, ids_of_cell, unique, with_record
from glalign.planning.nuisance_stages import OWN, WITHOUT
from glalign.planning.stage import Job, Stage

PARSED = ("SE1", "SV3")
"""Scenarios whose test images Figure 2 parses: CUHK-PEDES in English and 3000VnPerson-Search in Vietnamese."""

FAILURES = {"ambiguity": "SE1", "light": "SV3", "occlusion": "SE1", "translation": "SV1"}
"""The causes of Figure 3 -> scenario of their queries. The paper sees poor light in 3000VnPerson-Search (Section 5.2);
only CUHK-PEDES is translated."""

HARDEST_NAMES = {
    "ambiguity": "Ambiguous caption",
    "light": "Poor light",
    "occlusion": "Partial occlusion",
    "translation": "Translation error",
}
"""Cause of Figure 3 -> what the figure and the page's list of queries call its hardest level."""


class ExampleData(Spec):
    """The test data of a scenario. shown: whether captions and images may be shown. note: why nothing can be shown."""

    scenario: str
    dataset: str
    label: str
    language: Language
    shown: bool
    note: str = ""
    manifest: str = ""
    splits: tuple[str, ...] = ()


class ParsingData(ExampleData):
    """A block of Figure 2. phrases: of the captions."""

    phrases: str = ""


class FailureData(ExampleData):
    """A cause of Figure 3. truth, translation: files of the generator and the translator. full, without: ranks of the
    systems with and without local alignment, of the first seed; their labels."""

    cause: str
    title: str
    truth: str = ""
    translation: str = ""
    full: str = ""
    full_label: str
    without: str = ""
    without_label: str


class ExamplesSpec(Spec):
    """The examples of both figures."""

    parsing: tuple[ParsingData, ...]
    failures: tuple[FailureData, ...]
    data_note: str


class FigureSpec(Spec):
    """A figure. examples: record of its examples. images, parts: dataset -> folder of images and of label maps, of the
    datasets that may be shown. dress: regions of dress pixels (D19)."""

    figure: str
    examples: str
    images: dict[str, OptionalPlace]
    parts: dict[str, str]
    dress: str


def plan_examples(draft: Draft) -> Iterator[Job]:
    """One job."""
    parsing = tuple(_parsing(draft, scenario) for scenario in PARSED)
    failures = tuple(_failure(draft, cause, scenario) for cause, scenario in FAILURES.items())
    ranks = [path for one in failures for path in (one.full, one.without) if path]
    read = [path for one in parsing for path in (one.manifest, one.phrases)]
    read += [path for one in failures for path in (one.manifest, one.truth, one.translation)]
    read += [path for one in ranks for path in with_record(one)]
    spec = ExamplesSpec(parsing=parsing, failures=failures, data_note=draft.config.data_note)
    yield Job({}, spec, inputs=unique(filter(None, read)))


def _data(draft: Draft, scenario: str) -> dict[str, Any]:
    """What every example of a scenario has."""
    testset = draft.config.testsets[draft.config.scenarios[scenario].test]
    dataset, entry = testset.dataset, draft.config.datasets[testset.dataset]
    values = {"scenario": scenario, "dataset": dataset, "label": entry.label, "language": entry.language}
    return values | {"shown": may_show(draft.config, dataset)}


def _tested(draft: Draft, scenario: str) -> dict[str, Any]:
    """Manifest and splits of a scenario's test set."""
    testset = draft.config.testsets[draft.config.scenarios[scenario].test]
    manifest = draft.paths.path("manifest", "manifest", dataset=testset.dataset)
    return {"manifest": manifest, "splits": testset.splits}


def _reason(cell: Cell | None, label: str) -> str:
    """Why a system has no ranks in a scenario; empty if it has."""
    if cell is None:
        return f"{label} is not configured"
    return "" if cell.status == "run" else f"{label} has not run: {cell.note}"


def _parsing(draft: Draft, scenario: str) -> ParsingData:
    """A block. The label maps and phrases are those that the system reads; where it does not run there are none."""
    values = _data(draft, scenario)
    if note := _reason(draft.cells.get((scenario, OWN)), OWN):
        return ParsingData.from_fields_of(values, note=note)
    phrases = draft.paths.path("phrases", "phrases", dataset=values["dataset"])
    return ParsingData.from_fields_of(values, _tested(draft, scenario), phrases=phrases)


def _failure(draft: Draft, cause: str, scenario: str) -> FailureData:
    config, values = draft.config, _data(draft, scenario)
    systems = {"full": OWN, "without": WITHOUT}
    labels = {side: config.systems[name].label if name in config.systems else name for side, name in systems.items()}
    values |= {"cause": cause, "title": HARDEST_NAMES[cause]} | {
        f"{side}_label": label for side, label in labels.items()
    }
    reasons = [_reason(draft.cells.get((scenario, name)), labels[side]) for side, name in systems.items()]
    known = nuisance_files(draft, values["dataset"])
    if "truth" not in known or (cause == "translation" and "translation" not in known):
        reasons.append("the data do not say what makes their queries hard")
    if note := next(filter(None, reasons), ""):
        return FailureData.from_fields_of(values, note=note)
    for side, name in systems.items():
        known[side] = draft.paths.path("predict", "ranks", **ids_of_cell(config, scenario, name)[0])
    return FailureData.from_fields_of(values, _tested(draft, scenario), known)


def plan_figures(draft: Draft) -> Iterator[Job]:
    """Figure 2 with images and label maps, Figure 3 with images."""
    (examples,) = draft.jobs["examples"].values()
    outputs = draft.outputs("examples", examples)
    assert isinstance(examples.spec, ExamplesSpec)
    for figure, data in (("2", examples.spec.parsing), ("3", examples.spec.failures)):
        files = drawn_files(draft, [one.dataset for one in data if one.shown and not one.note], parts=figure == "2")
        record = outputs[f"figure{figure}"]
        spec = FigureSpec.from_fields_of(files, figure=figure, examples=record, dress=draft.config.parsing.dress)
        made = [path for dataset in spec.images for path in dataset_files(draft, dataset).made]
        yield Job({"figure": figure}, spec, inputs=unique((record, *made, *spec.parts.values())))


def drawn_files(draft: Draft, datasets: list[str], parts: bool) -> dict[str, dict[str, str]]:
    """The folders of images and, with `parts`, of label maps."""
    images = {name: dataset_files(draft, name).images for name in datasets}
    maps = {name: draft.paths.path("parse", "parts", dataset=pictures_of(draft, name)) for name in datasets}
    return {"images": images, "parts": maps if parts else {}}


STAGES: tuple[Stage, ...] = (
    Stage(
        name="examples", key="examples", outputs={"figure2": "figure2.json", "figure3": "figure3.json"},
        function="glalign.reporting.figures.examples.make_examples", plan=plan_examples,
        about="Choose the examples of Figures 2 and 3.", default=True, memory=2000,
    ),
    Stage(
        name="figures", key="{figure}", outputs={"pdf": "figure{figure}.pdf", "include": "figure{figure}.tex"},
        function="glalign.reporting.figures.make_figure.make_figure", plan=plan_figures, about="Draw Figure 2 or 3.",
        typesets=True, memory=2000,
    ),
)  # fmt: skip
