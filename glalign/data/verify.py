"""Check a dataset directory and report what is missing or broken."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable
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
KINDS = ("images", "captions", "ids")


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
    records, problems = _read(release)
    folder = Path(release.images)
    present = _files(folder)
    annotated = sorted({r.image for r in records})
    missing = [image for image in annotated if image not in present]
    undecodable = _undecodable(folder, [image for image in annotated if image in present])
    unknown = sorted(present.difference(annotated))
    expected = PUBLISHED[kind].counts
    order = [*expected, *sorted({r.split for r in records}.difference(expected))]
    splits = {name: _counts(r for r in records if r.split == name) for name in order}
    found = {name: counts for name, counts in splits.items() if counts["images"]}
    return {
        "dataset": kind,
        "root": str(root),
        "images": release.images,
        "images_there": folder.is_dir(),
        "ok": not (problems or missing or undecodable),
        "official": found.keys() == expected.keys()
        and all(found[name][what] == number for name, counts in expected.items() for what, number in counts.items()),
        "annotations": annotations(release),
        "folders": _folders(annotated, missing, undecodable, unknown),
        "splits": splits,
        "expected": {name: dict(counts) for name, counts in expected.items()},
        "difference": {
            name: {what: splits[name][what] - number for what, number in counts.items()}
            for name, counts in expected.items()
        },
        "problems": problems,
        "missing": missing,
        "undecodable": undecodable,
        "not_annotated": unknown,
        "ids_without_images": sorted({r.person for r in records}.difference(_pictured(records, missing))),
    }


def _release(root: Path | str, kind: str, annotation_file: str | None, images: str | None) -> DatasetRelease:
    """Return the release with the annotation files that exist; without any, with that of the first split."""
    layout = find_format(kind)
    pattern = annotation_file or layout.annotations
    there = [s for s in layout.splits if (Path(root) / pattern.replace(SPLIT_FIELD, s)).is_file()] or layout.splits[:1]
    entry = {"format": kind, "root": str(root), "annotations": annotation_file, "images": images}
    return dataset_release({**entry, "splits": {split: split for split in there}})


def _read(release: DatasetRelease) -> tuple[list[Record], list[str]]:
    """Read the records, and a line for each wrong entry."""
    found = list(scan(release))
    return [record for record, _ in found if record], [problem for _, problem in found if problem]


def _pictured(records: Iterable[Record], missing: Iterable[str]) -> set[int]:
    absent = set(missing)
    return {r.person for r in records if r.image not in absent}


def _counts(records: Iterable[Record]) -> dict[str, int]:
    part = list(records)
    captions = sum(len(r.captions) for r in part)
    return dict(zip(KINDS, (len(part), captions, len({r.person for r in part})), strict=True))


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
        flags = list(map_in_threads(broken, images, cores(), progress.update))
    return [image for image, flag in zip(images, flags, strict=True) if flag]


def _folders(
    annotated: list[str], missing: list[str], undecodable: list[str], unknown: list[str]
) -> dict[str, dict[str, int]]:
    kinds = {"annotated": annotated, "missing": missing, "undecodable": undecodable, "not_annotated": unknown}
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for kind, images in kinds.items():
        for image in images:
            counts[str(Path(image).parent)][kind] += 1
    return {
        folder: {
            "annotated": count["annotated"],
            "present": count["annotated"] - count["missing"],
            **{kind: count[kind] for kind in ("missing", "undecodable", "not_annotated")},
        }
        for folder, count in sorted(counts.items())
    }
