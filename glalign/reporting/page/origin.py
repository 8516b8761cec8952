"""Where the page's numbers come from: versions and digests of the records, times of the jobs, the commit."""

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from glalign.config.typed_json import read_typed
from glalign.contract.results import JobTimes, Provenance
from glalign.reporting.compute import job_cells
from glalign.support.checkout import ROOT, is_checkout

OWN = "page"
"""The stage whose time is left out: it is known only after the page is written."""


@dataclass(frozen=True)
class Origin:
    """versions: library -> the versions in the records. codes: number of different code digests. commit: of the
    checkout that wrote the page, as git describes it; empty outside of one. jobs, wall, cpu: of all jobs that have run,
    in seconds. compute: a row per job, as in compute.csv."""

    versions: Mapping[str, tuple[str, ...]]
    codes: int
    commit: str
    jobs: int
    wall: float
    cpu: float
    compute: tuple[Mapping[str, str], ...]


def read_origin(times: str, records: Iterable[Provenance]) -> Origin:
    """The origin of the results. times: folder of the records of what jobs took."""
    versions: dict[str, dict[str, None]] = {}
    codes = set()
    for record in records:
        codes.add(record.code)
        for name, version in record.versions.items():
            versions.setdefault(name, {})[version] = None
    jobs = list(read_job_times(times))
    return Origin(
        versions={name: tuple(found) for name, found in sorted(versions.items())},
        codes=len(codes),
        commit=commit(),
        jobs=len(jobs),
        wall=sum(one.wall for *_, one in jobs),
        cpu=sum(one.cpu for *_, one in jobs),
        compute=tuple(job_cells(*one) for one in jobs),
    )


def read_job_times(folder: str) -> Iterable[tuple[str, str, JobTimes]]:
    """Yield (stage, key, times) of every job but the page's own. Raises: UserError for a damaged record."""
    for path in sorted(Path(folder).rglob("*.json")):
        stage, *key = path.relative_to(folder).with_suffix("").parts
        if stage != OWN:
            yield stage, "/".join(key), read_typed(path, JobTimes, "delete it")


def commit() -> str:
    """The commit of the checkout, with `-dirty` where files differ from it; empty where git does not say."""
    if not is_checkout() or not (ROOT / ".git").exists():
        return ""
    command = ["git", "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:  # git is not installed
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def duration(seconds: float) -> str:
    """A time in words.

    >>> duration(4325), duration(62), duration(3.21)
    ('1 h 12 min', '1 min 2 s', '3.2 s')
    """
    if seconds >= 3600:
        return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60)} min"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s" if seconds >= 60 else f"{seconds:.1f} s"
