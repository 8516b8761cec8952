"""Checks across sections of a configuration: ids exist, parts suit each other, options are those of the class."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from glalign.config.datasets import Dataset
from glalign.config.messages import validated
from glalign.config.networks import alternatives
from glalign.config.settings import Settings, System
from glalign.config.training import Optim
from glalign.support.checkout import ROOT
from glalign.support.class_source import REQUIRED, TRAINED, ClassOutline, class_outline, sampling_of
from glalign.support.errors import UserError, suggestion
from glalign.support.one_line import BREAKING
from glalign.support.options_class import check_options


def check_plain(path: str, value: Any) -> None:
    """No number is infinite or NaN, and no text or key has a control character or a lone surrogate.

    YAML can write all of these. Texts end up in tables, comments of LaTeX, paths and messages.
    """
    if isinstance(value, Mapping | list):
        for key, part in value.items() if isinstance(value, Mapping) else enumerate(value):
            if isinstance(key, str):
                check_plain(path or "a key", key)
            check_plain(f"{path}.{key}" if path else str(key), part)
    elif isinstance(value, float) and not math.isfinite(value):
        raise UserError(f"configuration: {path}: {value} is no number to compute with")
    elif isinstance(value, str) and (found := BREAKING.search(value)):
        raise UserError(f"configuration: {path}: {value!r:.80} has a control character ({found[0]!r}); take it out")


def check_references(config: Settings) -> None:
    """Every id that is named exists; a trainset has one language, a translation a source in another."""
    for path, kind, name in _references(config):
        _known(path, kind, name, getattr(config, f"{kind}s"))
    datasets = config.datasets
    for name, members in config.trainsets.items():
        languages = sorted({datasets[member].language for member in members})
        if len(languages) > 1:
            raise UserError(
                f"configuration: trainsets.{name}: captions in {' and '.join(languages)}; one language is trained on"
            )
    for name, entry in datasets.items():
        if entry.translated is None:
            continue
        path, source = f"configuration: datasets.{name}.translated: {entry.translated}", datasets[entry.translated]
        if source.translated is not None:
            raise UserError(f"{path} is a translation itself; name its source")
        if source.language == entry.language:
            raise UserError(f"{path} is in {entry.language} already")


def check_validation(config: Settings) -> None:
    """Every trainset has people that weights are selected on."""
    for name, members in config.trainsets.items():
        if not any(_validates(config.datasets[member]) for member in members):
            raise UserError(
                f"configuration: trainsets.{name}: no validation people; set `splits.val` or `holdout` of the dataset "
                f"{members[0]}, or the `val` of its `synthetic`"
            )


def _validates(dataset: Dataset) -> bool:
    """Whether a dataset, or what would be drawn in its place, has people of its own for validation."""
    if dataset.holdout:
        return True
    if dataset.root is None:
        return dataset.synthetic is None or dataset.synthetic.val > 0
    return dataset.splits.val is not None


def check_shares(config: Settings) -> None:
    """Every process of a training has the same number of pairs of each part of a batch."""
    count = config.processes
    for name, entry in config.systems.items():
        parts = entry.memory.accumulate
        pairs = (entry.data.batch_size if entry.data else count) // parts
        if pairs % count:
            of = f" in each of {parts} parts" if parts > 1 else ""
            raise UserError(
                f"configuration: systems.{name}.data.batch_size: {pairs} pairs{of} are no multiple of the {count} "
                "processes that share them; change one of the two (`optim.lr` follows neither)"
            )


def check_sources(config: Settings) -> None:
    """Every part of a batch has as many pairs of each dataset, where `data.sources` balances them."""
    for name, entry in config.systems.items():
        if not entry.class_path or entry.data is None or entry.data.sources == "union":
            continue
        sampling = entry.data.sampling or sampling_of(entry.class_path)
        for trainset in dict.fromkeys(pair.train for pair in config.scenarios.values()):
            members = config.trainsets[trainset]
            together, pairs = (
                entry.data.together(sampling, len(members)),
                entry.data.batch_size // entry.memory.accumulate,
            )
            if config.datasets[members[0]].language in entry.languages and pairs % together:
                of = f" in each of {entry.memory.accumulate} parts" if entry.memory.accumulate > 1 else ""
                raise UserError(
                    f"configuration: systems.{name}.data.batch_size: {pairs} pairs{of} are no multiple of {together}, "
                    f"for as many of each dataset of trainsets.{trainset} (`data.sources: balanced`)"
                )


def check_alpha(config: Settings, classes: Mapping[str, ClassOutline]) -> None:
    """The system whose alpha is varied is trained, has one, and can be trained with each of the values."""
    name = config.alpha.system
    entry = config.systems[name]
    if name not in classes:
        return
    if not ({"alpha", "score_alpha"} <= set(classes[name].options) and entry.budget is not None):
        raise UserError(
            f"configuration: alpha.system: {name!r} is no trained system with options alpha and score_alpha"
        )
    change = entry.by_language.get(config.datasets[config.trainsets[config.alpha.trainset][0]].language)
    model = {**entry.model, **(change.model if change else {})}
    for value in config.alpha.values:
        try:
            check_options(str(entry.class_path), {**model, "alpha": value})
        except UserError as error:
            raise UserError(f"configuration: alpha.values: {value:g}: {error}") from error


def _references(config: Settings) -> Iterator[tuple[str, str, str]]:
    """(place, kind, id) of everything that is named by its id."""
    tests, alpha = config.mcnemar, config.alpha
    yield "mcnemar.system", "system", tests.system
    yield from (("mcnemar.ablations", "system", name) for name in tests.ablations)
    for pair in tests.languages.items():
        yield from ((f"mcnemar.languages.{pair[0]}", "scenario", name) for name in pair)
    yield from (("page.permitted", "dataset", name) for name in config.page.permitted)
    yield "alpha.system", "system", alpha.system
    yield "alpha.trainset", "trainset", alpha.trainset
    yield from (("tuning.trainsets", "trainset", name) for name in config.tuning.trainsets)
    for name, reading in config.sensitivity.readings.items():
        yield f"sensitivity.readings.{name}.system", "system", reading.system
        yield f"sensitivity.readings.{name}.scenario", "scenario", reading.scenario
    for name, members in config.trainsets.items():
        yield from ((f"trainsets.{name}", "dataset", member) for member in members)
    for name, entry in config.datasets.items():
        if entry.translated is not None:
            yield f"datasets.{name}.translated", "dataset", entry.translated
    for name, testset in config.testsets.items():
        yield f"testsets.{name}.dataset", "dataset", testset.dataset
    for name, scenario in config.scenarios.items():
        yield f"scenarios.{name}.train", "trainset", scenario.train
        yield f"scenarios.{name}.test", "testset", scenario.test


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


def check_systems(config: Settings) -> dict[str, ClassOutline]:
    """Every system's class exists and has the methods and options that its entry needs; returns the outlines."""
    return {name: _outline(f"systems.{name}", entry) for name, entry in config.systems.items() if entry.class_path}


