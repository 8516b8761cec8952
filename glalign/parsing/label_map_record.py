"""Record of the parser that made a folder of label maps, so that maps of two parsers are never mixed."""

import hashlib
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from glalign.contract.specs.data import ParseSpec
from glalign.storage.code_digest import weight_digests
from glalign.storage.json_files import read_json
from glalign.storage.whole_files import sha256, write_json
from glalign.support.errors import UserError
from glalign.support.progress import log

MAKER = "parser.json"
"""Name of the record in the folder."""


def maker(spec: ParseSpec, code: str) -> dict[str, Any]:
    """Describe a parser: method, weights with their record, code, and `digest`, one digest of these.

    The key `images`, the digest of the manifest, is no part of `digest`; with another one an unfinished folder is not
    continued. Raises: UserError naming a weight file that is missing.
    """
    made = {"method": spec.method, "code": code}
    if spec.method == "segformer":
        made["weights"] = weight_digests([f"{spec.weights}/{spec.name}.safetensors"])
    digest = hashlib.sha256("".join(f"{key}={value}\n" for key, value in made.items()).encode()).hexdigest()
    return {**made, "digest": digest, "images": sha256(spec.manifest)}


def claim(part: Path, made: Mapping[str, Any]) -> None:
    """Keep the maps of an unfinished folder if `made` is its record; else remove them, with a warning."""
    file = part / MAKER
    before = read_json(file) if file.is_file() else None
    if before == made:
        return
    left = [path for path in part.iterdir() if not path.name.startswith(".")]
    if left:
        why = f"of unknown origin (no {MAKER})"
        if isinstance(before, dict):
            keys = ", ".join(key for key in ("method", "weights", "code") if before.get(key) != made.get(key))
            why = f"of another parser (another {keys})" if keys else "of another list of images"
        log.warning("%s: its label maps are %s; they are made again", part, why)
    for path in left:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    write_json(file, made)


def check_one_parser(folders: Iterable[Path]) -> None:
    """Raise a UserError naming two folders of label maps that different parsers made, if there are any."""
    first: tuple[Path, object] | None = None
    for folder in folders:
        file = folder / MAKER
        about = read_json(file) if file.is_file() else {}
        digest = about.get("digest") if isinstance(about, dict) else None
        if first and digest != first[1]:
            what = f"its label maps are not of the parser that made {first[0]} (see {MAKER} in both)"
            raise UserError(f"{folder}: {what}; delete the older folder and run again")
        first = first or (folder, digest)
