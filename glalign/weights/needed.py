"""What a configuration starts from: weights and vocabularies, the systems that read them, what is there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from glalign.config.loading import Config
from glalign.planning.layout import Layout
from glalign.planning.pretrained_files import Files, model_files, weight_files
from glalign.storage.weight_status import TINY_PREFIX, fault, fetch_command, remedy, weight_name
from glalign.support.class_source import options_of
from glalign.weights.catalogue import WeightRelease, catalogue

PARSER = "part label maps"
"""Who needs the parser."""


@dataclass(frozen=True)
class Need:
    """A name with its files, all looked for in one folder. users: who reads it. made: by the suite's own pre-training,
    as part of the run."""

    name: str
    files: tuple[str, ...]
    users: tuple[str, ...]
    made: bool

    @property
    def release(self) -> WeightRelease | None:
        """Where it comes from; None for a tiny twin and a file of the user's own."""
        return catalogue().get(self.name)

    def faults(self) -> dict[str, str]:
        """File -> what is wrong with it, for the files that are not whole."""
        found = {file: fault(file, self.name) for file in self.files}
        return {file: wrong for file, wrong in found.items() if wrong}


def needed(config: Config) -> list[Need]:
    """Everything that the systems of a configuration and its parser read, in the order of the systems."""
    files: dict[str, dict[str, None]] = {}
    users: dict[str, dict[str, None]] = {}
    twins: set[str] = set()
    for user, (made, given) in _readers(config):
        for file in (*made, *given):
            name = weight_name(file)
            files.setdefault(name, {})[file] = None
            users.setdefault(name, {})[user] = None
            twins |= {name} if file in made else set()
    return [Need(name, tuple(files[name]), tuple(users[name]), name in twins) for name in files]


def _readers(config: Config) -> Iterator[tuple[str, Files]]:
    """Who reads, and the files (that a rule makes, that are given)."""
    layout = Layout(config["results"])
    languages = {entry["language"] for entry in config["datasets"].values()}
    for system, entry in config["systems"].items():
        if not entry["class"]:
            continue
        for language in sorted(languages & set(entry["languages"])):
            options = options_of(config.entry(system, language), config.facts[system])
            yield system, model_files(config, layout, options)
    if config["parsing"]["method"] == "segformer":
        made, given = weight_files(config, layout, [config["parsing"]["weights"]])
        records = tuple(str(PurePosixPath(file).with_suffix(".json")) for file in given)
        yield PARSER, (made, given + records)


def status_of(need: Need) -> dict[str, Any]:
    """One entry of `glalign weights list --json`."""
    release, faults = need.release, need.faults()
    about: Mapping[str, Any] = (
        {"origin": release.origin, "licence": release.licence, "conditions": release.conditions, "mb": release.stored}
        if release
        else {"origin": None, "licence": None, "conditions": None, "mb": None}
    )
    return {
        "name": need.name,
        "users": list(need.users),
        "files": {file: faults.get(file) or "present" for file in need.files},
        "made": need.made,
        **about,
    }


def describe(need: Need, facts: Mapping[str, Any]) -> str:
    """The same for a reader, three or four lines."""
    sizes = [Path(file).stat().st_size for file in need.files if Path(file).is_file()]
    size = f"{sum(sizes) / 1e6:,.1f} MB" if len(sizes) == len(need.files) else ""
    if not size and facts["mb"]:
        size = f"{facts['mb']:,.0f} MB"
    lines = [f"{need.name}{f'  ({size})' if size else ''}: {', '.join(need.users)}"]
    lines += [f"  {state.partition(':')[0]:12}  {file}{_more(state)}" for file, state in facts["files"].items()]
    if facts["origin"]:
        lines.append(f"  from          {facts['origin']}")
        lines.append(f"  licence       {facts['licence']}{'; ' if facts['conditions'] else ''}{facts['conditions']}")
    elif need.made or need.name.startswith(TINY_PREFIX):
        lines.append("  from          this suite (`snakemake pretrain` remakes it); MIT")
    else:
        lines.append("  from          a file of your own: no release of this name is known")
    return "\n".join(lines)


def _more(state: str) -> str:
    """What a state says behind its first words, in brackets."""
    detail = state.partition(": ")[2]
    return f" ({detail})" if detail else ""


def lacking(facts: Iterable[Mapping[str, Any]]) -> dict[str, Path]:
    """Name -> first file that is not whole, of the entries with one; what a run makes itself may be missing."""
    accepted = {True: ("present", "missing"), False: ("present",)}
    found: dict[str, Path] = {}
    for entry in facts:
        for file, state in entry["files"].items():
            if state not in accepted[entry["made"]]:
                found.setdefault(entry["name"], Path(file))
    return found


def summary(facts: Sequence[Mapping[str, Any]]) -> str:
    """How many there are, and what to do about the others."""
    files = lacking(facts)
    there = f"{len(facts) - len(files)} of {len(facts)} there"
    if not files:
        return there
    name, path = min(files.items(), key=lambda item: _turn(item[0]))
    if name in catalogue():
        return (
            f"{there}; {fetch_command(name, path.parent)} gets one where there is a network, `fetch` with `--config` "
            "as here and without a name all of them; `import NAME FILE...` takes files that you bring"
        )
    return f"{there}; {remedy(path) if name.startswith(TINY_PREFIX) else f'bring {path} yourself, or correct its name'}"


def _turn(name: str) -> int:
    """Releases are told how to get first, then twins, then files of the user's own."""
    return 0 if name in catalogue() else 1 if name.startswith(TINY_PREFIX) else 2
