"""The table of the audit, and its findings as lines for a terminal."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from glalign.audit.finding import SEVERITIES, Finding
from glalign.audit.reading import read_material
from glalign.audit.rules import RULES, audit
from glalign.planning.audit_stages import AuditSpec
from glalign.reporting.plain_table import booktabs, write_csv
from glalign.reporting.tex_text import escape
from glalign.storage.whole_files import write_text
from glalign.support.errors import printable

COLUMNS = ("rule", "severity", "place", "evidence", "does_not_prove")
HEADS = ("Rule", "Severity", "Place", "Evidence")
LAYOUT = r"llp{0.25\linewidth}p{0.5\linewidth}"


def make_audit(spec: AuditSpec, csv: Path, tex: Path) -> None:
    """Write one row per finding, the highest severity first, as CSV and LaTeX."""
    findings = audit(read_material([*spec.tables, *spec.quoted], keywords=spec.keywords))
    write_findings(findings, csv)
    cells = [[escape(asdict(finding)[head.lower()]) for head in HEADS] for finding in findings]
    found = {finding.rule for finding in findings}
    notes = [f"{severity}: {meaning}" for severity, meaning in SEVERITIES.items()]
    notes += [f"Not proved by {rule.name}: {rule.does_not_prove}" for rule in RULES if rule.name in found]
    text = "\\\\\n".join(escape(note) for note in notes)
    write_text(tex, booktabs(HEADS, cells, LAYOUT, spec.title, tex, text))


def write_findings(findings: Sequence[Finding], csv: Path) -> None:
    """Write findings as CSV; without any, the header alone."""
    rows = [asdict(finding) for finding in findings]
    write_csv(rows or {column: [] for column in COLUMNS}, csv)


def describe(findings: Sequence[Finding]) -> Iterator[str]:
    """Plain lines: the findings by severity, then what the rules behind them do not prove, and the counts.

    Whatever a cell has, a finding is one line of printable characters.
    """
    for severity, group in groupby(findings, attrgetter("severity")):
        yield f"{severity}: {SEVERITIES[severity]}"
        yield from (printable(f"  {finding.place}: {finding.evidence} [{finding.rule}]") for finding in group)
    if findings:
        yield "not proved by these:"
        proofs = dict.fromkeys((finding.rule, finding.does_not_prove) for finding in findings)
        yield from (f"  {rule}: {text}" for rule, text in proofs)
    counts = [sum(finding.severity == severity for finding in findings) for severity in SEVERITIES]
    listed = ", ".join(f"{count} {severity}" for severity, count in zip(SEVERITIES, counts, strict=True))
    yield f"{len(findings)} finding{'s' * (len(findings) != 1)}: {listed}"
