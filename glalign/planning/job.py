"""A job of the workflow, as the plan describes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Job:
    """One call of the command line.

    inputs: files made by other jobs or given with the release. spec: the slice of the configuration it uses, JSON-able.
    modules: entry modules of its code. weights: pre-trained files that no job makes.
    """

    stage: str
    inputs: tuple[str, ...]
    spec: Mapping[str, Any]
    modules: tuple[str, ...]
    weights: tuple[str, ...] = ()
