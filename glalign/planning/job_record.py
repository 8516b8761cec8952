"""The record of what a job made: digests that later jobs and `glalign verify` compare. No output depends on it."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from glalign.config.base import Section
from glalign.config.typed_json import read_typed
from glalign.planning.plan import Plan
from glalign.planning.stage import Job
from glalign.storage.whole_files import sha256, write_json
from glalign.support.errors import UserError

ITSELF = "."
"""In place of a path below an output that is a file."""

OF_SNAKEMAKE = ".snakemake_timestamp"
"""A file that Snakemake adds to every output that is a folder."""

Inputs = dict[str, dict[str, str]]
"""Job -> name of its output -> digest of the output when it was read."""


class FileState(Section):
    """A file as a job left it. mtime_ns: its time of change, in nanoseconds since 1970."""

    sha256: str
    size: int
    mtime_ns: int


class OutputRecord(Section):
    """An output. files: path below it -> state of the file."""

    files: dict[str, FileState]

    @property
    def sha256(self) -> str:
        """Digest of the names and contents of the files."""
        lines = "".join(f"{name} {state.sha256}\n" for name, state in self.files.items())
        return hashlib.sha256(lines.encode()).hexdigest()


class OutputDigests(Section):
    """Digests of the specification (spec), code, inputs and outputs of a job."""

    spec: str
    code: str
    inputs: Inputs
    outputs: dict[str, OutputRecord]


class Made(Section):
    """Files that one job makes and another one reads. job: its stage and key. outputs: name -> path."""

    job: str
    record: str
    outputs: dict[str, str]


def made_inputs(plan: Plan, job: Job) -> tuple[Made, ...]:
    """The inputs of a job that other jobs make, by job."""
    found: dict[tuple[str, str], list[str]] = {}
    for path in job.inputs:
        if path in plan.makers:
            found.setdefault(plan.makers[path], []).append(path)
    made = []
    for (stage, key), paths in found.items():
        maker = plan.jobs[stage][key]
        outputs = {name: path for name, path in plan.outputs(stage, maker).items() if path in paths}
        made.append(Made(job=f"{stage} {key}", record=plan.paths.record(stage).format(**maker.ids), outputs=outputs))
    return tuple(made)


def check_inputs(inputs: Iterable[Made]) -> Inputs:
    """Compare files with the records of the jobs that made them; return the digests of those that have a record.

    A file whose size and time of change are as recorded is not read. A copy, with other times, is. What was made before
    records were kept, or by hand, is accepted. Raises: UserError naming the first file that was changed or is missing.
    """
    found: Inputs = {}
    for made in inputs:
        if not Path(made.record).is_file():
            continue
        outputs = read_record(made.record).outputs
        for name, path in made.outputs.items():
            if name in outputs:
                _check(made.job, path, outputs[name].files)
                found.setdefault(made.job, {})[name] = outputs[name].sha256
    return found


def _check(job: str, output: str, files: Mapping[str, FileState]) -> None:
    """Raise a UserError naming the first file of an output that is not as it was made."""
    for name, state in files.items():
        path = Path(output, name)
        try:
            now = path.stat()
            same = (now.st_size, now.st_mtime_ns) == (state.size, state.mtime_ns)
            if same or (now.st_size == state.size and sha256(path) == state.sha256):
                continue
            fault = "was changed after it was made"
        except OSError as error:
            fault = f"cannot be read ({error.strerror}) although it was made"
        remedy = f"restore it, or delete {output} and run the workflow, which makes it again"
        raise UserError(f"{path}: {fault} by job `{job}`; {remedy}")


def read_record(path: Path | str) -> OutputDigests:
    """Read a record. Raises: UserError if it is damaged."""
    return read_typed(path, OutputDigests, "delete it; changes to the outputs of its job are then no longer detected")


def write_record(path: str, spec: str, code: str, inputs: Inputs, outputs: Mapping[str, Path]) -> None:
    """Write the record of a job that has just ended. Outputs that do not exist are left out."""
    states = {name: OutputRecord(files=_states(output)) for name, output in outputs.items() if output.exists()}
    write_json(path, OutputDigests(spec=spec, code=code, inputs=inputs, outputs=states).to_json())


def _states(output: Path) -> dict[str, FileState]:
    found = {}
    for name in sorted(files_of(output)):
        status = (output / name).stat()
        digest = sha256(output / name)
        found[name] = FileState(sha256=digest, size=status.st_size, mtime_ns=status.st_mtime_ns)
    return found


def files_of(output: Path) -> list[str]:
    """The paths of the files below an output that is a folder; of a file, `ITSELF`."""
    if not output.is_dir():
        return [ITSELF]
    walked = ((folder, name) for folder, _, names in os.walk(output) for name in names if name != OF_SNAKEMAKE)
    return [os.path.relpath(os.path.join(folder, name), output) for folder, name in walked]  # noqa: PTH118 thousands
