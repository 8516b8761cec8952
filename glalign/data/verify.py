"""What is in a CUHK-PEDES directory, what is not, and how to get it; a broken directory is a report, not a crash."""

import os
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from glalign.data.cuhk_pedes import ANNOTATIONS, IMAGES, ImageFolder, describe_entry, parse_entry, read_entries
from glalign.data.decode import DecodeError, decode_rgb
from glalign.data.manifest import sha256
from glalign.data.parallel import cores, in_threads
from glalign.data.release import OFFICIAL
from glalign.data.verify_text import describe
from glalign.progress import Progress

__all__ = ["describe", "verify"]

NOT_DATA = frozenset({"Thumbs.db", "desktop.ini"})


def verify(root: Path | str) -> dict[str, Any]:
    """Report on `root`, plain data ready for JSON.

    ok: every entry is right and every annotated image is there and decodes. official: the numbers per split are the
    release's (a subset can be ok without being official). folders: per sub-folder of imgs/ the number of annotated,
    present, missing, undecodable and not annotated images. splits, expected, difference: images, captions, ids.
    problems: one line per wrong entry. missing, undecodable, not_annotated: the paths.
    Raises UserError only when there is no readable reid_raw.json.
    """
    root = Path(root)
    records, problems = _read(root)
    present = _files(root / IMAGES)
    annotated = sorted({r.image for r in records})
    missing = [image for image in annotated if image not in present]
    undecodable = _undecodable(root / IMAGES, [image for image in annotated if image in present])
    unknown = sorted(present.difference(annotated))
    splits = {
        name: {
            "images": len(part),
            "captions": sum(len(r.captions) for r in part),
            "ids": len({r.person for r in part}),
        }
        for name in sorted({*OFFICIAL, *(r.split for r in records)}, key=_official_first)
        if (part := [r for r in records if r.split == name]) or name in OFFICIAL
    }
    return {
        "dataset": "cuhk_pedes",
        "root": str(root),
        "ok": not (problems or missing or undecodable),
        "official": {name: counts for name, counts in splits.items() if counts["images"]} == OFFICIAL,
        "annotations": {"file": ANNOTATIONS, "sha256": sha256(root / ANNOTATIONS)},
        "folders": _folders(annotated, missing, undecodable, unknown),
        "splits": splits,
        "expected": OFFICIAL,
        "difference": {
            name: {what: splits[name][what] - number for what, number in counts.items()}
            for name, counts in OFFICIAL.items()
        },
        "problems": problems,
        "missing": missing,
        "undecodable": undecodable,
        "not_annotated": unknown,
    }


def _read(root: Path) -> tuple[list[Any], list[str]]:
    """The entries that are right, and a line for each that is not."""
    file, images = root / ANNOTATIONS, ImageFolder(root / IMAGES)
    records, problems = [], []
    entry_of: dict[str, int] = {}
    split_of: dict[int, str] = {}
    for number, entry in enumerate(read_entries(root)):
        where = describe_entry(file, number, entry)
        try:
            record = parse_entry(entry, images)
        except ValueError as error:
            problems.append(f"{where}: {error}")
            continue
        if (first := entry_of.setdefault(record.image, number)) != number:
            problems.append(f"{where}: the same file_path as entry {first}")
        if (split := split_of.setdefault(record.person, record.split)) != record.split:
            problems.append(f"{where}: id {record.person} is in split {record.split!r} here and in {split!r} before")
        records.append(record)
    return records, problems


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
        flags = list(in_threads(broken, images, cores(), progress.update))
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


def _official_first(name: str) -> tuple[int, str]:
    order = list(OFFICIAL)
    return (order.index(name) if name in OFFICIAL else len(order), name)
