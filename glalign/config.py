"""A configuration is valid or refused in one line that names the key and the remedy.

Values come from config.yaml and overlays: maps are merged key by key, anything else is replaced. The schema
(workflow/schemas/config.schema.yaml) gives types and defaults; what a schema cannot say is checked here.
"""

import copy
import difflib
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from glalign.classes import REQUIRED, TRAINED, ClassFacts, class_facts
from glalign.errors import UserError

SCHEMA = Path(__file__).parents[1] / "workflow" / "schemas" / "config.schema.yaml"
TRAINING_KEYS = ("data", "optim", "budget")


@dataclass(frozen=True)
class Config:
    """A complete configuration: `values` as the schema describes them, `facts` of each system that has a class."""

    values: Mapping[str, Any]
    facts: Mapping[str, ClassFacts]

    def __getitem__(self, key: str) -> Any:
        """A top-level value."""
        return self.values[key]

    def entry(self, system: str, language: str) -> Mapping[str, Any]:
        """A system as it is for captions of a language: its entry with what `by_language` changes."""
        entry = self["systems"][system]
        return merge(entry, entry["by_language"].get(language, {}))

    def language_of(self, trainset: str) -> str:
        """Language of the captions of a trainset (that of its first dataset; mixtures are refused)."""
        return self["datasets"][self["trainsets"][trainset][0]]["language"]


def load(*paths: Path | str) -> Config:
    """Read config.yaml and the overlays after it. Raises UserError naming the file or the key."""
    values: dict[str, Any] = {}
    for path in paths:
        values = merge(values, read(path))
    return resolve(values)


def overlaid(*paths: Path | str) -> Config:
    """config.yaml of the current folder with the overlays; naming it among them changes nothing."""
    return load(*dict.fromkeys(("config.yaml", *map(str, paths))))


def read(path: Path | str) -> Mapping[str, Any]:
    """One file as written. Raises UserError naming the file."""
    try:
        layer = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; name an existing configuration file") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8") from error
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not valid YAML ({' '.join(str(error).split())})") from error
    if not isinstance(layer, Mapping):
        raise UserError(f"{path}: not a map of keys; start from config.yaml")
    return layer


