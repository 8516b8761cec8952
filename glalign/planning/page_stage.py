"""The page of results: every table, run and query of a plan, in one HTML file. Last of all stages."""

from collections.abc import Iterator

from glalign.config.base import Resamples
from glalign.contract.specs.base import OptionalPlace, Spec
from glalign.planning.data_stages import dataset_files, may_show, nuisance_files, pictures_of
from glalign.planning.draft import Draft, ids_of_cell, unique, with_record
from glalign.planning.figure_stages import FigureSpec
from glalign.planning.printed_tables import SCENARIO_OF
from glalign.planning.stage import Job, Stage
from glalign.planning.system_stages import RUN
from glalign.planning.table_stages import Row


class PageTable(Spec):
    """A table. tex: its LaTeX, empty where there is none. rows: the runs behind each row, where rows have runs."""

    name: str
    title: str
    csv: str
    tex: str
    rows: tuple[tuple[str, ...], ...] = ()


class PageResult(Spec):
    """The ranks of a run on a test set. job, log: files of the prediction."""

    key: str
    testset: str
    scenarios: tuple[str, ...]
    ranks: str
    metrics: str
    job: str
    log: str


class PageRun(Spec):
    """A system, trained once, or a reference that does not train: `record`, `job`, `log` and `times` are then empty."""

    key: str
    system: str
    label: str
    trainset: str
    seed: int
    record: str = ""
    job: str = ""
    log: str = ""
    times: str = ""
    results: tuple[PageResult, ...]


class PageCell(Spec):
    """A system in a scenario. note: why it is not run, or empty. results: keys of its results, one per seed."""

    system: str
    label: str
    competes: bool
    note: str
    results: tuple[str, ...]


class PageScenario(Spec):
    """A scenario with all of its cells. table: the number of the paper's table."""

    id: str
    title: str
    table: int
    testset: str
    cells: tuple[PageCell, ...]


class PageTestset(Spec):
    """A test set. pictures: the dataset whose pictures it shows. images: their folder, None if neither captions nor
    images are shown. phrases, truth, translation: of captions, generator and translator; empty where there are none."""

    id: str
    label: str
    language: str
    manifest: str
    splits: tuple[str, ...]
    pictures: str
    images: OptionalPlace
    phrases: str
    truth: str = ""
    translation: str = ""


class PageFigures(Spec):
    """Figures 2 and 3. parsing, failures: records of their examples. images, parts, dress: see `FigureSpec`."""

    parsing: str
    failures: str
    images: dict[str, OptionalPlace]
    parts: dict[str, str]
    dress: str


class PageSpec(Spec):
    """The page. own: the paper's system. oracle: the system that knows what captions name, or empty. times: folder of
    the records of what jobs took. bootstrap: resamples of the interval of a gap."""

    profile: str
    data_note: str
    own: str
    oracle: str
    times: str
    bootstrap: Resamples
    root_seed: int
    tables: tuple[PageTable, ...]
    scenarios: tuple[PageScenario, ...]
    testsets: tuple[PageTestset, ...]
    runs: tuple[PageRun, ...]
    figures: PageFigures | None = None


def plan_page(draft: Draft) -> Iterator[Job]:
    """One job, over the tables of all stages that are made by default and every cell that runs."""
    config = draft.config
    tables, runs, testsets = tuple(_tables(draft)), tuple(_runs(draft)), tuple(_testsets(draft))
    oracles = (name for name, outline in config.classes.items() if "truth" in outline.needs)
    spec = PageSpec.from_fields_of(
        config,
        config.evaluation,
        own=config.mcnemar.system,
        oracle=next(oracles, ""),
        times=f"{draft.paths.results}/times",
        root_seed=config.seed,
        tables=tables,
        scenarios=tuple(_scenario(draft, *pair) for pair in SCENARIO_OF.items()),
        testsets=testsets,
        runs=runs,
        figures=_figures(draft),
    )
    read = [run.record for run in runs] + [path for table in tables for path in (table.csv, table.tex)]
    results = [result for run in runs for result in run.results]
    read += [path for one in results for path in (*with_record(one.ranks), one.metrics)]
    read += [path for one in testsets for path in (one.manifest, one.phrases, one.truth, one.translation)]
    read += [path for job in draft.jobs["figures"].values() for path in job.inputs]
    shown = [config.testsets[one.id].dataset for one in testsets if one.images is not None]
    read += [path for dataset in shown for path in dataset_files(draft, dataset).made]
    yield Job({}, spec, inputs=unique(path for path in read if path))


def _figures(draft: Draft) -> PageFigures:
    """What the drawings of both figures are made of."""
    second, third = (job.spec for job in draft.jobs["figures"].values())
    assert isinstance(second, FigureSpec) and isinstance(third, FigureSpec)
    images = dict(third.images) | dict(second.images)
    return PageFigures.from_fields_of(second, parsing=second.examples, failures=third.examples, images=images)


