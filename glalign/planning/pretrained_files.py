"""The pre-trained files behind a job: which of them the pre-training makes, and which are given."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from glalign.config.loading import Config
from glalign.planning.stage import Paths

VOCABULARIES = {
    "bert-base-uncased": ("bert", 30_522),
    "xlm-roberta-base": ("roberta", 250_002),
    "phobert-base": ("phobert", 64_001),
    "gpt2": ("gpt2", 50_257),
}
"""Family and size of the real vocabularies: Devlin et al. 2019, Conneau et al. 2020, Nguyen and Nguyen 2020 and Radford
et al. 2019, their released files."""

Files = tuple[tuple[str, ...], tuple[str, ...]]
"""Files (that the pre-training makes, that are given)."""


def weight_files(config: Config, paths: Paths, names: Sequence[str]) -> Files:
    """The files of weights with these names; the name "random" has none."""
    made: list[str] = []
    given: list[str] = []
    for name in names:
        path = str(PurePosixPath(config.weights) / f"{name}.safetensors")
        twin = list(paths.outputs("twin", {"weights": name}).values())
        if name in config.pretraining and path == str(PurePosixPath(twin[0])):
            made += twin
        elif name != "random":
            given.append(path)
    return tuple(made), tuple(given)


def parser_files(config: Config, paths: Paths) -> Files:
    """The files of the parser: its weights, and its record, which describes the network."""
    made, given = weight_files(config, paths, [config.parsing.weights])
    return made, given + tuple(str(PurePosixPath(file).with_suffix(".json")) for file in given)


def model_files(config: Config, paths: Paths, options: Mapping[str, Any], *, trained: bool = False) -> Files:
    """The files that a system's options name: `*vocabulary`, and `*weights` unless those of a training replace them."""
    named = {key: value for key, value in options.items() if isinstance(value, str)}
    made, given = weight_files(config, paths, [v for k, v in named.items() if not trained and k.endswith("weights")])
    for name in (value for key, value in named.items() if key.endswith("vocabulary")):
        more_made, more_given = vocabulary_files(config, paths, name)
        made, given = made + more_made, given + more_given
    return made, given


def vocabulary_files(config: Config, paths: Paths, name: str) -> Files:
    """The files of a vocabulary: PhoBERT's are two, any other is one."""
    recipe = config.vocabularies.get(name)
    family = recipe.family if recipe else VOCABULARIES.get(name, ("",))[0]
    twins = tuple(paths.outputs(vocabulary_stage(family), {"vocabulary": name}).values())
    files = tuple(str(PurePosixPath(config.weights) / PurePosixPath(twin).name) for twin in twins)
    is_made = recipe is not None and files == tuple(str(PurePosixPath(twin)) for twin in twins)
    return (twins, ()) if is_made else ((), files)


def vocabulary_stage(family: str) -> str:
    """The stage that makes a vocabulary of a family."""
    return "phobert_vocabulary" if family == "phobert" else "vocabulary"
