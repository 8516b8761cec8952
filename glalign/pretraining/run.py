"""One twin: its recipe is run, its weights and their record are written."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from glalign.pretraining.albef import pretrain_albef
from glalign.pretraining.attributes import pretrain_trunk
from glalign.pretraining.bert import pretrain_bert
from glalign.pretraining.clip import pretrain_clip
from glalign.pretraining.phobert import pretrain_phobert
from glalign.storage.whole_files import write_json

Recipe = Callable[[Mapping[str, Any], Path], dict[str, Any]]


def recipes() -> dict[str, Recipe]:
    """Recipe by kind; two of them drag in transformers."""
    from glalign.pretraining.multilingual import pretrain_multilingual  # noqa: PLC0415
    from glalign.pretraining.parser import train  # noqa: PLC0415

    trunks = dict.fromkeys(("resnet", "vgg"), pretrain_trunk)
    texts = {"bert": pretrain_bert, "phobert": pretrain_phobert, "multilingual": pretrain_multilingual}
    return {"clip": pretrain_clip, "albef": pretrain_albef, **texts, **trunks, "parser": train}


def pretrain(spec: Mapping[str, Any], out: Path) -> None:
    """Make the weights of one twin at `out` (.safetensors), with its record beside it (.json).

    The record holds the SHA-256 of the file, the recipe (`spec`) and the course of the training.
    """
    record = recipes()[spec["kind"]](spec, out)
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    write_json(out.with_suffix(".json"), {"sha256": digest, "recipe": spec, "record": record})
