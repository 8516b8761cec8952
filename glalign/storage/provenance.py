"""What made an output: the values that every record of a job begins with."""

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Mapping
from typing import Any

from glalign import __version__

LIBRARIES = (
    "numpy",
    "open_clip_torch",
    "pillow",
    "safetensors",
    "spacy",
    "tokenizers",
    "torch",
    "torchvision",
    "transformers",
)
"""Libraries whose versions can change results."""


def run_digest(spec: Mapping[str, Any], code: str) -> str:
    """SHA-256 of a specification (as JSON data) and of the digest of its code; equal digests give equal outputs."""
    text = json.dumps(spec, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(f"{text}\n{code}".encode()).hexdigest()


def provenance(spec: Mapping[str, Any], code: str) -> dict[str, Any]:
    """The values of a `Provenance` record: specification (as JSON data), digest of the code, versions of libraries.

    Time, host and absolute paths are left out, so that the same job writes the same bytes everywhere.
    """
    versions = {"glalign": __version__, "python": platform.python_version()}
    for library in LIBRARIES:
        try:
            versions[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {"spec": spec, "code": code, "versions": versions}
