"""Files below the results folder that no job of the plan makes."""

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath

from glalign.planning.job_record import OF_SNAKEMAKE, files_of

OWN_FOLDERS = ("digests", "jobs", "logs", "times", "unfinished")
"""Folders of what is written beside the outputs of jobs."""

OWN_FILES = ("compute.csv", "report.html")

BESIDE_OUTPUTS = ("checkpoint.pt", "train.jsonl", ".lock", OF_SNAKEMAKE)
"""Files of a training, running or interrupted, and of Snakemake."""


def foreign_files(root: Path, outputs: Collection[str], inside: Mapping[str, Collection[str]]) -> list[str]:
    """Return paths below `root`; a folder without anything planned is one path, with "/" at its end.

    A folder that is the results folder of another configuration, such as results/quick, is passed over.

    Args:
        root: The results folder.
        outputs: The outputs of all jobs of the plan, relative to it.
        inside: Output that is a folder -> paths of its files below it, where they are known.
    """
    planned = {str(folder) for path in outputs for folder in PurePosixPath(path).parents}
    return sorted(_walk(root, "", frozenset(outputs), planned, inside))


def _walk(
    root: Path, folder: str, outputs: Collection[str], planned: Collection[str], inside: Mapping[str, Collection[str]]
) -> Iterator[str]:
    with os.scandir(root / folder) as entries:
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if path in outputs:
                if path in inside:
                    yield from _added(root / path, path, inside[path])
            elif path in planned and entry.is_dir():  # also a link, as to a larger disk
                yield from _walk(root, path, outputs, planned, inside)
            elif entry.is_dir(follow_symlinks=False):
                if path not in OWN_FOLDERS and not Path(root, path, "jobs").is_dir():
                    yield f"{path}/"
            elif path not in OWN_FILES and entry.name not in BESIDE_OUTPUTS:
                yield path


def _added(folder: Path, path: str, known: Collection[str]) -> Iterator[str]:
    """Files in an output that its job did not write."""
    for name in set(files_of(folder)) - set(known):
        yield f"{path}/{name}"
