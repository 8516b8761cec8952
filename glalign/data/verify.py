"""Check a dataset directory and report what is missing or broken."""

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glalign.contract.formats import SPLIT_FIELD, DatasetRelease, dataset_release, find_format
from glalign.contract.records import Record
from glalign.contract.tokenizer import Tokenizer
from glalign.data.caption_facts import caption_facts
from glalign.data.caption_facts import remarks as caption_remarks
from glalign.data.manifest import annotations, decoded
from glalign.data.published_releases import published
from glalign.data.reader import scan
from glalign.data.repeated_images import remarks as image_remarks
from glalign.data.repeated_images import repeated_images
from glalign.data.verify_report import describe
from glalign.storage.parallel_decode import cores, map_in_threads
from glalign.support.progress import Progress

__all__ = ["describe", "verify"]

NOT_DATA = frozenset({"Thumbs.db", "desktop.ini"})


def verify(
    root: Path | str,
    kind: str = "cuhk_pedes",
    annotation_file: str | None = None,
    images: str | None = None,
    tokenizers: Mapping[str, Tokenizer] | None = None,
) -> dict[str, Any]:
    """Report on the release in the folder `root`, in the format `kind`, as plain data for JSON.

    annotation_file, images: names below the root in place of the format's. Keys of the report: ok: every entry is right
    and every annotated image exists and decodes. release: whose counts these are. official: the counts per split are
    the published ones (a subset can be ok without being official). folders: per sub-folder of the images, the number of
    annotated, present, missing, undecodable and not annotated images. splits, expected, difference: images, captions,
    ids. captions, repeated_images: `CaptionFacts` per split, and `RepeatedImages`. remarks: a line on each of them that
    limits results; captions that are cut are counted for `tokenizers`, too. problems: one line per wrong entry.
    missing, undecodable, not_annotated: paths. ids_without_images: identities without an image.
    Raises: UserError only for an unknown format, or without a readable annotation file.
    """
    release = _release(root, kind, annotation_file, images)
    found = list(scan(release))
    records = [record for record, _ in found if record]
    problems = [problem for _, problem in found if problem]
    folder = Path(release.images)
    present = _files(folder)
    annotated = sorted({r.image for r in records})
    real = folder.resolve()
    linked = {image: _without_links(real, image) for image in annotated if image not in present}
    missing = [image for image, file in linked.items() if file not in present]
    absent = set(missing)
    digests = _digests(folder, [image for image in annotated if image not in absent])
    undecodable = [image for image, digest in digests.items() if not digest]
    unknown = sorted(present.difference(annotated, linked.values()))
    files, language = release.annotations.values(), release.layout.language
    by_split = {name: [r for r in records if r.split == name] for name in sorted({r.split for r in records})}
    names = " ".join(os.path.relpath(path, Path(release.root).parent) for path in (*files, release.images))
    own = published(kind, names, {name: _counts(part) for name, part in by_split.items()})
    splits = {name: _counts(by_split.get(name, [])) for name in dict.fromkeys((*own.counts, *by_split))}
    facts = {name: caption_facts(part, language, tokenizers) for name, part in by_split.items()}
    whole = [record for record in records if digests.get(record.image)]
    repeated = repeated_images(whole, (digests[record.image] for record in whole))
    remarks = [
        line
        for name, fact in facts.items()
        for line in caption_remarks(name, fact, splits[name]["captions"], language, ranked=name != "train")
    ]
    pictured = {r.person for r in records if r.image not in absent}
    return {
        "dataset": kind,
        "root": str(root),
        "images": release.images,
        "images_there": folder.is_dir(),
        "release": own.title,
        "ok": not (problems or missing or undecodable),
        "official": own.is_complete(splits),
        "annotations": annotations(release),
        "folders": _folders(annotated=annotated, missing=missing, undecodable=undecodable, not_annotated=unknown),
        "splits": splits,
        "expected": {name: dict(counts) for name, counts in own.counts.items()},
        "difference": {name: own.difference(name, splits[name]) for name in own.counts},
        "captions": {name: fact.to_json() for name, fact in facts.items()},
        "repeated_images": repeated.to_json(),
        "remarks": remarks + image_remarks(repeated),
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
    """Return the files below `folder` as POSIX paths, without files of the operating system.

    Links to folders are not followed: those that stay inside lead to files that are listed anyway, and others are no
    part of the release, or circles.
    """
    found: set[str] = set()
    for where, _, names in os.walk(folder):
        below = Path(where).relative_to(folder)
        found.update((below / name).as_posix() for name in names if name not in NOT_DATA and not name.startswith("."))
    return found


def _without_links(folder: Path, image: str) -> str:
    """Return the path of an image with its links resolved; the path itself if it leads nowhere below `folder`.

    folder: without links itself.
    """
    try:
        return (folder / image).resolve().relative_to(folder).as_posix()
    except (OSError, RuntimeError, ValueError):
        return image


def _digests(folder: Path, images: list[str]) -> dict[str, str]:
    """Decode images; return the digest of each one's bytes, an empty text for one that does not decode."""
    with Progress("decode images", len(images), "image") as progress:
        found = map_in_threads(decoded, [folder / image for image in images], cores(), progress.update)
        return {image: "" if isinstance(one, str) else one.digest for image, one in zip(images, found, strict=True)}


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
