"""The pre-training corpus in memory: synthetic people who appear in no benchmark split."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from glalign.contract.records import Record
from glalign.language.tokenizers import normalise_caption
from glalign.support.progress import Progress
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
    languages: tuple[str, ...] = ("en",)

    def split(self, held_out: int) -> tuple["Corpus", "Corpus"]:
        """(training part, the last `held_out` identities)."""
        people = sorted({record.person for record in self.records})
        last = set(people[len(people) - held_out :])
        parts = []
        for wanted in (False, True):
            rows = [i for i, record in enumerate(self.records) if (record.person in last) == wanted]
            chosen = Pictures(self.pictures.pixels[rows])
            seen = [self.attributes[i] for i in rows]
            parts.append(Corpus([self.records[i] for i in rows], chosen, seen, self.languages))
        return parts[0], parts[1]

    def told_in(self, language: str) -> list[Record]:
        """The records with their captions in one language; an image has as many in each."""
        place, count = self.languages.index(language), len(self.languages)
        each = (len(record.captions) // count for record in self.records)
        return [
            replace(record, captions=record.captions[place * number : (place + 1) * number])
            for record, number in zip(self.records, each, strict=True)
        ]


def draw_corpus(spec: Mapping[str, Any], size: tuple[int, int]) -> Corpus:
    """Draw the corpus that {domain, identities, images, seed, languages} names, resized to `size` (height, width)."""
    height, width = size
    records, pixels, attributes = [], [], []
    with Progress("draw corpus", spec["identities"] * spec["images"], "image") as progress:
        for image, _, captions, visible, person in corpus(**spec):
            picture = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR)
            records.append(Record(f"{len(records)}", person, "train", tuple(captions)))
            pixels.append(np.asarray(picture).transpose(2, 0, 1))
            attributes.append(visible)
            progress.update()
    return Corpus(records, Pictures(np.stack(pixels)), attributes, tuple(spec.get("languages", ("en",))))


def captions(spec: Mapping[str, Any]) -> list[tuple[int, str]]:
    """(person, caption) of every caption of the corpus that {domain, identities, images, seed, languages} names."""
    found = []
    with Progress("draw corpus", spec["identities"] * spec["images"], "image") as progress:
        for _, _, texts, _, person in corpus(**spec):
            found += [(person, normalise_caption(text)) for text in texts]
            progress.update()
    return found
