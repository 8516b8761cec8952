"""The pre-training corpus in memory: synthetic people who are in no benchmark split."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from glalign.config import twins
from glalign.contract.records import Record
from glalign.data.images import ImageStore
from glalign.language.tokenizers import normalise_caption
from glalign.support.progress import Progress
from glalign.synthetic.dataset import corpus


class Images(ImageStore):
    """Decoded images (N, 3, H, W) uint8."""

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self.pixels = pixels

    def __len__(self) -> int:
        return len(self.pixels)

    def batch(self, indices: Sequence[int] | NDArray[np.integer]) -> NDArray[np.uint8]:
        """Pixels (B, 3, H, W) of the images numbered `indices`."""
        return self.pixels[np.asarray(indices, dtype=np.int64)]


@dataclass(frozen=True)
class Corpus:
    """Records, their images and the visible attributes of each image."""

    records: list[Record]
    images: Images
    attributes: list[dict[str, Any]]
    languages: tuple[str, ...] = ("en",)

    def split(self, held_out: int) -> tuple["Corpus", "Corpus"]:
        """Split off the last `held_out` identities; returns (training part, held-out part)."""
        people = sorted({record.person for record in self.records})
        last = set(people[len(people) - held_out :])

        def part(late: bool) -> Corpus:
            rows = [i for i, record in enumerate(self.records) if (record.person in last) == late]
            chosen, seen = Images(self.images.pixels[rows]), [self.attributes[i] for i in rows]
            return Corpus([self.records[i] for i in rows], chosen, seen, self.languages)

        return part(False), part(True)

    def records_in(self, language: str) -> list[Record]:
        """The records with only the captions in one language; an image has equally many in each."""
        place, records = self.languages.index(language), []
        for record in self.records:
            number = len(record.captions) // len(self.languages)
            records.append(replace(record, captions=record.captions[place * number : (place + 1) * number]))
        return records


def draw_corpus(spec: twins.Corpus, size: tuple[int, int]) -> Corpus:
    """Draw a corpus with its images resized to `size` (height, width)."""
    records: list[Record] = []
    pixels, attributes = [], []
    with Progress("draw corpus", spec.identities * spec.images, "image") as progress:
        for image, _, captions, visible, person in corpus(**dict(spec)):
            picture = Image.fromarray(image).resize(size[::-1], Image.Resampling.BILINEAR)
            records.append(Record(f"{len(records)}", person, "train", tuple(captions)))
            pixels.append(np.asarray(picture).transpose(2, 0, 1))
            attributes.append(visible)
            progress.update()
    return Corpus(records, Images(np.stack(pixels)), attributes, spec.languages)


def draw_captions(spec: twins.Corpus) -> list[tuple[int, str]]:
    """Draw a corpus; returns (person, caption) of each of its captions."""
    found = []
    with Progress("draw corpus", spec.identities * spec.images, "image") as progress:
        for _, _, texts, _, person in corpus(**dict(spec)):
            found += [(person, normalise_caption(text)) for text in texts]
            progress.update()
    return found
