"""What of a release decides whether its manifest is made again."""

from hashlib import sha256
from pathlib import Path

from glalign.contract.formats import DatasetRelease
from glalign.data.entries import read_entries
from glalign.storage.weight_status import cached_sha256
from glalign.support.errors import UserError


def release_digest(release: DatasetRelease) -> str:
    """Return a digest of the annotation files and of the size of every image that they name.

    It does not depend on where the release lies, on times, or on files that no entry names. An image that was replaced
    by one of the same size in bytes is not noticed. Of annotations that cannot be read only the bytes count: the
    manifest names their error.
    """
    digest = sha256()
    for split, file in release.annotations.items():
        content = cached_sha256(file) if Path(file).is_file() else "absent"
        digest.update(f"{split} {content}\n".encode())
        for image in _images(release, split, file):
            digest.update(f"{image} {_size(f'{release.images}/{image}')}\n".encode(errors="surrogatepass"))
    return digest.hexdigest()


def _images(release: DatasetRelease, split: str, file: str) -> list[str]:
    """Return the paths of images in a file, as far as it can be read."""
    layout, found = release.layout, []
    try:
        for _, entry in read_entries(Path(file), release, split):
            image = entry.get(layout.image) if isinstance(entry, dict) else None
            found += [image.removeprefix(layout.prefix)] if isinstance(image, str) else []
    except UserError:
        return []
    return found


def _size(path: str) -> int:
    """Return the size of a file in bytes, -1 if it is not there."""
    try:
        return Path(path).stat().st_size
    except (OSError, ValueError):  # a ValueError: no path at all
        return -1
