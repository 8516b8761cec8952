"""Record of a released SegFormer parser: architecture, input and labels."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glalign.contract.regions import ATR_LABELS
from glalign.storage.json_files import read_json
from glalign.support.errors import UserError

PARSER_CONFIGS = ("config.json", "preprocessor_config.json")
"""Configuration files of a SegFormer."""

LONGEST_SIDE = 4096
"""Pixels of a side of the input, at most; SegFormers read 512."""

ARCHITECTURE = (
    "num_channels", "num_encoder_blocks", "depths", "sr_ratios", "hidden_sizes", "patch_sizes", "strides", "mlp_ratios",
    "num_attention_heads", "hidden_act", "decoder_hidden_size", "layer_norm_eps", "drop_path_rate",
    "classifier_dropout_prob", "hidden_dropout_prob", "attention_probs_dropout_prob",
)  # fmt: skip
"""Keys of transformers' SegformerConfig that define the network; the number of labels is ours."""


def parser_record(settings: Mapping[str, Path]) -> dict[str, Any]:
    """Read {model, input} from a release's config.json and preprocessor_config.json.

    The labels must be the 18 of ATR, in our order, and not shifted (`do_reduce_labels` false).
    Raises: UserError naming the file and the missing or wrong key.
    """
    for name in PARSER_CONFIGS:
        if name not in settings:
            raise UserError(f"{name}: not among the files; a parser is imported together with its two configurations")
    config_file, images_file = (settings[name] for name in PARSER_CONFIGS)
    config, images = _object(config_file), _object(images_file)
    if config.get("id2label") != {str(number): label for number, label in enumerate(ATR_LABELS)}:
        raise UserError(f"{config_file}: its labels are not the {len(ATR_LABELS)} of ATR; use another parser")
    if images.get("do_reduce_labels") or images.get("reduce_labels"):
        raise UserError(f"{images_file}: do_reduce_labels: label 0 is no background; use another parser")
    model = {key: config[key] for key in ARCHITECTURE if key in config}
    size = images.get("size", 512)
    sides = [size.get("height"), size.get("width")] if isinstance(size, Mapping) else [size, size]
    if not all(type(side) is int and 0 < side <= LONGEST_SIDE for side in sides):
        what = f"size: {size!r} is neither a number nor a height and a width, of 1 to {LONGEST_SIDE} pixels"
        raise UserError(f"{images_file}: {what}; use another parser")
    mean, deviation = (_channels(images_file, images, key) for key in ("image_mean", "image_std"))
    if 0 in deviation:
        raise UserError(f"{images_file}: image_std: a deviation of 0; fetch it again")
    return {"model": model, "input": {"size": sides, "mean": mean, "std": deviation}}


def _channels(path: Path, images: Mapping[str, Any], key: str) -> list[float]:
    """A finite number per colour."""
    values = images.get(key)
    numbers = isinstance(values, list) and all(type(one) in (int, float) and abs(one) < math.inf for one in values)
    if not isinstance(values, list) or not numbers or len(values) != len("RGB"):
        raise UserError(f"{path}: {key}: {values!r:.80} are not three numbers; fetch it again")
    return values


def _object(path: Path) -> dict[str, Any]:
    found = read_json(path)
    if not isinstance(found, dict):
        raise UserError(f"{path}: not a JSON object; fetch it again")
    return found
