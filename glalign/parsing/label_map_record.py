"""Who made a folder of label maps: the file `parser.json` in it, so that maps of two parsers are never mixed."""

import hashlib
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from glalign.contract.specs.data import ParseSpec
from glalign.storage.code_digest import weight_digests
from glalign.storage.whole_files import read_json, sha256, write_json
from glalign.support.errors import UserError
from glalign.support.progress import log

MAKER = "parser.json"


def maker(spec: ParseSpec, code: str) -> dict[str, Any]:
    """What label maps depend on besides the images: method, weights with their record, code, one digest of these.

    images: digest of the manifest; no part of the parser's digest, but a half-made folder is not gone on with for
    another list of images. Raises: UserError naming a weight file that is missing.
    """
    made = {"method": spec.method, "code": code}
    if spec.method == "segformer":
        made["weights"] = weight_digests([f"{spec.weights}/{spec.name}.safetensors"])
    text = "".join(f"{key}={value}\n" for key, value in made.items())
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {**made, "digest": digest, "images": sha256(spec.manifest)}


def claim(part: Path, made: Mapping[str, Any]) -> None:
    """Make a half-made folder this maker's: keep its maps when it made them, else remove them and say why."""
    file = part / MAKER
    before = read_json(file) if file.is_file() else None
    if before == made:
        return
    left = [path for path in part.iterdir() if not path.name.startswith(".")]
    if left:
        log.warning("%s: its label maps are %s; they are made again", part, _difference(before, made))
    for path in left:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    write_json(file, made)


def check_one_parser(folders: Iterable[Path]) -> None:
    """Raises UserError naming two folders of label maps that different parsers made."""
    first: tuple[Path, object] | None = None
    for folder in folders:
        file = folder / MAKER
        about = read_json(file) if file.is_file() else {}
        digest = about.get("digest") if isinstance(about, dict) else None
        if first and digest != first[1]:
            raise UserError(
                f"{folder}: its label maps are not of the parser that made {first[0]} (see {MAKER} in both); delete "
                "the older folder and run again"
            )
        first = first or (folder, digest)


def _difference(before: object, made: Mapping[str, Any]) -> str:
    if not isinstance(before, dict):
        return f"of unknown origin (no {MAKER})"
    keys = [key for key in ("method", "weights", "code") if before.get(key) != made.get(key)]
    return f"of another parser (another {', '.join(keys)})" if keys else "of another list of images"
