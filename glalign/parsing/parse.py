"""Make the label map of every image of a manifest, a batch at a time; a killed run continues where it stopped."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glalign.contract.records import read_manifest
from glalign.contract.regions import ATR_LABELS, REGIONS, region_table
from glalign.contract.specs.data import ParseSpec
from glalign.parsing.label_map_record import claim, maker
from glalign.parsing.label_maps import BATCH, Agreement, map_file, read_labels, write_labels
from glalign.parsing.stripes import stripes
from glalign.storage.image_files import DecodeError, decode_rgb
from glalign.storage.locks import exclusive_lock
from glalign.storage.parallel_decode import cores, map_in_threads
from glalign.storage.whole_files import resumable_directory, write_json
from glalign.support.clock import clock
from glalign.support.errors import UserError
from glalign.support.progress import Progress, log

Maps = list[NDArray[np.uint8]]


def parse_images(spec: ParseSpec, parts: Path, report: Path, code: str) -> None:
    """Write the label map of every image of a manifest to `parts`/<image>.png, and a report.

    code: digest of the code. Maps are written to `parts`.part, which is renamed to `parts` at the end. Complete batches
    of a killed run of the same parser are kept; maps of another parser are made again. The report has the share of
    pixels of each label, the share of images in which each region occurs, and the agreement with the true maps where
    they are known and are not the maps themselves. Raises: UserError naming an image, a weight file or a true map that
    cannot be read, or if another process writes to the same folder.
    """
    images = [record.image for record in read_manifest(spec.manifest)]
    groups = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
    tally = Tally(None if spec.method == "truth" else spec.labels)
    progress = Progress(f"parse {parts.name}", len(images), "image")
    with resumable_directory(parts) as folder, exclusive_lock(folder), progress:
        claim(folder, maker(spec, code))
        left = [_left(folder, group) for group in groups]
        if any(left):
            log.info("%s: %d of %d batches are there already", folder, sum(left), len(left))
        made = _made([group for group, there in zip(groups, left, strict=True) if not there], spec)
        for group, there in zip(groups, left, strict=True):
            maps = [read_labels(map_file(folder, image)) for image in group] if there else next(made)
            for image, labels in zip(group, maps, strict=True):
                if not there:
                    write_labels(map_file(folder, image), labels)
                tally.add(image, labels)
            progress.update(len(group))
    parser = spec.name if spec.method == "segformer" else None
    write_json(report, {"images": len(images), "method": spec.method, "parser": parser, **tally.report()})


class Tally:
    """Counts of labels, regions and agreement over images. labels: folder of true maps, or None."""

    def __init__(self, labels: str | None) -> None:
        self._labels, self._agreement, self._members = labels, Agreement() if labels else None, region_table("both")
        self._images, self._pixels, self._present = 0, np.zeros(len(ATR_LABELS)), np.zeros(len(REGIONS))

    def add(self, image: str, labels: NDArray[np.uint8]) -> None:
        """Count one map. Raises: UserError when the true map cannot be read or has another size."""
        counts = np.bincount(labels.ravel(), minlength=len(ATR_LABELS))
        self._images += 1
        self._pixels += counts / labels.size
        self._present += self._members @ counts > 0
        if self._agreement and self._labels:
            self._agreement.add(labels, _true_map(self._labels, image, labels.shape))

    def report(self) -> dict[str, Any]:
        """Return label_share and region_present (shares by name) and agreement (or None)."""
        shares, present = self._pixels / self._images, self._present / self._images
        return {
            "label_share": {n: round(float(v), 4) for n, v in zip(ATR_LABELS, shares, strict=True)},
            "region_present": {n: round(float(v), 4) for n, v in zip(REGIONS, present, strict=True)},
            "agreement": self._agreement.report() if self._agreement else None,
        }


def _true_map(folder: str, image: str, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Read the true map of an image whose height and width are `shape`."""
    file = map_file(folder, image)
    true = read_labels(file)
    if true.shape != shape:
        raise UserError(f"{file}: {true.shape} differs from its image's {shape}")
    return true


def _left(folder: Path, group: Sequence[str]) -> bool:
    """Whether every map of a batch is there and whole; only whole batches are kept, as sums depend on the batch."""
    try:
        for image in group:
            read_labels(map_file(folder, image))
    except UserError:
        return False
    return True


def _made(groups: Sequence[Sequence[str]], spec: ParseSpec) -> Iterator[Maps]:
    """Yield the maps of each batch, in order; images are decoded in threads ahead of the network."""

    def load(image: str) -> NDArray[np.uint8]:
        path = Path(spec.images) / image
        try:
            return np.asarray(decode_rgb(path))
        except (OSError, DecodeError) as error:
            raise UserError(f"{path}: cannot be read ({error}); fetch the image again") from error

    images = [image for group in groups for image in group]
    pixels = map_in_threads(load, images, cores())
    if spec.method == "stripes":
        maps = (stripes(*image.shape[:2]) for image in pixels)
    elif spec.method == "truth":
        if spec.labels is None:
            raise UserError(f"{spec.manifest}: no true label maps of its images; choose another `parsing.method`")
        maps = (_true_map(spec.labels, *one) for one in zip(images, (i.shape[:2] for i in pixels), strict=True))
    else:
        yield from _predicted(groups, pixels, spec)
        return
    for group in groups:
        yield list(islice(maps, len(group)))


def _predicted(groups: Sequence[Sequence[str]], pixels: Iterator[NDArray[np.uint8]], spec: ParseSpec) -> Iterator[Maps]:
    """Yield what the parser predicts of each batch; the network is loaded if there is one."""
    from glalign.parsing.parser import Parser  # noqa: PLC0415  the other methods need no torch
    from glalign.support.torch_settings import prepare  # noqa: PLC0415

    if not groups:
        return
    with clock.span("model"):
        parser = Parser.load(spec.weights, spec.name, prepare(spec.threads, spec.device))
    for group in groups:
        with clock.span("data"):
            images = list(islice(pixels, len(group)))
        with clock.span("prediction"):
            maps = parser.predict(images)
        yield maps
