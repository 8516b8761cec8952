"""The description of a bundle in RO-Crate 1.1, which repositories of research data read, made by the library rocrate.

The library writes the metadata alone: an archive of its own would have the times of files, and other bytes each time.
Source: https://www.researchobject.org/ro-crate/specification/1.1 (root data entity, data entities, software).
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from rocrate.model.softwareapplication import SoftwareApplication
from rocrate.rocrate import ROCrate

from glalign import __version__
from glalign.storage.yaml_files import read_yaml
from glalign.support.checkout import suite_file

LICENSE = "LICENSE"
TYPES = {
    ".csv": "text/csv", ".tex": "text/x-tex", ".bib": "text/x-bibtex", ".json": "application/json",
    ".jsonl": "application/jsonl", ".md": "text/markdown", ".html": "text/html", ".pdf": "application/pdf",
    ".cff": "application/yaml",
}  # fmt: skip
"""Suffix -> media type; other files are plain text."""


def metadata(files: Mapping[str, bytes | Path], profile: str, data_note: str) -> dict[str, Any]:
    """The JSON-LD of a bundle of these files. The date is that of the suite's release, not of the clock."""
    citation = read_yaml(suite_file("CITATION.cff"))
    data = data_note or "the datasets that the configuration names"
    crate = ROCrate(version="1.1")
    crate.name = f"Results of the GLAlign benchmark, profile {profile}"
    crate.description = (
        f"Ranks, metrics, tables and provenance of a run on {data}. It has no image, caption or weight. "
        "`glalign rebuild` makes its tables again."
    )
    crate.datePublished = str(citation["date-released"])
    crate.license = {"@id": LICENSE}
    named = {"name": citation["title"], "version": __version__}
    software = crate.add(SoftwareApplication(crate, "#glalign", named))
    crate.add_action(software, "#run", result=crate.root_dataset, properties={"name": f"glalign, profile {profile}"})
    for name in sorted(files):
        crate.add_file(dest_path=name, properties=_described(name, files[name]))
    return crate.metadata.generate()


def _described(name: str, content: bytes | Path) -> dict[str, str]:
    """What the metadata say of a file."""
    data = content if isinstance(content, bytes) else content.read_bytes()
    return {
        "name": PurePosixPath(name).name,
        "encodingFormat": TYPES.get(PurePosixPath(name).suffix, "text/plain"),
        "contentSize": str(len(data)),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
