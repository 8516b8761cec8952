"""A plan in the making: the configuration, the jobs so far, and what the planners of all stages share."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from glalign.config.loading import Config
from glalign.planning.cells import Cell, make_cell
from glalign.planning.printed_tables import SCENARIO_OF
from glalign.planning.stage import Job, Paths

Rows = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Draft:
    """What a planner may use.

    Args:
        config: The configuration.
        paths: Where everything generated lives.
        reported: Rows of the paper's tables 1 to 11.
        published: Rows of paper/parameters.csv by system.
        originals: The configuration with every system at its original size.
        jobs: Stage -> key -> job, of the stages planned so far.
    """

    config: Config
    paths: Paths
    reported: Mapping[int, Rows]
    published: Mapping[str, Mapping[str, str]]
    originals: Config
    jobs: dict[str, dict[str, Job]] = field(default_factory=dict)

    @cached_property
    def cells(self) -> Mapping[tuple[str, str], Cell]:
        """(scenario, system) -> cell, in the order of the tables and of the configuration."""
        pairs = [(scenario, system) for scenario in SCENARIO_OF.values() for system in self.config.systems]
        return {pair: make_cell(self.config, self.paths, *pair) for pair in pairs}

    def outputs(self, stage: str, job: Job) -> dict[str, str]:
        """Name -> path of every output of a job."""
        return self.paths.outputs(stage, job.ids)

    def title(self, text: str) -> str:
        """A caption that says what the data of our runs are, where they are not the paper's."""
        return f"{text} Data of our runs: {self.config.data_note}." if self.config.data_note else text


def unique(paths: Iterable[str]) -> tuple[str, ...]:
    """The paths in order, each once."""
    return tuple(dict.fromkeys(paths))