def merge(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """`overlay` over `base`: maps key by key, anything else replaced.

    >>> merge({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}})
    {'a': {'b': 1, 'c': 3}}
    """
    merged = copy.deepcopy(dict(base))
    for key, value in overlay.items():
        if isinstance(value, Mapping):
            below = merged.get(key)
            merged[key] = merge(below if isinstance(below, Mapping) else {}, value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def resolve(values: Mapping[str, Any]) -> Config:
    """Check merged values, apply `extends` and fill the defaults. Raises UserError naming the first wrong key."""
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    values = merge({}, values)
    if isinstance(values.get("systems"), Mapping):
        values["systems"] = {name: _extended(values["systems"], name, ()) for name in values["systems"]}
    errors = sorted(Draft202012Validator(schema).iter_errors(values), key=lambda e: [str(p) for p in e.absolute_path])
    if errors:
        raise UserError(_line(errors[0]))
    _fill(schema, schema, values)
    _check_finite("", values)
    _check_references(values)
    _check_shares(values)
    facts = {name: _check_system(name, s) for name, s in values["systems"].items() if s["class"]}
    name = values["alpha"]["system"]
    if name in facts and not (
        {"alpha", "score_alpha"} <= set(facts[name].options) and "budget" in values["systems"][name]
    ):
        raise UserError(
            f"configuration: alpha.system: {name!r} is no trained system with options alpha and score_alpha"
        )
    return Config(values, facts)


def suggestion(name: object, known: Iterable[object]) -> str:
    """The nearest of the known names, or all of them."""
    names = [str(k) for k in known]
    near = difflib.get_close_matches(str(name), names, n=1)
    return f"did you mean '{near[0]}'?" if near else f"known: {', '.join(names) or 'none'}"


def _extended(systems: Mapping[str, Any], name: str, seen: tuple[str, ...]) -> Any:
    """A system with what it extends underneath."""
    entry = systems[name]
    if not isinstance(entry, Mapping) or "extends" not in entry:
        return entry
    parent = entry["extends"]
    if not isinstance(parent, str) or parent not in systems:
        raise UserError(f"configuration: systems.{name}.extends: no system {parent!r}; {suggestion(parent, systems)}")
    if parent in (*seen, name):
        raise UserError(f"configuration: systems.{name}.extends: {parent!r} extends it in turn; break the circle")
    below = _extended(systems, parent, (*seen, name))
    own = {key: value for key, value in entry.items() if key != "extends"}
    return merge(below, own) if isinstance(below, Mapping) else own


def _line(error: ValidationError) -> str:
    """A schema error as one line."""
    path = ".".join(str(part) for part in error.absolute_path)
    value, rule = error.instance, error.validator_value
    about = f" ({error.schema['description']})" if "description" in error.schema else ""
    match error.validator:
        case "additionalProperties":
            known = error.schema.get("properties", {})
            key = next(key for key in value if key not in known)
            return f"configuration: {path + '.' if path else ''}{key}: unknown key; {suggestion(key, known)}"
        case "required":
            key = next(key for key in rule if key not in value)
            below = error.schema.get("properties", {}).get(key, {}).get("description")
            return f"configuration: {path + '.' if path else ''}{key}: missing; add it{f' ({below})' if below else ''}"
        case "type":
            kinds = " or ".join([rule] if isinstance(rule, str) else rule)
            hint = "; write it with a point, such as 1.0e-3" if "number" in kinds and _is_number(value) else ""
            return f"configuration: {path}: {value!r} is not of type {kinds}{about}{hint}"
        case "enum":
            return f"configuration: {path}: {value!r} is not one of {', '.join(map(str, rule))}{about}"
        case "pattern" if "propertyNames" in error.absolute_schema_path:
            return f"configuration: {path}: the id {value!r} may only have letters, digits and _ . + -"
        case _:
            return f"configuration: {path}: {error.message}{about}"


def _is_number(value: object) -> bool:
    try:
        return isinstance(value, str) and float(value) == float(value)
    except ValueError:
        return False


def _fill(root: Mapping[str, Any], schema: Mapping[str, Any], value: Any) -> None:
    """Put the schema's defaults where keys are absent, in place."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    if not isinstance(value, dict):
        return
    properties = schema.get("properties", {})
    for key, rule in properties.items():
        if key not in value and "default" in rule:
            value[key] = copy.deepcopy(rule["default"])
    others = schema.get("additionalProperties")
    for key, below in value.items():
        rule = properties.get(key, others)
        if isinstance(rule, Mapping):
            _fill(root, rule, below)


def _check_references(values: Mapping[str, Any]) -> None:
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


def _check_shares(values: Mapping[str, Any]) -> None:
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


def _check_finite(path: str, value: Any) -> None:
    """No number is infinite or none at all, which YAML can write and a schema lets pass."""
    if isinstance(value, Mapping | list):
        for key, part in value.items() if isinstance(value, Mapping) else enumerate(value):
            _check_finite(f"{path}.{key}" if path else str(key), part)
    elif isinstance(value, float) and not math.isfinite(value):
        raise UserError(f"configuration: {path}: {value} is no number to compute with")


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


def _check_parts(path: str, system: Mapping[str, Any]) -> None:
    """An accumulated batch has equal parts of more than one pair."""
    parts = system["memory"]["accumulate"]
    if "data" in system:
        batch = system["data"]["batch_size"]
        if batch % parts or batch // parts < min(2, batch):
            raise UserError(
                f"configuration: {path}.memory.accumulate: {parts} does not divide the batch of {batch} into parts of "
                "two pairs or more"
            )


def _check_system(name: str, system: Mapping[str, Any]) -> ClassFacts:
    """A system trains completely or not at all, and its `model:` keys are options of its class."""
    path = f"systems.{name}"
    present = [key for key in TRAINING_KEYS if key in system]
    for key in TRAINING_KEYS:
        if present and key not in system:
            raise UserError(f"configuration: {path}.{key}: missing; a system with {present[0]} needs it too")
    if present and (system["budget"]["steps"] is None) == (system["budget"]["epochs"] is None):
        raise UserError(f"configuration: {path}.budget: give steps or epochs, and null for the other")
    _check_parts(path, system)
    try:
        facts = class_facts(system["class"])
    except UserError as error:
        raise UserError(f"configuration: {path}.class: {system['class']!r}: {error}") from error
    for method in TRAINED if present else ("blocks",):
        if method not in facts.methods:
            raise UserError(
                f"configuration: {path}.class: {system['class']} has no method `{method}`, which a system that "
                f"{'trains' if present else 'only scores'} must have"
            )
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
    return facts
