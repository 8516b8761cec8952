"""From a release to the suite's own manifest: read, hold out, check every image, count."""

import hashlib
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from glalign.data.cuhk_pedes import ANNOTATIONS, IMAGES, read_cuhk_pedes
from glalign.data.decode import DecodeError, decode_rgb
from glalign.data.parallel import cores, in_threads
from glalign.data.records import SPLITS, Record, write_manifest
from glalign.data.splits import check_disjoint, hold_out
from glalign.errors import UserError
from glalign.files import write_json
from glalign.progress import Progress

READERS = {"cuhk_pedes": (read_cuhk_pedes, ANNOTATIONS)}
"""Format -> reader, and the file below the root whose digest identifies the annotations."""


def make_manifest(spec: dict[str, Any], out: Path) -> None:
    """Write the manifest `out` (JSON lines) and its statistics beside it (`out` with the suffix .json).

    spec: dataset, format, root, splits (ours -> the release's), holdout (identities moved from train to val), seed,
    language. Every image is decoded to its end. Nothing is written unless everything is right.
    Raises UserError naming the file and what to do.
    """
    if spec["format"] not in READERS:
        raise UserError(f"datasets.{spec['dataset']}.format: {spec['format']!r}; known are {', '.join(READERS)}")
    read, annotations = READERS[spec["format"]]
    root = Path(spec["root"])
    records = hold_out(read(root, spec["splits"]), spec["holdout"], spec["seed"])
    check_disjoint({f"{spec['dataset']} {split}": _people(records, split) for split in SPLITS})
    sizes = check_images(spec["dataset"], root, records)
    report = {
        "dataset": spec["dataset"],
        "language": spec["language"],
        "annotations": {"file": annotations, "sha256": sha256(root / annotations)},
        "splits": {s: count(part) for s in SPLITS if (part := [r for r in records if r.split == s])},
        "all": count(records),
        "image_size": _size_range(sizes),
    }
    beside = Path(out).with_suffix(".json")
    write_json(beside, report)
    try:
        write_manifest(out, records)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def check_images(dataset: str, root: Path, records: list[Record]) -> list[tuple[int, int]]:
    """(width, height) of every image, decoded to its end.

    Raises UserError with the number of missing and of broken images and the first of each.
    """

    def size(record: Record) -> tuple[int, int] | OSError | DecodeError:
        try:
            return decode_rgb(root / IMAGES / record.image).size
        except (OSError, DecodeError) as error:
            return error

    with Progress(f"check images of {dataset}", len(records), "image") as progress:
        sizes = list(in_threads(size, records, cores(), progress.update))
    missing = [r.image for r, s in zip(records, sizes, strict=True) if isinstance(s, OSError)]
    broken = [r.image for r, s in zip(records, sizes, strict=True) if isinstance(s, DecodeError)]
    if missing or broken:
        kinds = (("missing or unreadable", missing), ("not decodable", broken))
        found = "; ".join(f"{len(images)} {kind}, first {images[0]}" for kind, images in kinds if images)
        raise UserError(
            f"{root / IMAGES}: {found} (of {len(records)}); fetch them again, `glalign data verify cuhk_pedes {root}` "
            "lists them all"
        )
    return sizes


def count(records: list[Record]) -> dict[str, Any]:
    """Identities, images, captions, and the length of captions in words (split on blanks; sample deviation)."""
    words = [len(caption.split()) for record in records for caption in record.captions]
    return {
        "identities": len({r.person for r in records}),
        "images": len(records),
        "captions": len(words),
        "caption_words": {
            "mean": round(statistics.fmean(words), 3),
            "sd": round(statistics.stdev(words), 3) if len(words) > 1 else 0.0,
            "min": min(words),
            "max": max(words),
        },
    }


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _people(records: Iterable[Record], split: str) -> set[int]:
    return {r.person for r in records if r.split == split}


def _size_range(sizes: list[tuple[int, int]]) -> dict[str, list[int]]:
    widths, heights = zip(*sizes, strict=True)
    return {"width": [min(widths), max(widths)], "height": [min(heights), max(heights)]}
