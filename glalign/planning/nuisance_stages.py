"""Rank-1 by level of what makes a query hard, where the generator wrote it down."""

from collections.abc import Iterator

from glalign.config.base import Resamples
from glalign.contract.specs.base import Noted, Spec
from glalign.planning.data_stages import nuisance_files
from glalign.planning.draft import Draft, ids_of_cell, unique, with_record
from glalign.planning.stage import Job, Stage

SHOWN = ("SE1", "SV1", "SV3")
"""Scenarios of the table: the same people in English and in translation, and those that native captions describe."""

OWN, WITHOUT = "glalign", "glalign_global"
"""The system with local alignment, and the one without."""


class SystemRanks(Spec):
    """A system that has run. ranks: one file per seed."""

    system: str
    label: str
    ranks: tuple[str, ...]


class NuisanceScenario(Noted):
    """A scenario. truth, translation: files of the generator and the translator; empty where there are none."""

    scenario: str
    people: str = ""
    truth: str = ""
    translation: str = ""
    systems: tuple[SystemRanks, ...] = ()


class NuisanceSpec(Spec):
    """The table. own, without: systems with and without local alignment. bootstrap: person-level resamples."""

    title: str
    scenarios: tuple[NuisanceScenario, ...]
    own: str
    without: str
    bootstrap: Resamples
    root_seed: int
    profile: str
    data_note: str


def plan_nuisance(draft: Draft) -> Iterator[Job]:
    """One job: the systems that have run in the scenarios shown."""
    config = draft.config
    scenarios = tuple(_scenario(draft, name) for name in SHOWN)
    title = draft.title("Rank-1 by level of what makes a query hard, and what local alignment adds there.")
    values = {"title": title, "scenarios": scenarios, "own": OWN, "without": WITHOUT, "root_seed": config.seed}
    yield Job({}, NuisanceSpec.from_fields_of(config, config.evaluation, values), inputs=unique(_files(scenarios)))


def _scenario(draft: Draft, name: str) -> NuisanceScenario:
    config = draft.config
    tested = config.testsets[config.scenarios[name].test].dataset
    cells = [draft.cells[name, system] for system in config.systems]
    ran = [cell for cell in cells if cell.status == "run"]
    files = nuisance_files(draft, tested)
    if not ran or "truth" not in files:
        note = "no system has run" if "truth" in files else "the data do not say what makes their queries hard"
        return NuisanceScenario(scenario=name, note=note)
    systems = tuple(
        SystemRanks.from_fields_of(
            config.systems[cell.system],
            system=cell.system,
            ranks=tuple(draft.paths.path("predict", "ranks", **ids) for ids in ids_of_cell(config, name, cell.system)),
        )
        for cell in ran
    )
    return NuisanceScenario.from_fields_of(files, scenario=name, people=config.datasets[tested].people, systems=systems)


def _files(scenarios: tuple[NuisanceScenario, ...]) -> Iterator[str]:
    for scenario in scenarios:
        yield from filter(None, [scenario.truth, scenario.translation])
        for path in (path for one in scenario.systems for path in one.ranks):
            yield from with_record(path)


STAGES: tuple[Stage, ...] = (
    Stage(
        name="nuisance", key="nuisance", outputs={"csv": "nuisance.csv", "tex": "nuisance.tex"},
        function="glalign.reporting.nuisance.make_nuisance", plan=plan_nuisance,
        about="Write Rank-1 by level of what makes a query hard.", default=True, memory=2000,
    ),
)  # fmt: skip