def _tables(draft: Draft) -> Iterator[PageTable]:
    """Every CSV that a default stage makes, in the order of the stages."""
    used: set[str] = set()
    for name, jobs in draft.jobs.items():
        stage = draft.paths.stages[name]
        for job in jobs.values() if stage.default else ():
            outputs = draft.outputs(name, job)
            for csv in (path for path in outputs.values() if path.endswith(".csv")):
                table, tex = csv.rpartition("/")[2].removesuffix(".csv"), outputs.get("tex", "")
                title = getattr(job.spec, "title", "")
                if getattr(job.spec, "extended", False):
                    title += ", with further systems and columns"
                if not title or title in used:  # a specification that two stages share
                    title = stage.about.removeprefix("Write ")
                used.add(title)
                rows = getattr(job.spec, "rows", ())
                known = all(isinstance(row, Row) for row in rows)
                links = tuple(_keys(draft, row.scenario, row.system) for row in rows) if known else ()
                yield PageTable(name=table, title=title, csv=csv, tex=tex, rows=links)


def _keys(draft: Draft, scenario: str, system: str) -> tuple[str, ...]:
    """The runs of a cell, one per seed; none for a row that is no cell, or is not run."""
    cell = draft.cells.get((scenario, system))
    if cell is None or cell.status != "run":
        return ()
    return tuple(RUN.format(**ids) for ids in ids_of_cell(draft.config, scenario, system))


def _runs(draft: Draft) -> Iterator[PageRun]:
    """Every run with its results, in the order of the configuration."""
    config, paths = draft.config, draft.paths
    found: dict[str, dict[str, PageResult]] = {}
    about: dict[str, dict[str, str]] = {}
    for system in config.systems:
        for scenario in SCENARIO_OF.values():
            cell = draft.cells[scenario, system]
            for ids in ids_of_cell(config, scenario, system) if cell.status == "run" else ():
                key, testset = RUN.format(**ids), ids["testset"]
                about[key], results = ids, found.setdefault(key, {})
                before = results[testset].scenarios if testset in results else ()
                results[testset] = PageResult(
                    key=f"{key}/{testset}",
                    testset=testset,
                    scenarios=(*before, scenario),
                    ranks=paths.path("predict", "ranks", **ids),
                    metrics=paths.path("metrics", "metrics", **ids),
                    job=paths.job_file("predict").format(**ids),
                    log=paths.log("predict").format(**ids),
                )
    for key, results in found.items():
        ids, entry, files = about[key], config.systems[about[key]["system"]], {}
        if entry.trains:
            files = {"record": paths.path("fit", "run", **ids), "job": paths.job_file("fit").format(**ids)}
            files |= {"log": paths.log("fit").format(**ids), "times": paths.times("fit").format(**ids)}
        named = {"key": key, "system": ids["system"], "label": entry.label, "trainset": ids["trainset"]}
        yield PageRun.from_fields_of(named, files, seed=int(ids["seed"]), results=tuple(results.values()))


def _scenario(draft: Draft, table: int, scenario: str) -> PageScenario:
    config, testset, cells = draft.config, draft.config.scenarios[scenario].test, []
    for system, entry in config.systems.items():
        cell = draft.cells[scenario, system]
        keys = tuple(f"{key}/{testset}" for key in _keys(draft, scenario, system))
        named = {"system": system, "label": entry.label, "competes": entry.trains}
        cells.append(PageCell.from_fields_of(named, note=cell.note, results=keys))
    title = getattr(draft.jobs["table"][str(table)].spec, "title", scenario)
    return PageScenario(id=scenario, title=title, table=table, testset=testset, cells=tuple(cells))


def _testsets(draft: Draft) -> Iterator[PageTestset]:
    """The test sets of the cells that run. Captions and images are of drawn people, or of releases that permit it."""
    config = draft.config
    read = {path for job in draft.jobs["predict"].values() for path in job.inputs}
    tested = {config.scenarios[scenario].test for (scenario, _), cell in draft.cells.items() if cell.status == "run"}
    for name in [name for name in config.testsets if name in tested]:
        settings = config.testsets[name]
        dataset, entry = settings.dataset, config.datasets[settings.dataset]
        shown = may_show(config, dataset)
        phrases = draft.paths.path("phrases", "phrases", dataset=dataset)
        yield PageTestset(
            id=name,
            label=entry.label,
            language=entry.language,
            manifest=draft.paths.path("manifest", "manifest", dataset=dataset),
            splits=settings.splits,
            pictures=pictures_of(draft, dataset),
            images=dataset_files(draft, dataset).images if shown else None,
            phrases=phrases if shown and phrases in read else "",
            **nuisance_files(draft, dataset),
        )


PAGE = Stage(
    name="page", key="page", outputs={"html": "index.html"}, function="glalign.reporting.page.make_page.make_page",
    plan=plan_page, about="Write the page of all results.", default=True, memory=4000,
)  # fmt: skip
"""After every stage whose tables it shows."""
