"""Make the tables of a bundle again from its ranks and records, and compare them byte by byte. No torch is loaded.

The bundle is not trusted (packed_jobs.py): what its tables follow from is made again, too, or named.
"""

import contextlib
import hashlib
import re
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from glalign.contract.results import MetricsRecord
from glalign.reporting.bundled_files import COMPUTE, CONFIGURATION, REBUILT, RESULTS, maker_of
from glalign.reporting.listed_digests import METADATA, listed_digests
from glalign.reporting.packed_jobs import JOBS, LONGEST_JOB, TIMES, checked_job, run_packed
from glalign.reporting.unplanned_jobs import unplanned
from glalign.storage.archives import entries, is_tree, read_entries, unpack
from glalign.storage.whole_files import make_folder, sha256, write_errors_of
from glalign.support.checkout import ROOT
from glalign.support.errors import UserError

GENERATED = re.compile(rb"^% generated: snakemake .*\n", re.MULTILINE)


@dataclass
class Rebuilt:
    """Files that were made again (equal, different), and tables that were not, because their inputs are not packed.

    problems: lines about files that are not what a bundle has.
    """

    equal: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    not_made: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def rebuild(bundle: Path, output: Path | None = None) -> Rebuilt:
    """Make everything again that the jobs of a bundle make, in the folder `output`; without one nothing is kept.

    Raises: UserError for an archive that is no bundle or not safe to unpack, or a folder that is not empty.
    """
    if output is None:
        with tempfile.TemporaryDirectory() as folder:
            return _rebuilt(bundle.absolute(), Path(folder))
    with write_errors_of(output):
        if output.exists() and (not output.is_dir() or any(output.iterdir())):
            raise UserError(f"{output}: not an empty folder; name a new one")
    make_folder(output, output)
    return _rebuilt(bundle.absolute(), output)


def _rebuilt(bundle: Path, folder: Path) -> Rebuilt:
    packed = entries(bundle)
    files = [name for name in packed if name.startswith(JOBS) and name.endswith(".json")]
    if not files or METADATA not in packed:
        raise UserError(f"{bundle}: has no file below {JOBS}, or no {METADATA}; not a bundle of `glalign bundle`")
    for name in files:
        if packed[name].file_size > LONGEST_JOB:
            raise UserError(f"{bundle}: {name}: more than {LONGEST_JOB} bytes; no file of a job")
    digests = unpack(bundle, files, folder)
    with contextlib.chdir(folder):
        jobs = [(name, checked_job(name)) for name in files]
    made = {path for _, job in jobs for path in job.outputs.values()}
    if TIMES in packed or not is_tree({*packed, *made, TIMES}):
        raise UserError(f"{bundle}: a job writes what is a packed file, or below one; not run")
    digests |= unpack(bundle, [name for name in packed if name not in made and name not in files], folder)
    with contextlib.chdir(folder):
        for name, job in sorted(jobs, key=lambda one: (REBUILT.index(one[1].stage), one[0])):
            run_packed(job, name)
        Path(TIMES).unlink(missing_ok=True)
    found = Rebuilt(not_made=[name for name in sorted(packed) if _is_table(name) and name not in made])
    same = dict.fromkeys(made, False)
    for name, original in read_entries(bundle, sorted(made & set(packed))):
        digests[name] = hashlib.sha256(original).hexdigest()
        same[name] = _content(original) == _content((folder / name).read_bytes())
    for name in sorted(same):
        (found.equal if same[name] else found.different).append(name)
    found.problems += _unexplained(sorted(set(packed) - made), folder)
    configuration = folder / CONFIGURATION
    found.problems += unplanned(jobs, configuration.read_bytes() if configuration.is_file() else b"")
    found.problems += _unlike(listed_digests((folder / METADATA).read_bytes(), f"{bundle}: {METADATA}"), digests)
    return found


def _unexplained(given: Collection[str], folder: Path) -> Iterator[str]:
    """Lines about files that no job of the bundle made, although tables follow from them and they from others.

    Ranks and the records of trainings, coverage and sizes are given: no small file says what they follow from.
    """
    for name in given:
        if name.startswith("paper/"):
            if not (ROOT / name).is_file() or sha256(ROOT / name) != sha256(folder / name):
                yield f"{name}: not the file of this checkout"
        elif name.startswith(JOBS) or not name.startswith(f"{RESULTS}/"):
            continue
        elif maker_of(name) in REBUILT:
            yield f"{name}: no job of the bundle makes it"
        elif not maker_of(name) and name != COMPUTE:
            yield f"{name}: no stage of the suite makes it"
        elif _is_metrics(folder / name):
            yield f"{name}: has metrics, which no job of the bundle has counted"


def _is_metrics(path: Path) -> bool:
    """Whether a file is a record of metrics, wherever it lies."""
    if path.suffix != ".json":
        return False
    try:
        MetricsRecord.model_validate_json(path.read_bytes())
    except ValidationError:
        return False
    return True


def _unlike(listed: Mapping[str, str], digests: Mapping[str, str]) -> Iterator[str]:
    """Lines about files that are not those that the metadata list."""
    for name in sorted((listed.keys() | digests.keys()) - {METADATA}):
        if listed.get(name) != digests.get(name):
            yield f"{name}: {'missing, but listed' if name not in digests else 'not as listed'} in {METADATA}"


def _content(file: bytes) -> bytes:
    """A file without the comment of LaTeX that names its command: this has the name of the folder of the results."""
    return GENERATED.sub(b"", file, count=1)


def _is_table(name: str) -> bool:
    """Whether a file is a table of the results folder itself that no job of a bundle makes."""
    path = PurePosixPath(name)
    return str(path.parent) == RESULTS and path.suffix in (".csv", ".tex") and maker_of(name) not in REBUILT
