"""Check a dataset directory and report what is missing or broken."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

from glalign.contract.formats import SPLIT_FIELD, DatasetRelease, dataset_release, find_format
from glalign.contract.records import Record
from glalign.data.manifest import annotations
from glalign.data.published_releases import PUBLISHED
from glalign.data.reader import scan
from glalign.data.verify_report import describe
from glalign.storage.image_files import DecodeError, decode_rgb
from glalign.storage.parallel_decode import cores, map_in_threads
from glalign.support.progress import Progress

__all__ = ["describe", "verify"]

NOT_DATA = frozenset({"Thumbs.db", "desktop.ini"})


def verify(
    root: Path | str, kind: str = "cuhk_pedes", annotation_file: str | None = None, images: str | None = None
) -> dict[str, Any]:
    """Report on the release in the folder `root`, in the format `kind`, as plain data for JSON.

    annotation_file, images: names below the root in place of the format's. Keys of the report: ok: every entry is right
    and every annotated image exists and decodes. official: the counts per split are the published ones (a subset can be
    ok without being official). folders: per sub-folder of the images, the number of annotated, present, missing,
    undecodable and not annotated images. splits, expected, difference: images, captions, ids. problems: one line per
    wrong entry. missing, undecodable, not_annotated: paths. ids_without_images: identities without an image.
    Raises: UserError only for an unknown format, or without a readable annotation file.
    """
    release = _release(root, kind, annotation_file, images)
    found = list(scan(release))
    records = [record for record, _ in found if record]
    problems = [problem for _, problem in found if problem]
    folder = Path(release.images)
    present = _files(folder)
    annotated = sorted({r.image for r in records})
    missing = [image for image in annotated if image not in present]
    undecodable = _undecodable(folder, [image for image in annotated if image in present])
    unknown = sorted(present.difference(annotated))
    expected = PUBLISHED[kind].counts
    order = [*expected, *sorted({r.split for r in records}.difference(expected))]
    splits = {name: _counts([r for r in records if r.split == name]) for name in order}
    present_splits = {name for name, counts in splits.items() if counts["images"]}
    difference = {
        name: {what: splits[name][what] - number for what, number in counts.items()}
        for name, counts in expected.items()
    }
    absent = set(missing)
    pictured = {r.person for r in records if r.image not in absent}
    return {
        "dataset": kind,
        "root": str(root),
        "images": release.images,
        "images_there": folder.is_dir(),
        "ok": not (problems or missing or undecodable),
        "official": present_splits == expected.keys()
        and not any(n for row in difference.values() for n in row.values()),
        "annotations": annotations(release),
        "folders": _folders(annotated=annotated, missing=missing, undecodable=undecodable, not_annotated=unknown),
        "splits": splits,
        "expected": {name: dict(counts) for name, counts in expected.items()},
        "difference": difference,
        "problems": problems,
        "missing": missing,
        "undecodable": undecodable,
        "not_annotated": unknown,
        "ids_without_images": sorted({r.person for r in records}.difference(pictured)),
    }


def _release(root: Path | str, kind: str, annotation_file: str | None, images: str | None) -> DatasetRelease:
    """Return the release with the annotation files that exist; without any, with that of the first split."""
    layout = find_format(kind)
    pattern = annotation_file or layout.annotations
    there = [s for s in layout.splits if (Path(root) / pattern.replace(SPLIT_FIELD, s)).is_file()] or layout.splits[:1]
    entry = {"format": kind, "root": str(root), "annotations": annotation_file, "images": images}
    return dataset_release({**entry, "splits": {split: split for split in there}})


def _counts(records: list[Record]) -> dict[str, int]:
    captions = sum(len(r.captions) for r in records)
    return {"images": len(records), "captions": captions, "ids": len({r.person for r in records})}


def _files(folder: Path) -> set[str]:
    """Return the files below `folder` as POSIX paths, following links, without files of the operating system."""
    found: set[str] = set()
    for where, _, names in os.walk(folder, followlinks=True):
        below = Path(where).relative_to(folder)
        found.update((below / name).as_posix() for name in names if name not in NOT_DATA and not name.startswith("."))
    return found


def _undecodable(folder: Path, images: list[str]) -> list[str]:
    def broken(image: str) -> bool:
        try:
            decode_rgb(folder / image)
        except (OSError, DecodeError):
            return True
        return False

    with Progress("decode images", len(images), "image") as progress:
        flags = map_in_threads(broken, images, cores(), progress.update)
        return [image for image, flag in zip(images, flags, strict=True) if flag]


def _folders(**images: list[str]) -> dict[str, dict[str, int]]:
    """Count the images of each kind by sub-folder."""
    counts: dict[str, Counter[str]] = {}
    for kind, names in images.items():
        for name in names:
            counts.setdefault(str(Path(name).parent), Counter())[kind] += 1
    for count in counts.values():
        count["present"] = count["annotated"] - count["missing"]
    kinds = ("annotated", "present", "missing", "undecodable", "not_annotated")
    return {folder: {kind: count[kind] for kind in kinds} for folder, count in sorted(counts.items())}
