"""List the weights and vocabularies that a configuration needs, with their users and the state of their files."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from glalign.config.loading import Config
from glalign.planning.plan import STAGES
from glalign.planning.pretrained_files import Files, model_files, parser_files
from glalign.planning.stage import Paths
from glalign.storage.weight_status import TINY_PREFIX, fault, fetch_command, read_record, remedy, weight_name
from glalign.support.class_source import options_of
from glalign.support.errors import UserError
from glalign.weights.catalogue import WeightRelease, catalogue
from glalign.weights.origins import BY_HAND, UNRECORDED, licence, standing

PARSER = "part label maps"
"""User of the parser in the list."""


class RequiredWeights(NamedTuple):
    """A weight or vocabulary by name. files: all in one folder. users: systems that read it. made: whether the run
    makes it by the suite's own pre-training."""

    name: str
    files: tuple[str, ...]
    users: tuple[str, ...]
    made: bool

    @property
    def release(self) -> WeightRelease | None:
        """Its release; None for a tiny twin or a file of the user's own."""
        return catalogue().get(self.name)

    def faults(self) -> dict[str, str]:
        """File -> fault, for the files that are missing or not whole."""
        return {file: found for file in self.files if (found := fault(file, self.name))}

    def record(self) -> dict[str, Any]:
        """Its record; empty if there is none that can be read."""
        path = Path(self.files[0]).with_name(f"{self.name}.json")
        try:
            return read_record(path) if path.is_file() else {}
        except UserError:  # `faults` reports it
            return {}


def required_weights(config: Config) -> list[RequiredWeights]:
    """Return all that the systems of a configuration and its parser read, in their order, then what readings add."""
    files: dict[str, dict[str, None]] = {}
    users: dict[str, dict[str, None]] = {}
    twins: set[str] = set()
    for user, (made, given) in _users(config):
        for file in (*made, *given):
            name = weight_name(file)
            files.setdefault(name, {})[file] = None
            users.setdefault(name, {})[user] = None
            twins |= {name} if file in made else set()
    return [RequiredWeights(name, tuple(files[name]), tuple(users[name]), name in twins) for name in files]


def _users(config: Config) -> Iterator[tuple[str, Files]]:
    """Yield each user with its files (made by a rule, given)."""
    yield from _users_of(config, config.systems)
    for name, reading in config.sensitivity.readings.items():
        yield from _users_of(config.readings[name], (reading.system,))


def _users_of(config: Config, systems: Iterable[str]) -> Iterator[tuple[str, Files]]:
    paths = Paths(config.results, STAGES)
    languages = {entry.language for entry in config.datasets.values()}
    for system in systems:
        entry = config.systems[system]
        for language in sorted(languages & set(entry.languages)) if entry.class_path else ():
            options = options_of(config.entry(system, language).model, config.classes[system])
            yield system, model_files(config, paths, options)
    if config.parsing.method == "segformer":
        yield PARSER, parser_files(config, paths)


def report_entry(need: RequiredWeights) -> dict[str, Any]:
    """Return the entry of `glalign weights list --json` for one weight or vocabulary."""
    release, faults, record = need.release, need.faults(), need.record()
    present = [Path(file).name for file in need.files if Path(file).is_file()]
    entries = [record.get("files", {}).get(name, {}) for name in present if name != f"{need.name}.json"]
    found = standing(release, entries) if release else ""
    terms, conditions = licence(release, found) if release else (None, None)
    return {
        "name": need.name,
        "users": list(need.users),
        "files": {file: faults.get(file) or "present" for file in need.files},
        "made": need.made,
        "origin": release.origin if release else None,
        "standing": found or None,
        "activation": record.get("activation"),
        "licence": terms,
        "conditions": conditions,
        "mb": release.stored if release else None,
    }


def format_entry(need: RequiredWeights, entry: Mapping[str, Any]) -> str:
    """Format the `report_entry` of required weights as text of three to six lines."""
    sizes = [Path(file).stat().st_size for file in need.files if Path(file).is_file()]
    size = f"  ({entry['mb']:,.0f} MB)" if entry["mb"] else ""
    if len(sizes) == len(need.files):
        size = f"  ({sum(sizes) / 1e6:,.1f} MB)"
    lines = [f"{need.name}{size}: {', '.join(need.users)}"]
    for file, state in entry["files"].items():
        kind, _, detail = state.partition(": ")
        lines.append(f"  {kind:12}  {file}{f' ({detail})' if detail else ''}")
    if entry["standing"] in (BY_HAND, UNRECORDED):
        lines.append(f"  from          {entry['standing']} to be the release of {entry['origin']}")
        if entry["activation"]:
            lines.append(f"  activation    {entry['activation']}")
        lines.append(f"  licence       {entry['licence']}")
    elif entry["origin"]:
        if entry["standing"]:
            lines.append(f"  standing      {entry['standing']}")
        lines.append(f"  from          {entry['origin']}")
        lines.append(f"  licence       {entry['licence']}{'; ' if entry['conditions'] else ''}{entry['conditions']}")
    elif need.made or need.name.startswith(TINY_PREFIX):
        lines.append("  from          this suite (`snakemake pretrain` remakes it); MIT")
    else:
        lines.append("  from          a file of your own: no release of this name is known")
    return "\n".join(lines)


def incomplete(entries: Iterable[Mapping[str, Any]]) -> dict[str, Path]:
    """Name -> first file that is not whole, for entries with one; files that the run makes itself may be missing."""
    found: dict[str, Path] = {}
    for entry in entries:
        for file, state in entry["files"].items():
            if state != "present" and not (entry["made"] and state == "missing"):
                found.setdefault(entry["name"], Path(file))
    return found


def summary(entries: Sequence[Mapping[str, Any]]) -> str:
    """Format how many are complete, and the next step for the others."""
    files = incomplete(entries)
    there = f"{len(entries) - len(files)} of {len(entries)} there"
    if not files:
        return there
    # Releases come first, then twins, then files of the user's own.
    name, path = min(files.items(), key=lambda item: (item[0] not in catalogue(), not item[0].startswith(TINY_PREFIX)))
    if name in catalogue():
        return (
            f"{there}; {fetch_command(name, path.parent)} gets one where there is a network, `fetch` with `--config` "
            "as here and without a name all of them; `import NAME FILE...` takes files that you downloaded"
        )
    advice = remedy(path) if name.startswith(TINY_PREFIX) else f"provide {path} yourself, or correct its name"
    return f"{there}; {advice}"
