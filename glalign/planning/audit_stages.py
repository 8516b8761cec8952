"""The audit of the paper's printed tables and quoted numbers; it depends on no training."""

from collections.abc import Iterator

from glalign.contract.specs.base import Spec
from glalign.planning.draft import Draft
from glalign.planning.stage import Job, Stage
from glalign.support.checkout import suite_file

QUOTED = (
    "descriptions", "numbers", "paired_tests", "published", "references", "relations", "scenarios", "test_sets",
)  # fmt: skip
"""Files of paper/quoted: what the paper's text says, as data with its places (docs/audit.md)."""


class AuditSpec(Spec):
    """The audit. tables, quoted: CSV files of the printed tables and of the text. keywords: YAML of keyword lists."""

    title: str
    tables: tuple[str, ...]
    quoted: tuple[str, ...]
    keywords: str


def plan_audit(draft: Draft) -> Iterator[Job]:
    """One job, over every printed table."""
    spec = AuditSpec(
        title="Audit of the printed tables and of the numbers in the text.",
        tables=tuple(suite_file(f"paper/reported/table{table:02}.csv") for table in sorted(draft.reported)),
        quoted=tuple(suite_file(f"paper/quoted/{name}.csv") for name in QUOTED),
        keywords=suite_file("glalign/language/lexicon/paper.yaml"),
    )
    yield Job({}, spec, inputs=(*spec.tables, *spec.quoted, spec.keywords))


STAGES: tuple[Stage, ...] = (
    Stage(
        name="audit", key="audit", outputs={"csv": "audit.csv", "tex": "audit.tex"},
        function="glalign.reporting.audit.make_audit", plan=plan_audit,
        about="Write what cannot be, disagrees or is unlikely in the printed tables.", default=True,
    ),
)  # fmt: skip
