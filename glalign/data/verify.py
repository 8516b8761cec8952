"""What is in a dataset directory, what is not, and how to get it; a broken directory is a report, not a crash."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from glalign.contract.formats import EACH, DatasetRelease, dataset_release, format_of
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
    """Report on `root`, a release in the format `kind`, plain data ready for JSON.

    annotation_file, images: in place of the format's own, below the root. ok: every entry is right and every annotated
    image is there and decodes. official: the numbers per split are the published ones (a subset can be ok without being
    official). folders: per sub-folder of the images the number of annotated, present, missing, undecodable and not
    annotated images. splits, expected, difference: images, captions, ids. problems: one line per wrong entry. missing,
    undecodable, not_annotated: the paths. ids_without_images: identities of which no image is there.
    Raises UserError only for an unknown format and when there is no readable annotation file.
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
    """The release with the files of every split that is there; with none of them, the one that is trained on."""
    dialect = format_of(kind)
    pattern = annotation_file or dialect.annotations
    there = [s for s in dialect.splits if (Path(root) / pattern.replace(EACH, s)).is_file()] or dialect.splits[:1]
    entry = {"format": kind, "root": str(root), "annotations": annotation_file, "images": images}
    return dataset_release({**entry, "splits": {split: split for split in there}})


def _read(release: DatasetRelease) -> tuple[list[Record], list[str]]:
    """The entries that make a record, and a line for each that is wrong."""
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
    """Files below `folder` as POSIX paths, links followed; what the system leaves behind is not counted."""
    found = set()
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
