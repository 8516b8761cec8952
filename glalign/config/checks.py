"""What a schema cannot say of a configuration: ids that are named exist, parts of it suit each other, options fit."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from glalign.config.training import Memory
from glalign.support.class_source import REQUIRED, TRAINED, ClassOutline, class_outline
from glalign.support.errors import UserError, suggestion

TRAINING_KEYS = ("data", "optim", "budget")


def check_references(values: Mapping[str, Any]) -> None:
    """Every id that is named must exist."""
    for path, kind, name in _references(values):
        _known(path, kind, name, values[f"{kind}s"])
    for name, testset in values["testsets"].items():
        if testset["draws"] > 1 and testset["identities"] is None:
            raise UserError(f"configuration: testsets.{name}.draws: {testset['draws']} draws of what? Set `identities`")
    datasets = values["datasets"]
    for name, members in values["trainsets"].items():
        languages = sorted({datasets[member]["language"] for member in members})
        if len(languages) > 1:
            raise UserError(
                f"configuration: trainsets.{name}: captions in {' and '.join(languages)}; one language is trained on"
            )
    for name, entry in datasets.items():
        source = entry["translated"]
        if source is not None and datasets[source]["translated"] is not None:
            raise UserError(
                f"configuration: datasets.{name}.translated: {source} is a translation itself; name its source"
            )
        if source is not None and entry["language"] == datasets[source]["language"]:
            raise UserError(f"configuration: datasets.{name}.translated: {source} is in {entry['language']} already")


def check_validation(values: Mapping[str, Any]) -> None:
    """Every trainset has people that weights are selected on."""
    datasets = values["datasets"]
    for name, members in values["trainsets"].items():
        if not any(_validates(datasets[member]) for member in members):
            raise UserError(
                f"configuration: trainsets.{name}: no validation people; set `splits.val` or `holdout` of the dataset "
                f"{members[0]}, or the `val` of its `synthetic`"
            )


def _validates(entry: Mapping[str, Any]) -> bool:
    """Whether a dataset, or what would be drawn in its place, has people of its own for validation."""
    if entry["holdout"]:
        return True
    if entry["root"] is None:
        return entry["synthetic"] is None or entry["synthetic"]["val"] > 0
    return entry["splits"]["val"] is not None


def check_shares(values: Mapping[str, Any]) -> None:
    """Every process of a training has the same number of pairs of each part of a batch."""
    count = values["processes"]
    for name, entry in values["systems"].items():
        pairs = entry.get("data", {}).get("batch_size", count) // entry["memory"]["accumulate"]
        if pairs % count:
            of = f" in each of {entry['memory']['accumulate']} parts" if entry["memory"]["accumulate"] > 1 else ""
            raise UserError(
                f"configuration: systems.{name}.data.batch_size: {pairs} pairs{of} are no multiple of the {count} "
                "processes that share them; change one of the two (`optim.lr` follows neither)"
            )


def check_finite(path: str, value: Any) -> None:
    """No number is infinite or none at all, which YAML can write and a schema lets pass."""
    if isinstance(value, Mapping | list):
        for key, part in value.items() if isinstance(value, Mapping) else enumerate(value):
            check_finite(f"{path}.{key}" if path else str(key), part)
    elif isinstance(value, float) and not math.isfinite(value):
        raise UserError(f"configuration: {path}: {value} is no number to compute with")


def check_alpha(values: Mapping[str, Any], facts: Mapping[str, ClassOutline]) -> None:
    """The system whose alpha is varied is trained and has one."""
    name = values["alpha"]["system"]
    if name in facts and not (
        {"alpha", "score_alpha"} <= set(facts[name].options) and "budget" in values["systems"][name]
    ):
        raise UserError(
            f"configuration: alpha.system: {name!r} is no trained system with options alpha and score_alpha"
        )


def _references(values: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(place, kind, id) of everything that is named by its id."""
    significance, alpha = values["significance"], values["alpha"]
    yield "significance.system", "system", significance["system"]
    yield from (("significance.ablations", "system", name) for name in significance["ablations"])
    for pair in significance["languages"].items():
        yield from ((f"significance.languages.{pair[0]}", "scenario", name) for name in pair)
    yield "alpha.system", "system", alpha["system"]
    yield "alpha.trainset", "trainset", alpha["trainset"]
    yield from (("tuning.trainsets", "trainset", name) for name in values["tuning"]["trainsets"])
    for name, members in values["trainsets"].items():
        yield from ((f"trainsets.{name}", "dataset", member) for member in members)
    for name, entry in values["datasets"].items():
        if entry["translated"] is not None:
            yield f"datasets.{name}.translated", "dataset", entry["translated"]
    for name, testset in values["testsets"].items():
        yield f"testsets.{name}.dataset", "dataset", testset["dataset"]
    for name, scenario in values["scenarios"].items():
        yield f"scenarios.{name}.train", "trainset", scenario["train"]
        yield f"scenarios.{name}.test", "testset", scenario["test"]


