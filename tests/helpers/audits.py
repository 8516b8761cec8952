"""Audits of small folders of tables."""

from pathlib import Path

from glalign.audit.finding import Finding
from glalign.audit.material import Material
from glalign.audit.reading import files_of, read_material
from glalign.audit.rules import audit


def material(folder: Path, /, queries: tuple[int, ...] = (), **files: str) -> Material:
    """What the CSV texts `files`, by name, say when they lie in a folder."""
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return read_material(files_of([folder]), queries=queries)


def found(folder: Path, /, queries: tuple[int, ...] = (), **files: str) -> list[Finding]:
    """The findings of the audit of such a folder."""
    return audit(material(folder, queries, **files))


def lines(findings: list[Finding], rule: str) -> list[str]:
    """Severity, place and evidence of the findings of one rule."""
    return [f"{one.severity}: {one.place}: {one.evidence}" for one in findings if one.rule == rule]
