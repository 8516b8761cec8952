"""A configuration is valid or refused in one line that names the key and the remedy.

Values come from files in layers: maps are merged key by key, anything else is replaced. Types, defaults and ranges are
those of glalign.config.settings; what concerns several sections is checked by glalign.config.checks.
"""

import copy
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import PrivateAttr

from glalign.config.checks import (
    check_alpha,
    check_overlays,
    check_plain,
    check_references,
    check_shares,
    check_sources,
    check_systems,
    check_validation,
)
from glalign.config.messages import validated
from glalign.config.readings import CHANGES
from glalign.config.settings import Settings, System
from glalign.config.training import Optim
from glalign.storage.yaml_files import read_yaml
from glalign.support.checkout import ROOT, suite_file
from glalign.support.class_source import ClassOutline, class_outline
from glalign.support.errors import UserError, suggestion

BASE = ("config.yaml", "config/twins.yaml")
"""Files that lie under every profile."""

DEMO = "config/demo.yaml"
PROFILES = {"demo": DEMO, "paper": "config/paper.yaml"}
"""The profiles that another one may extend, and their files."""

TWINS = "glalign/pretrained"
"""Folder of the twins' weights, in the checkout."""


class Config(Settings):
    """A complete configuration that was checked."""

    _written: dict[str, Any] = PrivateAttr(default_factory=dict)
    """Its values before `extends` and defaults, under which an overlay of a reading is merged."""

    @functools.cached_property
    def classes(self) -> Mapping[str, ClassOutline]:
        """The outline of the class of each system that has one, by id of the system."""
        return {name: class_outline(entry.class_path) for name, entry in self.systems.items() if entry.class_path}

    @functools.cached_property
    def readings(self) -> Mapping[str, "Config"]:
        """The configuration under each reading of `sensitivity`, by id. Raises: UserError for an overlay of one."""
        # A reading has no readings, and does not repeat the search of alpha.csv.
        values = {**self._written, "sensitivity": {}, "alpha": {**self._written.get("alpha", {}), "values": [0.5]}}
        return {name: _read_as(values, name, self.sensitivity.files.get(name)) for name in self.sensitivity.readings}

    def entry(self, system: str, language: str) -> System:
        """A system as it is for captions of a language: with what `by_language` changes."""
        entry = self.systems[system]
        change = {str(name): one for name, one in entry.by_language.items()}.get(language)
        if change is None:
            return entry
        optim = entry.optim and Optim.model_validate(merge(entry.optim.to_json(), change.optim))
        budget = entry.budget and entry.budget.scaled(change.length)
        return entry.model_copy(update={"model": merge(entry.model, change.model), "optim": optim, "budget": budget})

    def language_of(self, trainset: str) -> str:
        """Language of the captions of a trainset: that of its first dataset; mixtures are refused."""
        return self.datasets[self.trainsets[trainset][0]].language


def overlaid(*paths: Path | str, root: Path = ROOT) -> Config:
    """The configuration with overlays: what `snakemake --configfile PATHS` reads. See `layered`."""
    return resolve(layered(*paths, root=root))


def layered(*paths: Path | str, root: Path = ROOT) -> dict[str, Any]:
    """The merged values of overlays with what lies under them; naming a file of the base changes nothing."""
    return completed(_stacked(*(path for path in map(Path, paths) if not is_base(path, root))), root)


def completed(overlay: Mapping[str, Any], root: Path = ROOT) -> dict[str, Any]:
    """An overlay with what lies under it: the base and a profile of the checkout `root`, and a config.yaml elsewhere.

    The demo lies underneath where no `profile` but `demo` is named, another profile of PROFILES where the overlay
    `extends` it. A config.yaml in a working directory outside the checkout is an overlay, too. Raises: UserError where
    the suite has no checkout.
    """
    overlay = functools.reduce(merge, [*own_files(root), overlay], {})
    extended = "demo" if overlay.get("profile", "demo") == "demo" else overlay.get("extends")
    below = [PROFILES[extended]] if isinstance(extended, str) and extended in PROFILES else []
    if root == ROOT:
        suite_file(BASE[0])  # refused outside a checkout
    values = merge(_stacked(*(root / name for name in (*BASE, *below))), overlay)
    if values.get("weights", TWINS) == TWINS and not Path(TWINS).is_dir():
        values["weights"] = str(root / TWINS)
    return values


def own_files(root: Path = ROOT) -> list[Mapping[str, Any]]:
    """A config.yaml in a working directory outside the checkout, if there is one."""
    own = Path("config.yaml")
    return [read(own)] if own.is_file() and not is_base(own, root) and not is_base(own, ROOT) else []


def is_base(path: Path, root: Path = ROOT) -> bool:
    """Whether a file lies under every overlay, or is the demo."""
    return path.resolve() in [(root / name).resolve() for name in (*BASE, DEMO)]


def load(*paths: Path | str) -> Config:
    """Read these files, each over those before it. Raises UserError naming the file or the key."""
    return resolve(_stacked(*paths))


def _stacked(*paths: Path | str) -> dict[str, Any]:
    """The merged values of files, each over those before it."""
    return functools.reduce(merge, map(read, paths), {})


def read(path: Path | str) -> Mapping[str, Any]:
    """One file as written. Raises UserError naming the file."""
    layer = read_yaml(path, "name an existing configuration file")
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
    written = merge({}, values)
    values = dict(written)
    check_plain("", values)
    if isinstance(values.get("systems"), Mapping):
        values["systems"] = {name: _extended(values["systems"], name, ()) for name in values["systems"]}
    config = validated(Config, values)
    check_references(config)
    check_validation(config)
    check_shares(config)
    check_alpha(config, check_systems(config))
    check_sources(config)
    check_overlays(config)
    config._written = written
    return config


def _read_as(values: Mapping[str, Any], name: str, file: str | None) -> Config:
    """A configuration with the overlay of a reading: config/readings/NAME.yaml of the suite, or the file that is given,
    which may be one of the suite, too."""
    in_suite = file is None or (not Path(file).exists() and (ROOT / file).is_file())
    path = suite_file(file or f"config/readings/{name}.yaml") if in_suite else str(file)
    if Path(path).exists() and not Path(path).is_file():
        raise UserError(f"{path}: no file; sensitivity.files.{name} names an overlay")
    overlay = read(path)
    if foreign := sorted(set(overlay) - set(CHANGES), key=str):
        raise UserError(f"{path}: {foreign[0]}: no key of a reading; it changes {', '.join(CHANGES)}")
    try:
        return resolve(merge(values, overlay))
    except UserError as error:
        raise UserError(f"{path}: {str(error).removeprefix('configuration: ')}") from None


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
    return merge(below, entry) if isinstance(below, Mapping) else entry
