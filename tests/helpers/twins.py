"""Specifications of short pre-trainings."""

from typing import Any

from glalign.contract.specs.twins import PretrainSpec
from glalign.storage.weight_files import PRETRAINED


def twin_spec(**values: Any) -> PretrainSpec:
    """The pre-training of a twin on a CPU that starts from the shipped files."""
    return PretrainSpec(
        **{"name": "twin", "seed": 1, "weights": str(PRETRAINED), "threads": 1, "device": "cpu"} | values
    )
