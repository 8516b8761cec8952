"""One archive of a run for others: ranks, metrics, tables, configuration and provenance; no image, caption or weight.

It holds what its tables are made of, with the files of their jobs, so that `glalign rebuild` makes them again.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from glalign.config.loading import Config
from glalign.config.typed_json import read_typed
from glalign.planning.job_files import JobFile
from glalign.planning.job_record import read_record
from glalign.reporting.bundled_files import COMPUTE, CONFIGURATION, REBUILT, RESULTS, maker_of, outputs_of
from glalign.reporting.listed_digests import METADATA
from glalign.reporting.renamed_paths import Renamed
from glalign.reporting.ro_crate import LICENSE, metadata
from glalign.storage.archives import is_plain_path, write_archive
from glalign.support.checkout import suite_file
from glalign.support.errors import UserError

SUITE = (LICENSE, "CITATION.cff", "requirements.lock")

SHOWN = ("translation", "audit", "nuisance", "sensitivity", "tuning", "document", "fit")
"""Stages whose tables and records are packed, but not made again. The page and the figures have captions and images."""


def make_bundle(config: Config, results: Path, output: Path) -> int:
    """Write the archive of the results folder `results`; returns the number of its files.

    Same results, same bytes. Raises: UserError for a folder without jobs, or naming a file that is missing.
    """
    files: dict[str, bytes | Path] = dict(_tables(results))
    for path in sorted((results / "jobs").glob("*/**/*.json")):
        stage = path.relative_to(results / "jobs").parts[0]
        if stage in REBUILT:
            files |= _job_files(path, config.results, results)
    if not any(name.startswith(f"{RESULTS}/jobs/") for name in files):
        raise UserError(f"{results}: no table that was made here; run the workflow, or name its results folder")
    _check_jobs(files)
    files[CONFIGURATION] = _json(_without_places(config.to_json()))
    files["digests.json"] = _json(dict(_digests(results)))
    files |= {name: Path(suite_file(name)) for name in SUITE}
    files[METADATA] = _json(metadata(files, config.profile, config.data_note))
    write_archive(output, files)
    return len(files)


def _tables(results: Path) -> Iterator[tuple[str, Path]]:
    """The tables that are not made again, and the records of all trainings."""
    if not results.is_dir():
        raise UserError(f"{results}: no such folder; name a results folder")
    for path in (*results.iterdir(), *(results / "runs").glob("**/run.json")):
        name = f"{RESULTS}/{path.relative_to(results).as_posix()}"
        known = name == COMPUTE or maker_of(name) in SHOWN
        if known and path.is_file() and is_plain_path(name):
            yield name, path


def _job_files(path: Path, configured: str, results: Path) -> dict[str, bytes | Path]:
    """The file of a job, what it reads and what it made; nothing where it has not run.

    configured: the results folder as the job names it.
    """
    job = read_typed(path, JobFile)
    names = Renamed(configured)
    made = [names.of(output) for output in job.outputs.values()]
    if not all(_below(results, name).is_file() for name in made):
        return {}
    read = [names.of(one) for maker in job.inputs for one in maker.outputs.values()]
    suite = [name for name in names.suite_files(job.spec) if name not in read]
    files: dict[str, bytes | Path] = {}
    for name in (*made, *read):
        files[name] = there = _below(results, name)
        if not there.is_file():
            raise UserError(f"{there}: missing, but {path} reads it; run the workflow, which makes it again")
    files |= {name: Path(suite_file(name)) for name in suite}
    packed = job.model_copy(
        update={
            "spec": names.in_all(job.spec), "inputs": (), "record": "", "times": "times.json",
            "outputs": {output: names.of(where) for output, where in job.outputs.items()},
        }
    )  # fmt: skip
    stored = f"{RESULTS}/{path.relative_to(results).as_posix()}"
    return files | {stored: _json(packed.to_json())}


def _check_jobs(files: Mapping[str, bytes | Path]) -> None:
    """Raises: UserError for a file of a repeated stage whose job is not packed, so that it would not be repeated."""
    jobs = (name.removeprefix(f"{RESULTS}/jobs/").removesuffix(".json") for name in files if "/jobs/" in name)
    made = {path for stage, _, key in (job.partition("/") for job in jobs) for path in outputs_of(stage, key).values()}
    for name in files:
        if name not in made and maker_of(name) in REBUILT:
            raise UserError(f"{name}: the file of its job is missing below jobs/; run the workflow, which writes it")


def _below(results: Path, name: str) -> Path:
    """The file that stands in the archive as `name`."""
    return results / name.removeprefix(f"{RESULTS}/")


def _digests(results: Path) -> Iterator[tuple[str, Any]]:
    """Job -> digests of its specification, code, inputs and outputs, also of those that are not packed."""
    root = results / "digests"
    for path in sorted(root.glob("*/**/*.json")):
        record = read_record(path)
        outputs = {name: output.sha256 for name, output in record.outputs.items()}
        found = {"spec": record.spec, "code": record.code, "inputs": record.inputs, "outputs": outputs}
        yield path.relative_to(root).with_suffix("").as_posix(), found


PLACES = ("root", "translated_phrases", "labelled_phrases")
"""Keys of a dataset that name a file or a folder of the machine."""


def _without_places(configuration: dict[str, Any]) -> dict[str, Any]:
    """The configuration with the names of folders and files of this machine shortened to their last part."""
    for dataset in configuration["datasets"].values():
        for key in PLACES:
            dataset[key] = dataset[key] and Path(dataset[key]).name
    files = configuration["sensitivity"]["files"]
    files.update({name: Path(file).name for name, file in files.items()})
    shortened = {name: Path(configuration[name]).name for name in ("results", "weights") if configuration.get(name)}
    return configuration | shortened


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
