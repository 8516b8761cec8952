"""The pre-training of one twin: its weights and their record."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from glalign.contract.specs.twins import PretrainSpec
from glalign.pretraining.albef import pretrain_albef
from glalign.pretraining.attributes import pretrain_trunk
from glalign.pretraining.bert import pretrain_bert
from glalign.pretraining.clip import pretrain_clip
from glalign.pretraining.gpt2 import pretrain_gpt2
from glalign.pretraining.phobert import pretrain_phobert
from glalign.storage.whole_files import write_json

Pretraining = Callable[[PretrainSpec, Path], dict[str, Any]]
"""Writes the weights to a path and returns what the record says of their training."""


def pretrainings() -> dict[str, Pretraining]:
    """The pre-training of each `kind`; two of them import transformers."""
    from glalign.pretraining.multilingual import pretrain_multilingual  # noqa: PLC0415
    from glalign.pretraining.parser import pretrain_parser  # noqa: PLC0415

    trunks = dict.fromkeys(("resnet", "vgg"), pretrain_trunk)
    texts = {"bert": pretrain_bert, "phobert": pretrain_phobert, "gpt2": pretrain_gpt2}
    pairs = {"clip": pretrain_clip, "multilingual": pretrain_multilingual, "albef": pretrain_albef}
    return {**pairs, **texts, **trunks, "parser": pretrain_parser}


def pretrain(spec: PretrainSpec, weights: Path, record: Path) -> None:
    """Write the weights of one twin, and a record: SHA-256 of the file, recipe (keys that its kind uses), course."""
    course = pretrainings()[spec.kind](spec, weights)
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    recipe = {key: value for key, value in spec.model_dump(mode="json", exclude_none=True).items() if value != {}}
    write_json(record, {"sha256": digest, "recipe": recipe, "record": course})
