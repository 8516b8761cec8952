"""The origin of weight files: verified by their digest, fetched from the release's address, or imported by hand."""

from collections.abc import Iterable, Mapping
from typing import Any

from glalign.weights.catalogue import WeightRelease, catalogue

VERIFIED, FETCHED = "verified", "fetched"
BY_HAND, UNRECORDED = "imported by hand, not verified", "without a record, not verified"
"""Standings of the files of a release, from the best to the worst."""

HAND = "downloaded by hand"
"""Origin of an imported file in its record, unless it was fetched."""

UNKNOWN = "unknown"
"""Licence of files that may be another model's."""


def is_known(release: WeightRelease, digest: str) -> bool:
    """Whether a SHA-256 is that of one of the release's files, as far as the catalogue states them."""
    stated = [source.sha256 for source in release.files] + list(release.digests.values())
    return any(known and digest.startswith(known) for known in stated)


def release_of(digest: str) -> WeightRelease | None:
    """Return the release of which a file has this SHA-256."""
    return next((release for release in catalogue().values() if is_known(release, digest)), None)


def standing(release: WeightRelease, entries: Iterable[Mapping[str, Any]]) -> str:
    """Return the worst standing of files. entries: theirs in the record; empty where it has none; "" for no files."""
    order = ("", VERIFIED, FETCHED, BY_HAND, UNRECORDED)
    return max((_standing(release, entry) for entry in entries), key=order.index, default="")


def licence(release: WeightRelease, found: str) -> tuple[str, str]:
    """Return licence and conditions of files with this standing: the release's, or unknown where they may be others."""
    return (UNKNOWN, "") if found in (BY_HAND, UNRECORDED) else (release.licence, release.conditions)


def _standing(release: WeightRelease, entry: Mapping[str, Any]) -> str:
    if not entry:
        return UNRECORDED
    if is_known(release, str(entry.get("from_sha256", ""))):
        return VERIFIED
    return BY_HAND if entry.get("origin", HAND) == HAND else FETCHED
