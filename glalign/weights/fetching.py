"""Download releases on request, from the Hugging Face hub or plain addresses, and import them."""

import os
import shutil
from pathlib import Path
from urllib.error import URLError

from glalign.storage.whole_files import WRITE_ERRORS
from glalign.support.errors import UserError
from glalign.weights.catalogue import WeightRelease, WeightSource
from glalign.weights.importing import Report, import_release

DOWNLOADS = ".downloads"
"""Folder below the weights folder that keeps downloads until they are imported, so that they can resume."""


def fetch_release(release: WeightRelease, folder: Path, report: Report) -> None:
    """Download the files of a release and import them into `folder`; the record states the commit or the address.

    A download stays until it is imported or the import refuses it. Raises: UserError when the network is off or fails,
    with the files to download by hand and the command that imports them.
    """
    if os.environ.get("HF_HUB_OFFLINE", "0").upper() in ("1", "ON", "YES", "TRUE"):
        raise UserError(f"HF_HUB_OFFLINE is set, so nothing is fetched; unset it, or {instructions(release, folder)}")
    downloads = folder / DOWNLOADS / release.name
    try:
        downloads.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: no folder to write to ({error.strerror}); name another with --folder") from error
    found = [_download(release, source, downloads, folder, report) for source in release.files]
    origins = dict.fromkeys(origin for _, origin in found)
    try:
        import_release(release, [path for path, _ in found], folder, report, origin=", ".join(origins))
    except UserError as error:
        unwritable = isinstance(error.__cause__, OSError) and error.__cause__.errno in WRITE_ERRORS
        if not unwritable:  # a refused file must not be reused the next time
            shutil.rmtree(downloads)
        raise
    shutil.rmtree(downloads)
    if not any((folder / DOWNLOADS).iterdir()):
        (folder / DOWNLOADS).rmdir()


def instructions(release: WeightRelease, folder: Path) -> str:
    """Describe how a machine without network gets a release."""
    hub = f"https://huggingface.co/{release.hub}/resolve/{release.revision}"
    pages = " and ".join(source.url or f"{hub}/{source.path}" for source in release.files)
    names = " ".join(source.name for source in release.files)
    command = f"`glalign weights import {release.name} {names} --folder {folder}`"
    return f"download {pages} elsewhere, copy the files here and run {command}"


def _download(
    release: WeightRelease, source: WeightSource, downloads: Path, folder: Path, report: Report
) -> tuple[Path, str]:
    """Download a file of a release; return its path and its origin."""
    report(f"{release.name}: {source.path and release.hub + ' '}{source.path or source.url}")
    try:
        return _from_hub(release, source, downloads) if source.path else (_from_url(source, downloads), source.url)
    except (OSError, RuntimeError, ValueError, LookupError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        first = (str(reason).splitlines() or [type(error).__name__])[0]
        remedy = f"try again, or {instructions(release, folder)}"
        raise UserError(f"{release.name}: {source.name} cannot be fetched ({first}); {remedy}") from error


def _from_hub(release: WeightRelease, source: WeightSource, downloads: Path) -> tuple[Path, str]:
    """Download from the hub into its cache layout, in which folders are named by commits."""
    from huggingface_hub import hf_hub_download  # noqa: PLC0415
    from huggingface_hub.errors import EntryNotFoundError  # noqa: PLC0415

    try:
        path = Path(hf_hub_download(release.hub, source.path, revision=release.revision, cache_dir=downloads))
    except EntryNotFoundError as error:
        raise LookupError(str(error)) from error
    return path, f"https://huggingface.co/{release.hub} at {path.parent.name}"


def _from_url(source: WeightSource, downloads: Path) -> Path:
    """Download from a plain address; torch's downloader compares the start of the digest if it is known."""
    from torch.hub import download_url_to_file  # noqa: PLC0415

    path = downloads / source.name
    if not path.is_file():
        download_url_to_file(source.url, str(path), hash_prefix=source.sha256 or None)
    return path
