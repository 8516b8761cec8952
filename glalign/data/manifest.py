"""From a release to the suite's own manifest: read, hold out, check every image, count."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import fmean, stdev
from typing import NamedTuple

from glalign.contract.formats import DatasetRelease, dataset_release
from glalign.contract.records import SPLITS, Record, write_manifest
from glalign.contract.results import CaptionWords, DatasetCounts, DatasetStatistics, Lacking, RepeatedImages
from glalign.contract.specs.data import ManifestSpec
from glalign.data.caption_facts import caption_facts
from glalign.data.caption_facts import remarks as caption_remarks
from glalign.data.reader import read_release
from glalign.data.repeated_images import remarks as image_remarks
from glalign.data.repeated_images import repeated_images
from glalign.data.splits import check_disjoint, hold_out
from glalign.storage.image_files import DecodeError, decode_rgb
from glalign.storage.parallel_decode import cores, map_in_threads
from glalign.storage.weight_status import joint_sha256
from glalign.storage.whole_files import sha256, write_json
from glalign.support.errors import UserError
from glalign.support.progress import Progress, log


def make_manifest(spec: ManifestSpec, manifest: Path, statistics: Path) -> None:
    """Write a manifest (JSON lines) and its statistics.

    Every image is decoded to its end. Missing images are an error, or with allow_partial are left out and counted (key
    `partial` of the statistics). Nothing is written unless everything is right. Raises: UserError naming the file and
    what to do.
    """
    release = dataset_release(spec.model_dump(), spec.dataset)
    annotated = hold_out(read_release(release, spec.splits.model_dump()), spec.holdout, spec.root_seed)
    check_disjoint({f"{spec.dataset} {split}": _people(annotated, split) for split in SPLITS})
    records = present(release, spec, annotated) if spec.allow_partial else annotated
    files = check_images(release, spec, records)
    widths, heights = zip(*(file.size for file in files), strict=True)
    splits = {s: count(part, spec.language) for s in SPLITS if (part := [r for r in records if r.split == s])}
    repeated = repeated_images(records, (file.digest for file in files))
    for line in _remarks(spec, splits, repeated):
        log.warning("%s: %s", spec.dataset, line)
    record = DatasetStatistics(
        dataset=spec.dataset,
        language=spec.language,
        annotations=annotations(release),
        splits=splits,
        all=count(records, spec.language),
        image_size={"width": (min(widths), max(widths)), "height": (min(heights), max(heights))},
        repeated_images=repeated,
        partial=_lacking(annotated, records) if len(records) < len(annotated) else None,
    )
    write_json(statistics, record.to_json())
    try:
        write_manifest(manifest, records)
    except BaseException:
        statistics.unlink(missing_ok=True)
        raise


def annotations(release: DatasetRelease) -> dict[str, str]:
    """Return name and SHA-256 of a release's annotation file; of several, all names and a digest of their digests."""
    files = [*release.annotations.values()]
    names = [Path(file).relative_to(release.root).as_posix() for file in files]
    return {"file": ", ".join(names), "sha256": joint_sha256(files)}


def present(release: DatasetRelease, spec: ManifestSpec, records: list[Record]) -> list[Record]:
    """Return the records that have an image file. Raises: UserError when a split would lose all of them."""
    kept = [record for record in records if (Path(release.images) / record.image).is_file()]
    for split in SPLITS:
        if _people(records, split) and not _people(kept, split):
            raise UserError(
                f"{release.images}: no image of split {split} is there; `allow_partial` leaves out some, not all: get "
                f"more of the release, `glalign data verify {spec.format} {release.root}` says what is missing"
            )
    return kept


def _remarks(spec: ManifestSpec, splits: Mapping[str, DatasetCounts], repeated: RepeatedImages) -> list[str]:
    """Return a line on each fact of the dataset that limits results."""
    lines = []
    for name, counts in splits.items():
        if counts.caption_facts:
            ranked = name != "train"
            lines += caption_remarks(name, counts.caption_facts, counts.captions, spec.language, ranked=ranked)
    return lines + image_remarks(repeated)


class ImageFile(NamedTuple):
    """A decoded image. size: (width, height). digest: SHA-256 of its bytes."""

    size: tuple[int, int]
    digest: str


def check_images(release: DatasetRelease, spec: ManifestSpec, records: list[Record]) -> list[ImageFile]:
    """Decode all images. Raises: UserError with number and first of missing and broken ones."""
    faults: dict[str, list[str]] = {"missing or unreadable": [], "not decodable": []}
    with Progress(f"check images of {spec.dataset}", len(records), "image") as progress:
        files = [Path(release.images) / record.image for record in records]
        found = list(map_in_threads(decoded, files, cores(), progress.update))
    for record, image in zip(records, found, strict=True):
        if isinstance(image, str):
            faults[image].append(record.image)
    if any(faults.values()):
        what = "; ".join(f"{len(images)} {kind}, first {images[0]}" for kind, images in faults.items() if images)
        raise UserError(
            f"{release.images}: {what} (of {len(records)}); fetch them again, `glalign data verify {spec.format} "
            f"{release.root}` lists them all"
        )
    return [image for image in found if not isinstance(image, str)]


def decoded(file: Path) -> ImageFile | str:
    """Return size and digest of an image that decodes to its end, or what is wrong with it."""
    try:
        return ImageFile(decode_rgb(file).size, sha256(file))
    except OSError:
        return "missing or unreadable"
    except DecodeError:
        return "not decodable"


def count(records: list[Record], language: str) -> DatasetCounts:
    """Count identities, images, captions, and the words of captions (split on blanks; sample deviation)."""
    words = [len(caption.split()) for record in records for caption in record.captions]
    deviation = round(stdev(words), 3) if len(words) > 1 else 0.0
    lengths = CaptionWords(mean=round(fmean(words), 3), sd=deviation, min=min(words), max=max(words))
    people = len({r.person for r in records})
    counts = {"identities": people, "images": len(records), "captions": len(words)}
    return DatasetCounts(**counts, caption_words=lengths, caption_facts=caption_facts(records, language))


def _lacking(annotated: list[Record], kept: list[Record]) -> Lacking:
    """Count what a partial release lacks."""
    people = len({r.person for r in annotated}) - len({r.person for r in kept})
    captions = sum(len(r.captions) for r in annotated) - sum(len(r.captions) for r in kept)
    images = len(annotated) - len(kept)
    return Lacking(identities=people, images=images, captions=captions, of_images=len(annotated))


def _people(records: Iterable[Record], split: str) -> set[int]:
    return {r.person for r in records if r.split == split}
