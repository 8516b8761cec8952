"""The origin of an output: the values that every record of a job begins with."""

import contextlib
import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Mapping
from typing import Any

from glalign import __version__

LIBRARIES = (
    "numpy", "open_clip_torch", "pillow", "safetensors", "spacy", "tokenizers", "torch", "torchvision", "transformers",
)  # fmt: skip
"""Libraries whose versions can change results."""


def run_digest(spec: Mapping[str, Any], code: str) -> str:
    """Return the SHA-256 of a specification (JSON data) and the digest of its code; equal ones give equal outputs."""
    text = json.dumps(spec, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(f"{text}\n{code}".encode()).hexdigest()


def provenance(spec: Mapping[str, Any], code: str) -> dict[str, Any]:
    """Return the values of a `Provenance` record: specification (JSON data), digest of the code, library versions.

    Time, host and absolute paths are left out, so that the same job writes the same bytes everywhere.
    """
    versions = {"glalign": __version__, "python": platform.python_version()}
    for library in LIBRARIES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[library] = importlib.metadata.version(library)
    return {"spec": spec, "code": code, "versions": versions}
