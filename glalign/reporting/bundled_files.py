"""Which stage makes a file of the archive of a run, by the name of the file."""

import re
from functools import cache
from string import Formatter

from glalign.planning.plan import STAGES
from glalign.planning.stage import Paths

RESULTS = "results"
"""Folder of the results in the archive, whatever its name was."""

REBUILT = (
    "metrics", "table", "order", "matrix", "seeds", "mcnemar", "phrase_counts", "alpha", "claims", "systems",
    "references",
)  # fmt: skip
"""Stages whose jobs are repeated: they count and write tables, without torch, of small files that may be passed on."""

CONFIGURATION = "configuration.json"
"""The whole configuration, as JSON."""

AGAIN = "make the bundle again with `glalign bundle`"
"""The remedy for an archive that is not as it was packed."""

COMPUTE = f"{RESULTS}/compute.csv"
"""What jobs took; no job makes it, but the workflow when it ends."""


def maker_of(name: str) -> str:
    """The stage that makes a file of the archive; empty where none does.

    >>> maker_of("results/table4.csv"), maker_of("results/tables.tex"), maker_of("results/mine.csv")
    ('table', 'document', '')
    """
    return next((stage for pattern, stage in _outputs() if pattern.fullmatch(name)), "")


def outputs_of(stage: str, key: str) -> dict[str, str]:
    """Name -> path of the outputs of a job in the archive; empty where the stage has no such key.

    >>> outputs_of("order", "4"), outputs_of("seeds", "4")
    ({'csv': 'results/order4.csv'}, {})
    """
    ids = _pattern(STAGES[stage].key).fullmatch(key)
    return Paths(RESULTS, STAGES).outputs(stage, ids.groupdict()) if ids else {}


@cache
def _outputs() -> list[tuple[re.Pattern[str], str]]:
    """Patterns of the paths of all outputs that are files, with their stages; those without an id first."""
    found = [
        (f"{RESULTS}/{path}", name)
        for name, stage in STAGES.items()
        for path in stage.outputs.values()
        if not path.endswith("/")
    ]
    return [(_pattern(path), name) for path, name in sorted(found, key=lambda one: "{" in one[0])]


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """What fits a template; an id is a part of a path."""
    pieces = Formatter().parse(template)
    return re.compile("".join(re.escape(text) + (f"(?P<{name}>[^/]+)" if name else "") for text, name, *_ in pieces))
