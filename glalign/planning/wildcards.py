"""Regular expressions for the ids in a rule's paths, which Snakemake calls wildcards."""

import re
from collections.abc import Iterable

from glalign.planning.plan import STAGES, Plan

OTHER = r"[^/.]+(?:\.\d+)?"
"""A word or a number that is no id of the plan."""


def patterns(plan: Plan) -> dict[str, str]:
    """Name of an id -> its pattern in a path: an id of the plan, or `OTHER`.

    A misspelt id fits, so that the plan refuses it and names the nearest; Snakemake would say that no rule makes the
    file. The id of a table has to be one of the plan: another one would fit tables.tex, the document.
    """
    found = {name: f"{one_of(values)}|{OTHER}" for name, values in plan.ids().items()}
    return found | {"table": one_of(plan.jobs["table"])}


def own_patterns(plan: Plan, stage: str) -> dict[str, str]:
    """Patterns for the ids of a stage that shares output paths with another one: those of its jobs; else empty."""
    own = set(STAGES[stage].outputs.values())
    others = (other.outputs.values() for name, other in STAGES.items() if name != stage)
    if not any(own.intersection(paths) for paths in others):
        return {}
    return {name: one_of(values) for name, values in plan.ids(stage).items()}


def unknown_table(plan: Plan) -> str:
    """A pattern for the part after `table` in a file name that is neither a table of the plan nor the document."""
    return rf"(?!(?:{one_of([*plan.jobs['table'], 's'])})\.)[^/]+"


def one_of(values: Iterable[str]) -> str:
    """A pattern that fits these values, and nothing if there are none."""
    return "|".join(map(re.escape, values)) or "(?!)"