def _outline(path: str, system: System) -> ClassOutline:
    """The outline of a system's class, which the entry at `path` suits."""
    class_path = str(system.class_path)
    if system.data is not None:
        system.memory.check(system.data.batch_size, 1, f"configuration: {path}.memory")
    try:
        outline = class_outline(class_path)
    except UserError as error:
        raise UserError(f"configuration: {path}.class: {system.class_path!r}: {error}") from error
    for method in TRAINED if system.budget is not None else ("blocks",):
        if method not in outline.methods:
            raise UserError(
                f"configuration: {path}.class: {system.class_path} has no method `{method}`, which a system that "
                f"{'trains' if system.budget is not None else 'only scores'} must have"
            )
    _check_options(f"{path}.model", class_path, system.model, outline)
    for key, option in outline.options.items():
        if option.default is REQUIRED and key not in system.model:
            raise UserError(f"configuration: {path}.model.{key}: missing; {system.class_path} has no default for it")
    _check_values(path, class_path, system.model)
    for language, change in system.by_language.items():
        where = f"{path}.by_language.{language}"
        _check_options(f"{where}.model", class_path, change.model, outline)
        _check_values(where, class_path, {**system.model, **change.model})
        if change.optim:
            own = system.optim.to_json() if system.optim else {}
            validated(Optim, {**own, **change.optim}, f"configuration: {where}.optim.")
        if change.length != 1 and system.budget is None:
            raise UserError(f"configuration: {where}.length: {class_path} does not train; leave the key out")
    return outline


def _check_options(path: str, class_path: str, options: Mapping[str, Any], outline: ClassOutline) -> None:
    """The `model:` keys at `path` are options of the class, of their types."""
    for key, value in options.items():
        if key not in outline.options:
            near = suggestion(key, outline.options)
            raise UserError(f"configuration: {path}.{key}: no option of {class_path}; {near}")
        if not _fits(value, outline.options[key].annotation):
            kind = outline.options[key].annotation
            raise UserError(f"configuration: {path}.{key}: {value!r} is not of type {kind}")
        networks = alternatives(key, outline.options[key].default)
        if networks and value not in networks:
            raise UserError(f"configuration: {path}.{key}: no network {value!r}; {suggestion(value, networks)}")


def _check_values(path: str, class_path: str, model: Mapping[str, Any]) -> None:
    """The class of the system at `path` accepts the values of its options."""
    try:
        check_options(class_path, model)
    except UserError as error:
        raise UserError(f"configuration: {path}.{error}") from error


def check_overlays(config: Settings) -> None:
    """Raises: UserError where `sensitivity.files` has an overlay of no reading, of the configuration or the suite."""
    known = {*config.sensitivity.readings, *(path.stem for path in (ROOT / "config/readings").glob("*.yaml"))}
    for name in config.sensitivity.files:
        if name not in known:
            raise UserError(f"configuration: sensitivity.files.{name}: no reading {name!r}; {suggestion(name, known)}")
