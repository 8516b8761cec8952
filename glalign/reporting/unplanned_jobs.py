"""Which jobs of a bundle are not those that its configuration plans."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from glalign.config.loading import Config, resolve
from glalign.planning.job_files import JobFile
from glalign.planning.plan import Plan, plan_of
from glalign.planning.stage import Job
from glalign.reporting.bundled_files import AGAIN, CONFIGURATION
from glalign.reporting.packed_jobs import JOBS, LONGEST_JOB
from glalign.reporting.renamed_paths import Renamed
from glalign.storage.archives import MOST_FILES
from glalign.storage.json_files import parse_json
from glalign.support.errors import UserError


def unplanned(jobs: Iterable[tuple[str, JobFile]], configuration: bytes) -> Iterator[str]:
    """Lines about jobs, given with the names of their files, whose specifications are not as the configuration's plan.

    Places are not compared: a configuration is packed without them. Paths are compared as the archive has them. A
    configuration that cannot be planned is one line.
    """
    try:
        plan = _plan(configuration)
    except UserError as error:
        yield f"{CONFIGURATION}: no plan to compare the jobs with ({error})"
        return
    names = Renamed(plan.config.results)
    for name, job in jobs:
        planned = plan.jobs[job.stage].get(name.removeprefix(f"{JOBS}{job.stage}/").removesuffix(".json"))
        if planned is None:
            yield f"{name}: no job that {CONFIGURATION} plans"
        elif keys := _differing(job, planned, names):
            yield f"{name}: not as {CONFIGURATION} plans it: {', '.join(keys)}"


def _plan(configuration: bytes) -> Plan:
    """The plan of a configuration that is not trusted."""
    if len(configuration) > LONGEST_JOB:
        raise UserError(f"more than {LONGEST_JOB} bytes")
    values = parse_json(configuration, CONFIGURATION, AGAIN)
    if not isinstance(values, Mapping):
        raise UserError(f"{CONFIGURATION}: not a map of keys; {AGAIN}")
    # No packed job belongs to a reading, and the overlays of readings are files of another machine.
    config = resolve({**values, "sensitivity": {}})
    if _trainings(config) > MOST_FILES:
        raise UserError(f"more than {MOST_FILES} trainings")
    return plan_of(config)


def _trainings(config: Config) -> int:
    """The trainings of a plan, at most."""
    lengths = len(config.tuning.steps or ()) + 1  # and a system's own
    tuned = len(config.tuning.trainsets) * len(config.tuning.rates)
    per_system = len(config.trainsets) * (len(config.seeds) + lengths) + tuned
    return len(config.systems) * per_system + len(config.alpha.values)


def _differing(job: JobFile, planned: Job, names: Renamed) -> list[str]:
    """The keys of the specification that differ, apart from places."""
    packed = type(planned.spec).model_validate_json(json.dumps(job.spec)).content()
    wanted: dict[str, Any] = names.in_all(planned.spec.content())
    return [key for key in wanted if packed[key] != wanted[key]]
