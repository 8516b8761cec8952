"""The time of a job, by kind: a record that its process writes at the end. No job reads it."""

import os
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from glalign.config.typed_json import read_typed
from glalign.contract.results import JobTimes
from glalign.planning.plan import Plan
from glalign.storage.whole_files import write_json
from glalign.support.clock import clock

RUN = "GLALIGN_RUN"
"""Environment variable with the time, in seconds since 1970, at which the workflow's process started."""

MIB = 1 << 20 if sys.platform == "darwin" else 1 << 10  # the unit of ru_maxrss is a byte there, a kilobyte elsewhere


def write_times(path: Path) -> None:
    """Write the `JobTimes` of this process, up to now. Of several processes of one training the first one writes."""
    if os.environ.get("RANK", "0") != "0":
        return
    seconds = clock.seconds()
    wall, run = sum(seconds.values()), os.environ.get(RUN)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    record = JobTimes(
        run=None if run is None else float(run),
        started=time.time() - wall,
        wall=wall,
        cpu=sum(one.ru_utime + one.ru_stime for one in used),
        peak_mib=used[0].ru_maxrss / MIB,
        seconds=seconds,
    )
    write_json(path, record.to_json())


def read_times(plan: Plan) -> Iterator[tuple[str, str, JobTimes]]:
    """Yield (stage, key, times) of every job of a plan that has run. Raises: UserError for a damaged record."""
    for stage, jobs in plan.jobs.items():
        for key, job in jobs.items():
            path = Path(plan.paths.times(stage).format(**job.ids))
            if path.is_file():
                yield stage, key, read_typed(path, JobTimes, "delete it")
