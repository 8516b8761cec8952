"""Provenance of an output: specification, digest of the code, versions."""

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
    """Return the SHA-256 of a specification and of the code that runs it; equal digests make equal outputs."""
    text = json.dumps(spec, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(f"{text}\n{code}".encode()).hexdigest()


def provenance(spec: Mapping[str, Any], code: str) -> dict[str, Any]:
    """Return the specification, the digest of the code and versions; no time, host or absolute path."""
    versions = {"glalign": __version__, "python": platform.python_version()}
    for library in LIBRARIES:
        try:
            versions[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {"spec": spec, "code": code, "versions": versions}
