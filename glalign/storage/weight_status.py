"""Check pre-trained files without torch: presence, header and size, digest."""

import functools
import hashlib
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from glalign.storage.json_files import decode, read_json
from glalign.storage.whole_files import sha256
from glalign.support.errors import UserError

WEIGHT_SUFFIXES = (".safetensors", ".tokenizer.json", ".vocab.txt", ".bpe.codes")
"""Suffixes of the files of a weight or vocabulary, after the name that configurations use."""

ALL_SUFFIXES = (*WEIGHT_SUFFIXES, ".json")
"""Suffixes of the files and of the record beside them, NAME.json, which states their origin and digests."""

LENGTH_BYTES = 8
"""Size of the field at the start of a safetensors file that holds the length of the header."""


TINY_PREFIX = "tiny_"
"""Prefix of the names of the weights and vocabularies that ship with this suite."""

PRETRAINED = Path(__file__).parents[1] / "pretrained"
"""The package's own folder, which holds the tiny twins only."""


def fault(path: Path | str, name: str) -> str:
    """Describe the fault of a file of the weight or vocabulary `name`; empty if it is whole.

    Returns: "missing", "torn: ..." (a size other than its header states, or invalid JSON) or "wrong digest: ..." (other
    than in the record `name`.json beside it).
    """
    path = Path(path)
    if not path.is_file():
        return "missing"
    torn = ""
    if path.suffix == ".safetensors":
        torn = safetensors_fault(path)
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
        stated = recorded_sha256(path.with_name(f"{name}.json"), path.name)
    except UserError as error:
        return f"torn: its record cannot be read ({error})"
    if stated and cached_sha256(path) != stated:
        return f"wrong digest: SHA-256 is {cached_sha256(path)[:12]}..., {name}.json says {stated[:12]}..."
    return ""


def weight_name(file: Path | str) -> str:
    """Return the name of a weight or vocabulary from the name of one of its files.

    >>> weight_name("weights/xlm-roberta-base.tokenizer.json")
    'xlm-roberta-base'
    """
    name = Path(file).name
    return next((name.removesuffix(end) for end in ALL_SUFFIXES if name.endswith(end)), name)


def check(path: Path | str) -> None:
    """Raise a UserError if a file is missing or not whole, with the fault and the command that repairs it."""
    if found := fault(path, weight_name(path)):
        raise UserError(f"{path}: {found}; {remedy(path)}")


def remedy(path: Path | str) -> str:
    """Describe how to replace a file that is missing or not whole."""
    name, folder = weight_name(path), Path(path).parent
    if not name.startswith(TINY_PREFIX):
        return f"{fetch_command(name, folder)} or `import` gets a release again; provide a file of your own yourself"
    if is_package_folder(folder):
        return "`git checkout -- glalign/pretrained` restores what the suite ships, `snakemake pretrain` remakes it"
    return (
        f"`cp glalign/pretrained/{name}.* {shlex.quote(str(folder))}` copies what the suite ships; "
        "`snakemake pretrain` makes results/pretrained"
    )


def fetch_command(name: str, folder: Path) -> str:
    """Return the command that fetches a release into `folder`; the package's own folder takes none."""
    if is_package_folder(folder):
        return f"`weights: weights` in the configuration and `glalign weights fetch {name} --folder weights`"
    return f"`glalign weights fetch {name} --folder {shlex.quote(str(folder))}`"


def is_package_folder(folder: Path) -> bool:
    """Whether a folder is the package's own, by whatever path."""
    return folder.resolve() == PRETRAINED.resolve()


def safetensors_fault(path: Path) -> str:
    """Describe why a safetensors file is not whole, from its header and size; empty if it is whole."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(LENGTH_BYTES), "little")
        if not 0 < length <= min(100_000_000, size - LENGTH_BYTES):  # the longest header that the format allows
            return f"{size:,} bytes end before its header does"
    try:
        ends = [entry["data_offsets"][1] for entry in safetensors_header(path).values()]
        whole = LENGTH_BYTES + length + max(ends, default=0)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        return "its header is none of safetensors"
    return "" if size == whole else f"{size:,} bytes instead of {whole:,}"


def safetensors_header(path: Path) -> dict[str, Any]:
    """Return name -> type, shape and place of every tensor of a safetensors file, whose header is whole.

    Raises: ValueError or RecursionError for a header that is not JSON or has a duplicate key.
    """
    with path.open("rb") as file:
        entries = decode(file.read(int.from_bytes(file.read(LENGTH_BYTES), "little")))
    return {name: entry for name, entry in entries.items() if name != "__metadata__"}


def recorded_sha256(record: Path, file: str) -> str:
    """Return the SHA-256 that a record states for a file, or "". Raises: UserError as `read_record` does."""
    stated = read_record(record) if record.exists() and record.name != file else {}
    of_file = stated.get("files", {}).get(file, {}).get("sha256")
    return of_file or (stated.get("sha256") if file.endswith(".safetensors") else None) or ""


def read_record(path: Path) -> dict[str, Any]:
    """Read a record NAME.json. Raises: UserError if it is not JSON or not a record of digests."""
    record = read_json(path)
    files = record.get("files", {}) if isinstance(record, dict) else None
    if isinstance(record, dict) and isinstance(files, dict):
        parts = [record, *files.values()]
        if all(isinstance(part, dict) and _is_digest(part.get("sha256")) for part in parts):
            return record
    raise UserError(f"{path}: not a record of weights")


def _is_digest(stated: object) -> bool:
    """Whether a record may state this as a SHA-256; None where it states none."""
    return stated is None or (isinstance(stated, str) and re.fullmatch("[0-9a-f]*", stated) is not None)


def cached_sha256(path: Path | str) -> str:
    """Return the SHA-256 of a file, cached while its size and modification time stay the same."""
    status = Path(path).stat()
    return _digest(str(path), status.st_size, status.st_mtime_ns)


def joint_sha256(paths: Sequence[Path | str]) -> str:
    """Return the cached SHA-256 of a file; of several files, the SHA-256 of their digests."""
    digests = [cached_sha256(path) for path in paths]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


@functools.cache
def _digest(path: str, size: int, changed: int) -> str:
    return sha256(path)
