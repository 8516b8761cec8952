"""A configuration is valid or refused in one line that names the key and the remedy.

Values come from config.yaml and overlays: maps are merged key by key, anything else is replaced. The schema
(workflow/schemas/config.schema.yaml) gives types and defaults; what a schema cannot say is in glalign.config.checks.
"""

import copy
import difflib
import functools
import operator
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from glalign.config.checks import (
    check_alpha,
    check_finite,
    check_references,
    check_shares,
    check_system,
    check_validation,
)
from glalign.storage.whole_files import read_text
from glalign.support.class_source import ClassOutline
from glalign.support.errors import UserError, suggestion

SCHEMA = Path(__file__).parents[2] / "workflow" / "schemas" / "config.schema.yaml"


@dataclass(frozen=True)
class Config:
    """A complete configuration: `values` as the schema describes them, `facts` of each system that has a class."""

    values: Mapping[str, Any]
    facts: Mapping[str, ClassOutline]

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
    text = read_text(path, "name an existing configuration file")
    try:
        layer = yaml.load(text, UniqueKeys)
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not valid YAML ({' '.join(str(error).split())})") from error
    if not isinstance(layer, Mapping):
        raise UserError(f"{path}: not a map of keys; start from config.yaml")
    return layer


class UniqueKeys(yaml.SafeLoader):
    """YAML whose maps have no key twice: the second would silently replace the first."""

    def compose_mapping_node(self, anchor: str | None) -> yaml.MappingNode:
        """A map as it is written. Raises: an error of YAML with the line of a key that was there before."""
        node, seen = super().compose_mapping_node(anchor), set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.composer.ComposerError(None, None, f"{key.value} is there twice", key.start_mark)
                seen.add(key.value)
        return node


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
        raise UserError(_line(errors[0], values))
    _fill(schema, schema, values)
    check_finite("", values)
    check_references(values)
    check_validation(values)
    check_shares(values)
    facts = {name: check_system(name, entry) for name, entry in values["systems"].items() if entry["class"]}
    check_alpha(values, facts)
    return Config(values, facts)


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


def _line(error: ValidationError, values: Mapping[str, Any]) -> str:
    """A schema error in `values` as one line."""
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
            about = f" ({below})" if below else ""
            return f"configuration: {path + '.' if path else ''}{key}: missing; add it{about}{_misspelt(error, values)}"
        case "type":
            kinds = " or ".join([rule] if isinstance(rule, str) else rule)
            hint = ""
            if _is_number(value):  # what YAML or Snakemake's `--config` took for text
                hint = "; write it with a point, such as 1.0e-3" if "number" in kinds else "; write it in an overlay"
            return f"configuration: {path}: {value!r} is not of type {kinds}{about}{hint}"
        case "enum":
            return f"configuration: {path}: {value!r} is not one of {', '.join(map(str, rule))}{about}"
        case "pattern" if "propertyNames" in error.absolute_schema_path:
            return f"configuration: {path}: the id {value!r} may only have letters, digits and _ . + -"
        case _:
            return f"configuration: {path}: {error.message}{about}"


def _misspelt(error: ValidationError, values: Mapping[str, Any]) -> str:
    """What an incomplete entry may have been meant for: an overlay with a misspelt id makes a new, empty one."""
    *above, name = error.absolute_path or [""]
    siblings = functools.reduce(operator.getitem, above, values)
    near = difflib.get_close_matches(str(name), [str(other) for other in siblings if other != name], n=1)
    return f"; or was {'.'.join(map(str, (*above, near[0])))} meant?" if near else ""


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
