"""The pre-training corpus in memory: synthetic people who appear in no benchmark split."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from glalign.data.records import Record
from glalign.progress import Progress
from glalign.synthetic.dataset import corpus


@dataclass(frozen=True)
class Pictures:
    """Decoded images (N, 3, H, W) uint8 with the interface of an ImageStore."""

    pixels: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.pixels)

    def batch(self, indices: Sequence[int] | NDArray[np.integer]) -> NDArray[np.uint8]:
        """Pixels (B, 3, H, W) of the images numbered `indices`."""
        return self.pixels[np.asarray(indices, dtype=np.int64)]


@dataclass(frozen=True)
class Corpus:
    """Records, their pictures and the visible attributes of each."""

    records: list[Record]
    pictures: Pictures
    attributes: list[dict[str, Any]]

    def split(self, held_out: int) -> tuple["Corpus", "Corpus"]:
        """(training part, the last `held_out` identities)."""
        people = sorted({record.person for record in self.records})
        last = set(people[len(people) - held_out :])
        parts = []
        for wanted in (False, True):
            rows = [i for i, record in enumerate(self.records) if (record.person in last) == wanted]
            chosen = Pictures(self.pictures.pixels[rows])
            parts.append(Corpus([self.records[i] for i in rows], chosen, [self.attributes[i] for i in rows]))
        return parts[0], parts[1]


def draw_corpus(spec: Mapping[str, Any], size: tuple[int, int]) -> Corpus:
    """Draw the corpus that {domain, identities, images, seed} names, resized to `size` (height, width)."""
    height, width = size
    records, pixels, attributes = [], [], []
    with Progress("draw corpus", spec["identities"] * spec["images"], "image") as progress:
        for image, _, captions, visible, person in corpus(**spec):
            picture = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR)
            records.append(Record(f"{len(records)}", person, "train", tuple(captions)))
            pixels.append(np.asarray(picture).transpose(2, 0, 1))
            attributes.append(visible)
            progress.update()
    return Corpus(records, Pictures(np.stack(pixels)), attributes)
