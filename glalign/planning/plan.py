"""The plan: every job of a configuration, without torch. The Snakemake rules get their jobs from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from glalign.config.loading import Config, load
from glalign.planning import (
    alpha_stages,
    audit_stages,
    claim_stages,
    cost_stages,
    data_stages,
    figure_stages,
    nuisance_stages,
    order_stages,
    page_stage,
    reading_stages,
    report_stages,
    search_stages,
    system_stages,
    table_stages,
    twin_stages,
)
from glalign.planning.draft import Draft, Rows
from glalign.planning.leakage import check_leakage
from glalign.planning.printed_tables import read_published, read_reported
from glalign.planning.shared_images import warnings
from glalign.planning.stage import Job, Paths, Stage
from glalign.support.checkout import suite_file
from glalign.support.errors import UserError, nearest

STAGES: Mapping[str, Stage] = MappingProxyType(
    {
        stage.name: stage
        for stage in (
            *data_stages.STAGES,
            *twin_stages.STAGES,
            *system_stages.STAGES,
            *table_stages.STAGES,
            *order_stages.STAGES,
            *cost_stages.STAGES,
            *reading_stages.STAGES,
            *alpha_stages.STAGES,
            *search_stages.STAGES,
            *report_stages.STAGES,
            *audit_stages.STAGES,
            *claim_stages.STAGES,
            *nuisance_stages.STAGES,
            *figure_stages.STAGES,
            report_stages.DOCUMENT,
            page_stage.PAGE,
        )
    }
)
"""Every stage by name. A stage's planner sees the jobs of those before it."""


@dataclass(frozen=True)
class Plan:
    """All jobs, as stage -> key -> job. warnings: lines about scenarios that a reader of the tables may doubt."""

    config: Config
    paths: Paths
    jobs: Mapping[str, Mapping[str, Job]]
    warnings: tuple[str, ...] = ()

    def job(self, stage: str, **ids: object) -> Job:
        """The job of a stage with these ids. Raises: UserError when the plan has none, or when it cannot be run."""
        key = STAGES[stage].key_of(ids)
        if key not in self.jobs[stage]:
            known = self.jobs[stage]
            what = f"{stage} {key}: no job of this configuration"
            remedy = f"the nearest of its {len(known)}: {nearest(key, known)}; `snakemake -n --forceall` lists all"
            raise UserError(f"{what}; {remedy if known else 'it has none'}")
        return self.jobs[stage][key].possible()

    def outputs(self, stage: str, job: Job) -> dict[str, str]:
        """Name -> path of every output of a job."""
        return self.paths.outputs(stage, job.ids)

    def files(self, stage: str) -> list[str]:
        """The outputs of all jobs of a stage."""
        return [path for job in self.jobs[stage].values() for path in self.outputs(stage, job).values()]

    @cached_property
    def makers(self) -> Mapping[str, tuple[str, str]]:
        """Path -> (stage, key) of the job that makes it."""
        return {
            path: (stage, key)
            for stage, jobs in self.jobs.items()
            for key, job in jobs.items()
            for path in self.outputs(stage, job).values()
        }

    def targets(self) -> list[str]:
        """The outputs of every stage that is made by default."""
        return [path for name, stage in STAGES.items() if stage.default for path in self.files(name)]

    def typeset(self) -> list[str]:
        """The outputs of every stage that needs LaTeX, which are made by default where that is installed."""
        return [path for name, stage in STAGES.items() if stage.typesets for path in self.files(name)]

    def pretraining(self) -> list[str]:
        """The outputs of every stage that `snakemake pretrain` makes."""
        return [path for name, stage in STAGES.items() if stage.pretrains for path in self.files(name)]

    def ids(self, *stages: str) -> dict[str, list[str]]:
        """Name of an id -> the values that it has in the jobs of these stages; default: of all."""
        found: dict[str, dict[str, None]] = {}
        for stage in stages or STAGES:
            for name in STAGES[stage].ids:
                found.setdefault(name, {}).update((job.ids[name], None) for job in self.jobs[stage].values())
        return {name: list(values) for name, values in found.items()}


def plan_of(config: Config) -> Plan:
    """The plan of a configuration, with the paper's tables and the systems' original sizes read from the checkout.

    Raises: UserError outside a checkout, or for a configuration that cannot be run.
    """
    reported = read_reported(Path(suite_file("paper/reported")))
    published = read_published(suite_file("paper/parameters.csv"))
    return make_plan(config, reported, load(suite_file("config.yaml")), published)


def make_plan(
    config: Config,
    reported: Mapping[int, Rows],
    originals: Config | None = None,
    published: Mapping[str, Mapping[str, str]] | None = None,
) -> Plan:
    """The plan of a configuration and of the paper's tables.

    Args:
        config: The configuration.
        reported: Rows of the paper's tables 1 to 11.
        originals: The configuration with every system at its original size; default: as configured.
        published: Rows of paper/parameters.csv by system.

    Raises: UserError when a scenario trains on people that it tests on.
    """
    check_leakage(config)
    paths = Paths(config.results, STAGES)
    draft = Draft(config, paths, reported, published or {}, originals or config)
    for name, stage in STAGES.items():
        jobs: dict[str, Job] = {}
        for job in stage.plan(draft):
            key = stage.key_of(job.ids)
            if jobs.setdefault(key, job) != job:
                raise RuntimeError(f"stage {name}: two jobs {key} that differ")
        draft.jobs[name] = jobs
    return Plan(config, paths, draft.jobs, warnings(config))
