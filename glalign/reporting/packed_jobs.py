"""Jobs of a bundle, which is not trusted: those of known stages alone are run, and they stay below its folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from glalign.config.typed_json import read_typed
from glalign.planning.job_files import JobFile, run_job
from glalign.reporting.bundled_files import REBUILT, RESULTS, outputs_of
from glalign.support.errors import UserError
from glalign.support.one_line import BREAKING

JOBS = f"{RESULTS}/jobs/"
TIMES = "times.json"

LONGEST_JOB = 1 << 20
"""Bytes of the file of a job, at most. The longest of a demo has 50,000."""


def checked_job(name: str) -> JobFile:
    """The job of this file, below the working directory, if it may be run.

    Raises: UserError for another stage, outputs that are not those of this job, or a path that leads out of the folder.
    """
    job = read_typed(name, JobFile, "not a bundle of this version of the suite")
    stage, _, key = name.removeprefix(JOBS).removesuffix(".json").partition("/")
    if job.stage not in REBUILT:
        raise UserError(f"{name}: a job of {job.stage!r}, which no bundle has; not run")
    if job.stage != stage or job.outputs != outputs_of(stage, key):
        raise UserError(f"{name}: its stage or outputs are those of another job; not run")
    for text in _texts(job.spec):
        if BREAKING.search(text):
            raise UserError(f"{name}: {text!r:.80}: has a control character; not run")
        if _leads_out(text):
            raise UserError(f"{name}: {text:.80}: not below the folder; not run")
    if job.times != TIMES or job.record or job.inputs or job.class_path:
        raise UserError(f"{name}: its times, record, inputs or class are not those of a bundle; not run")
    return job


def run_packed(job: JobFile, name: str) -> None:
    """Run a job of a bundle in the working directory. Raises: UserError if it fails, whatever the reason."""
    for path in job.outputs.values():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    try:
        run_job(job.stage, Path(name))
    except UserError as error:
        raise UserError(str(error) if name in str(error) else f"{name}: {error}") from error
    except Exception as error:  # what the stages read was made by others, and they expect what the suite writes
        what = f"{type(error).__name__}: {error}"
        raise UserError(
            f"{name}: cannot be run ({what:.200}); not a bundle of this version, or a changed one"
        ) from error


def _texts(value: Any) -> Iterator[str]:
    """The texts in JSON data, however deep."""
    left = [value]
    while left:
        match left.pop():
            case str() as text:
                yield text
            case dict() as found:
                left += [*found.keys(), *found.values()]
            case list() as found:
                left += found


def _leads_out(text: str) -> bool:
    return text.startswith(("/", "~", "\\")) or ".." in text.replace("\\", "/").split("/") or text[1:3] == ":\\"
