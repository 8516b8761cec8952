"""Who made what: the record that goes with an output."""

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
"""Whose versions can change numbers."""


def run_digest(spec: Mapping[str, Any], code: str) -> str:
    """One digest of a specification and of the code that runs it: equal digests make equal outputs."""
    text = json.dumps(spec, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(f"{text}\n{code}".encode()).hexdigest()


def provenance(spec: Mapping[str, Any], code: str) -> dict[str, Any]:
    """What made an output: the specification, the digest of the code, versions. No time, host or absolute path."""
    versions = {"glalign": __version__, "python": platform.python_version()}
    for library in LIBRARIES:
        try:
            versions[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {"spec": spec, "code": code, "versions": versions}