def _known(path: str, kind: str, name: str, known: Iterable[str]) -> None:
    if name not in known:
        raise UserError(f"configuration: {path}: no {kind} {name!r}; {suggestion(name, known)}")


KINDS: Mapping[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}
"""Types of values by the annotation of an option; others are checked when the system is built."""


def _fits(value: Any, annotation: str) -> bool:
    """Whether a value is of the type that an option's annotation names, as far as it is a plain one or None."""
    names = [name.strip() for name in annotation.split("|")]
    if not all(name in (*KINDS, "None") for name in names):
        return True
    if value is None or isinstance(value, bool):
        return ("None" if value is None else "bool") in names
    return isinstance(value, tuple(kind for name in names if name in KINDS for kind in KINDS[name]))


def _option_maps(path: str, system: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every map of a class's options in a system's entry, with its place."""
    yield f"{path}.model", system["model"]
    for language, change in system["by_language"].items():
        yield f"{path}.by_language.{language}.model", change.get("model", {})


def check_system(name: str, system: Mapping[str, Any]) -> ClassOutline:
    """A system trains completely or not at all, and its `model:` keys are options of its class."""
    path = f"systems.{name}"
    present = [key for key in TRAINING_KEYS if key in system]
    for key in TRAINING_KEYS:
        if present and key not in system:
            raise UserError(f"configuration: {path}.{key}: missing; a system with {present[0]} needs it too")
    if present and (system["budget"]["steps"] is None) == (system["budget"]["epochs"] is None):
        raise UserError(f"configuration: {path}.budget: give steps or epochs, and null for the other")
    if "data" in system:
        memory = Memory(**system["memory"])
        memory.check(system["data"]["batch_size"], 1, f"configuration: {path}.memory")
    try:
        facts = class_outline(system["class"])
    except UserError as error:
        raise UserError(f"configuration: {path}.class: {system['class']!r}: {error}") from error
    for method in TRAINED if present else ("blocks",):
        if method not in facts.methods:
            raise UserError(
                f"configuration: {path}.class: {system['class']} has no method `{method}`, which a system that "
                f"{'trains' if present else 'only scores'} must have"
            )
    _check_options(path, system, facts)
    return facts


def _check_options(path: str, system: Mapping[str, Any], facts: ClassOutline) -> None:
    """The `model:` keys are options of the class, of their types, and none without a default is missing."""
    for where, options in _option_maps(path, system):
        for key in options:
            if key not in facts.options:
                near = suggestion(key, facts.options)
                raise UserError(f"configuration: {where}.{key}: no option of {system['class']}; {near}")
            if not _fits(options[key], facts.options[key].annotation):
                kind = facts.options[key].annotation
                raise UserError(f"configuration: {where}.{key}: {options[key]!r} is not of type {kind}")
    for key, option in facts.options.items():
        if option.default is REQUIRED and key not in system["model"]:
            raise UserError(f"configuration: {path}.model.{key}: missing; {system['class']} has no default for it")
