"""Checks of Snakemake's `--configfile` and `--config`. The values of `--config` stand above those of all files."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from glalign.config.loading import DEMO, is_base, own_files, read
from glalign.storage.yaml_files import parse_yaml
from glalign.support.checkout import ROOT
from glalign.support.errors import UserError


def typed(config: Any, given: Any) -> Any:
    """`config` with the types that YAML gives to the values of `given`, which is merged into it.

    Snakemake reads the numbers inside of a map or a list as texts: `--config runtime='{prefetch: 2}'` as "2".

    >>> typed({"runtime": {"prefetch": "2", "tf32": True}}, {"runtime": {"prefetch": "2"}})
    {'runtime': {'prefetch': 2, 'tf32': True}}
    """
    if isinstance(given, Mapping) and isinstance(config, Mapping):
        return {**config, **{key: typed(config[key], value) for key, value in given.items() if key in config}}
    if config != given:  # something else stands there
        return config
    if isinstance(given, list):
        return [typed(value, value) for value in given]
    return _scalar(given) if isinstance(given, str) else config


def _scalar(text: str) -> Any:
    """What YAML takes a text without quotes for."""
    try:
        value = parse_yaml(text, "--config")
    except UserError:
        return text
    return value if value is None or isinstance(value, bool | int | float) else text


def check_files(paths: Iterable[Path], profile: object) -> None:
    """Check the files of `--configfile`, and `--config profile=NAME`.

    Raises: UserError for a key that a file has twice, a file that lies under every profile, and for a profile that no
    file chooses.
    """
    files = own_files()
    for path in paths:
        if is_base(path) and path.resolve() != ROOT / DEMO:
            raise UserError(f"{path}: lies under every profile already; leave out `--configfile {path}`")
        files.append(read(path))
    check_profile(profile, files)


def check_profile(given: object, files: Iterable[Mapping[str, Any]]) -> None:
    """`--config profile=NAME` says what a file says: it is a label, and reads no file.

    given: its value, None without it. files: the configuration files, each over those before it. Raises: UserError
    where the last file that names a profile (without one: the demo) names another.
    """
    named = ["demo", *(file["profile"] for file in files if "profile" in file)][-1]
    if given in (None, named):
        return
    path = f"config/{given}.yaml"
    file = path if (ROOT / path).is_file() else f"an overlay that says `profile: {given}`"
    remedy = f"leave out the file that says `profile: {named}`" if given == "demo" else f"give --configfile {file}"
    raise UserError(f"--config profile={given}: a profile is chosen by its file; {remedy}")
