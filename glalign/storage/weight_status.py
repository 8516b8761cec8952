"""Whether a pre-trained file is there and whole, told without torch: from its header, its size and its digest."""

import functools
import json
import shlex
from pathlib import Path
from typing import Any

from glalign.storage.whole_files import read_json, sha256
from glalign.support.errors import UserError

CONTENTS = (".safetensors", ".tokenizer.json", ".vocab.txt", ".bpe.codes")
"""How the names of pre-trained files go on behind the name that configurations use; the records beside them say how
these were made."""

ENDINGS = (*CONTENTS, ".json")
"""The same, with the records."""

LENGTH = 8
"""Bytes of a safetensors file that say how long its header is."""

LONGEST = 100_000_000
"""Bytes of the longest header that the format allows."""

TWIN = "tiny_"
"""How the names of weights and vocabularies begin that this suite ships."""

PRETRAINED = Path(__file__).parents[1] / "pretrained"
"""The package's own folder, which has the tiny twins and nothing else."""


def fault(path: Path | str, name: str) -> str:
    """What is wrong with a file of the weight or vocabulary `name`; empty if it is whole.

    "missing", "torn: ..." (shorter or longer than its header says, or no JSON where it should be) or
    "wrong digest: ..." (not the one of the record `name`.json beside it).
    """
    path = Path(path)
    if not path.is_file():
        return "missing"
    torn = ""
    if path.suffix == ".safetensors":
        torn = torn_tensors(path)
    elif path.suffix == ".json":
        try:
            (read_record if path.name == f"{name}.json" else read_json)(path)
        except UserError as error:
            torn = str(error).removeprefix(f"{path}: ")
    elif not path.stat().st_size:
        torn = "it is empty"
    if torn:
        return f"torn: {torn}"
    try:
        stated = digest_in(path.with_name(f"{name}.json"), path.name)
    except UserError as error:
        return f"torn: its record cannot be read ({error})"
    if stated and digest_of(path) != stated:
        return f"wrong digest: SHA-256 is {digest_of(path)[:12]}..., {name}.json says {stated[:12]}..."
    return ""


def name_of(file: Path | str) -> str:
    """The name of a weight or vocabulary from one of its files.

    >>> name_of("weights/xlm-roberta-base.tokenizer.json")
    'xlm-roberta-base'
    """
    name = Path(file).name
    return next((name.removesuffix(end) for end in ENDINGS if name.endswith(end)), name)


def check(path: Path | str) -> None:
    """Raises: UserError naming a file that is missing or not whole, its fault and the command that mends it."""
    found = fault(path, name_of(path))
    if found:
        raise UserError(f"{path}: {found}; {remedy(path)}")


def remedy(path: Path | str) -> str:
    """How a file that is missing or not whole is replaced, in the folder where it is looked for."""
    name, folder = name_of(path), Path(path).parent
    if not name.startswith(TWIN):
        return f"{fetch_command(name, folder)} or `import` brings a release again; bring a file of your own yourself"
    if is_packages(folder):
        return "`git checkout -- glalign/pretrained` restores what the suite ships, `snakemake pretrain` remakes it"
    return (
        f"`cp glalign/pretrained/{name}.* {shlex.quote(str(folder))}` brings what the suite ships; "
        "`snakemake pretrain` makes results/pretrained"
    )


def fetch_command(name: str, folder: Path) -> str:
    """What brings a release to where it is looked for; the package's own folder takes none."""
    if is_packages(folder):
        return f"`weights: weights` in the configuration and `glalign weights fetch {name} --folder weights`"
    return f"`glalign weights fetch {name} --folder {shlex.quote(str(folder))}`"


def is_packages(folder: Path) -> bool:
    """Whether a folder is the package's own, under whatever path."""
    return folder.resolve() == PRETRAINED.resolve()


def torn_tensors(path: Path) -> str:
    """What shows that a safetensors file is not whole, from its header and its size; empty if nothing does."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(LENGTH), "little")
        if not 0 < length <= min(LONGEST, size - LENGTH):
            return f"{size:,} bytes end before its header does"
        try:
            entries = json.loads(file.read(length))
            ends = [entry["data_offsets"][1] for name, entry in entries.items() if name != "__metadata__"]
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            return "its header is none of safetensors"
    whole = LENGTH + length + max(ends, default=0)
    return "" if size == whole else f"{size:,} bytes instead of {whole:,}"


def digest_in(record: Path, file: str) -> str:
    """The SHA-256 that a record states for a file, empty where it states none. Raises: as `read_record` does."""
    facts = read_record(record) if record.exists() and record.name != file else {}
    stated = facts.get("files", {}).get(file, {}).get("sha256")
    return stated or (facts.get("sha256") if file.endswith(".safetensors") else None) or ""


def read_record(path: Path) -> dict[str, Any]:
    """A record NAME.json. Raises: UserError naming it when it is no JSON, or no record of digests."""
    facts = read_json(path)
    files = facts.get("files", {}) if isinstance(facts, dict) else None
    parts = [facts, *files.values()] if isinstance(files, dict) else [None]
    if not all(isinstance(part, dict) and isinstance(part.get("sha256"), str | None) for part in parts):
        raise UserError(f"{path}: not a record of weights")
    return facts


def digest_of(path: Path | str) -> str:
    """SHA-256 of a file, remembered as long as its size and time of change stay the same."""
    status = Path(path).stat()
    return _digest(str(path), status.st_size, status.st_mtime_ns)


@functools.cache
def _digest(path: str, size: int, changed: int) -> str:
    return sha256(path)
