"""Decoded images on disk: one memory-mapped file of uint8 pixels for all trainings with the same image size."""

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import PIL
from numpy.typing import NDArray

from glalign.storage.image_files import VERSION
from glalign.storage.json_files import read_json
from glalign.storage.whole_files import whole_directory, write_json
from glalign.support.errors import UserError
from glalign.support.progress import Progress, log

Decode = Callable[[Sequence[int]], Iterator[NDArray[np.uint8]]]
"""Function that decodes the images of these numbers, in order."""

PIXELS, ABOUT = "pixels.npy", "about.json"


def mapped_pixels(
    folder: Path, files: Sequence[Path], size: tuple[int, int], fit: str, decode: Decode
) -> NDArray[np.uint8]:
    """Return the pixels (N, 3, H, W) of `files` at `size` (height, width), memory-mapped.

    The cache is a folder named by the files, the size and `fit`, the name of how the images get that size. It is made
    with `decode` if it does not exist, was made by another version of the decoder, or the files have changed since. It
    is written atomically; a second process waits for the one that makes it. Raises: UserError when it cannot be made.
    """
    names = sha256("\n".join(map(str, files)).encode()).hexdigest()[:16]
    path = folder / f"{names}-{size[0]}x{size[1]}-{fit}"
    wanted = cache_record(files, size)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / f".{path.name}.lock").open("a")
    except OSError as error:
        raise UserError(
            f"runtime.image_cache: {folder} is no folder to write to ({error.strerror}); name another"
        ) from error
    with handle as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if reason := why_unusable(path, wanted):
            log.info("%s: %s; decoding %d images", path, reason, len(files))
            write_cache(path, wanted, decode)
        return np.load(path / PIXELS, mmap_mode="r")


def cache_record(files: Sequence[Path], size: tuple[int, int]) -> dict[str, Any]:
    """Describe a cache's source; `files` digests sizes and times of change. Raises: UserError for a missing file."""
    digest = sha256()
    for file in files:
        try:
            state = file.stat()
        except OSError as error:
            raise UserError(f"{file}: {error.strerror}; fetch the image again") from error
        digest.update(f"{state.st_size} {state.st_mtime_ns}\n".encode())
    made_by = {"decoder": VERSION, "pillow": PIL.__version__}
    return {**made_by, "images": len(files), "size": list(size), "files": digest.hexdigest()}


def why_unusable(path: Path, wanted: dict[str, Any]) -> str:
    """Return the reason why the cache at `path` cannot be used; empty if it can."""
    if not path.exists():
        return "no decoded images yet"
    try:
        found: Any = read_json(path / ABOUT)
        other = next((key for key in ("decoder", "pillow") if found.get(key) != wanted[key]), None)
        whole = np.load(path / PIXELS, mmap_mode="r").shape == (wanted["images"], 3, *wanted["size"])
    except Exception:  # numpy raises nearly anything of a damaged file
        return "the cache is damaged"
    if other:
        return f"made by another version ({other} {found.get(other)}, now {wanted[other]})"
    if found != wanted:
        return "made from files that have changed since"
    return "" if whole else "the cache is damaged"


def write_cache(path: Path, wanted: dict[str, Any], decode: Decode) -> None:
    """Decode every image into the folder `path`, atomically. Raises: UserError when the disk is full."""
    count = wanted["images"]
    with whole_directory(path) as temporary:
        with Progress(f"decode {path.name}", count, "image") as progress, (temporary / PIXELS).open("wb") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": (count, 3, *wanted["size"])}
            np.lib.format.write_array_header_1_0(file, header)
            for pixels in decode(range(count)):
                file.write(np.ascontiguousarray(pixels).data)
                progress.update()
            file.flush()
            os.fsync(file.fileno())
        write_json(temporary / ABOUT, wanted)
