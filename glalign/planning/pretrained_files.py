"""The pre-trained files behind a job: which of them the pre-training makes, and which are given."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from glalign.config.loading import Config
from glalign.planning.layout import OUTPUTS, Layout
from glalign.planning.ledger_jobs import VOCABULARIES

Files = tuple[tuple[str, ...], tuple[str, ...]]
"""Files (that the pre-training makes, that are given)."""


def weight_files(config: Config, layout: Layout, names: Sequence[str]) -> Files:
    """The files of weights with these names; the name "random" has none."""
    made, given = [], []
    for name in names:
        path = str(PurePosixPath(config["weights"]) / f"{name}.safetensors")
        twin = [layout.path("pretrain", output, weights=name) for output in ("weights", "record")]
        if name in config["pretraining"] and path == str(PurePosixPath(twin[0])):
            made += twin
        elif name != "random":
            given.append(path)
    return tuple(made), tuple(given)


def model_files(config: Config, layout: Layout, options: Mapping[str, Any], *, values: bool = True) -> Files:
    """What a system's options name: `*weights` (unless `values` come from a training) and `*vocabulary`."""
    named = {key: value for key, value in options.items() if isinstance(value, str)}
    made, given = weight_files(config, layout, [v for k, v in named.items() if values and k.endswith("weights")])
    for name in (value for key, value in named.items() if key.endswith("vocabulary")):
        more_made, more_given = vocabulary_files(config, layout, name)
        made, given = made + more_made, given + more_given
    return made, given


def vocabulary_files(config: Config, layout: Layout, name: str) -> Files:
    """The files of a vocabulary: PhoBERT's are two, any other is one."""
    recipe = config["vocabularies"].get(name)
    family = recipe["family"] if recipe else VOCABULARIES.get(name, ("",))[0]
    stage = vocabulary_stage(family)
    twins = tuple(layout.path(stage, output, vocabulary=name) for output in OUTPUTS[stage])
    files = tuple(str(PurePosixPath(config["weights"]) / PurePosixPath(twin).name) for twin in twins)
    is_made = recipe is not None and files == tuple(str(PurePosixPath(twin)) for twin in twins)
    return (twins, ()) if is_made else ((), files)


def vocabulary_stage(family: str) -> str:
    """The stage that makes a vocabulary of a family."""
    return "phobert_vocabulary" if family == "phobert" else "vocabulary"
