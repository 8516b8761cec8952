"""Training batches of (image, caption) pairs; each is a pure function of (data, options, seed, step)."""

import re
import threading
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Generator, Tensor

from glalign.config.training import Data
from glalign.contract.records import Record
from glalign.contract.retriever import ABSENT, Batch
from glalign.contract.tokenizer import Tokenizer
from glalign.data.augment import augmented, augmented_parts
from glalign.data.caption_tensors import Phrases, TokenTable
from glalign.data.deferred import deferred
from glalign.data.draws import draw
from glalign.data.images import ImageStore, PartStore
from glalign.data.orders import make_order
from glalign.support.random_streams import seed_for

SAMPLINGS = ("pairs", "identity", "groups")

SIDES = re.compile(r"\b(?:left|right|trái|phải)\b", re.IGNORECASE)
"""English and Vietnamese words that a mirrored image contradicts, also in other senses ("right" for correct)."""


class Pairs:
    """Batches of (image, caption) pairs, always full, for steps in any order.

    The order, each augmentation and the model have random streams of their own: switching one on changes no other.
    images, parts and people belong to the records, phrases to their captions, each in the same order.

    Args:
        options: Batch size and augmentations.
        sampling: What an epoch is (D26). "pairs": every (image, caption) pair once. "identity": every image once, each
            with a random caption of its person. "groups": `options.group` pairs of each person, see `Grouped`.
        people: The numbering of each record's person, where records of several datasets are mixed; default: one.
        datasets: The dataset of each record, which `options.sources` balances; default: one.
        defer: Leave augmentation and normalisation of the pixels to `Batch.to`, on the device of the training.
        other: Adds a second caption to each pair. "person": drawn evenly from all captions of the person. "image": from
            the captions of the person's other images; without any, from the image's own other captions, else the same.
    """

    def __init__(
        self,
        records: Sequence[Record],
        images: ImageStore,
        tokenizer: Tokenizer,
        options: Data,
        *,
        seed: int,
        sampling: str = "pairs",
        parts: PartStore | None = None,
        phrases: Sequence[Phrases] | None = None,
        people: Sequence[str] | None = None,
        datasets: Sequence[str] | None = None,
        other: str | None = None,
        defer: bool = False,
    ) -> None:

        if sampling not in SAMPLINGS:
            raise ValueError(f"sampling must be one of {', '.join(SAMPLINGS)}, not {sampling!r}")
        captions = [caption for record in records for caption in record.captions]
        self._captions, self._other, self._seed, self._sampling = captions, other, seed, sampling
        self.options, self.images, self.parts, self._defer = options, images, parts, defer
        self.text = TokenTable(captions, tokenizer, phrases)
        self.classes = classes(records, people)
        self.identities = int(self.classes.max()) + 1
        self._image_of = torch.repeat_interleave(torch.tensor([len(record.captions) for record in records]))
        self._sided = torch.tensor([bool(SIDES.search(caption)) for caption in captions])
        person_of = self.classes[self._image_of]
        # Caption numbers grouped by person: class c has _count[c] of them, from place _first[c] on.
        self._captions_of = torch.argsort(person_of, stable=True)
        self._count = torch.bincount(person_of)
        self._first = self._count.cumsum(0) - self._count
        # Where each caption stands in that grouping; an image's captions stay side by side.
        self._place = torch.empty_like(self._captions_of)
        self._place[self._captions_of] = torch.arange(len(captions))
        self._image_count = torch.bincount(self._image_of, minlength=len(records))
        self._image_first = self._image_count.cumsum(0) - self._image_count
        self._lock = threading.Lock()  # an order remembers an epoch; several threads may make batches
        image_of = torch.arange(len(records)) if sampling == "identity" else self._image_of
        sources = [datasets[i] for i in image_of.tolist()] if datasets else None
        self._order = make_order(sampling, self.classes[image_of], sources, options, self._stream)

    @property
    def per_epoch(self) -> int:
        """Number of items (pairs or images) of an epoch."""
        return self._order.per_epoch

    def batch(self, step: int) -> Batch:
        """Return the batch of a step (from 0): float32 pixels, augmented and normalised; `person` are class indices.

        With `defer` the pixels are uint8, and `Batch.to` does the rest.
        """
        image, caption = self.items(step)
        pixels = torch.from_numpy(self.images.batch(image.numpy()))
        size, options = pixels.shape[-2:], self.options
        allowed = ~self._sided[caption] if options.flip == "no_sides" else torch.ones(len(caption), dtype=torch.bool)
        draws = draw(options, size, allowed, lambda name: self._stream(name, step))
        parts = ABSENT
        if self.parts is not None:
            parts = augmented_parts(torch.from_numpy(self.parts.batch(image.numpy())), draws, size)
        return Batch(
            **(
                deferred(pixels, draws, options.normalise)
                if self._defer
                else {"pixels": augmented(pixels, draws, options)}
            ),
            person=self.classes[image],
            parts=parts,
            generator=self._stream("model", step),
            **self.text.batch(caption),
            **self._second(caption, step),
        )

    def items(self, step: int) -> tuple[Tensor, Tensor]:
        """Return the image numbers and caption numbers (B,) of a step."""
        with self._lock:
            chosen = self._order.batch(step)
        if self._sampling != "identity":
            return self._image_of[chosen], chosen
        return chosen, self._of_person(self.classes[chosen], self._uniform("caption", step))

    def others(self, caption: Tensor, step: int) -> Tensor:
        """Return the numbers (B,) of the second captions of a step's captions."""
        draw, image = self._uniform("other", step), self._image_of[caption]
        person = self.classes[image]
        if self._other == "person":
            return self._of_person(person, draw)
        own, start = self._image_count[image], self._place[self._image_first[image]] - self._first[person]
        rest = self._count[person] - own
        place = (draw * rest).long()
        elsewhere = self._captions_of[self._first[person] + place + torch.where((place >= start) & (rest > 0), own, 0)]
        turn = 1 + (draw * (own - 1)).long()  # 1 .. own - 1 captions further on, within the image
        beside = self._image_first[image] + (caption - self._image_first[image] + turn) % own
        return torch.where(rest > 0, elsewhere, beside)

    def _second(self, caption: Tensor, step: int) -> dict[str, Any]:
        """Return the fields of the second captions, if there are any."""
        if self._other is None:
            return {}
        other = self.others(caption, step)
        read = self.text.batch(other)
        same = [self._captions[i] == self._captions[j] for i, j in zip(caption.tolist(), other.tolist(), strict=True)]
        return {"other_tokens": read["tokens"], "other_lengths": read["lengths"], "other_same": torch.tensor(same)}

    def _of_person(self, person: Tensor, draw: Tensor) -> Tensor:
        """Choose a caption of each person by a uniform draw (B,) from 0 to 1."""
        return self._captions_of[self._first[person] + (draw * self._count[person]).long()]

    def _uniform(self, name: str, step: int) -> Tensor:
        return torch.rand(self.options.batch_size, generator=self._stream(name, step), dtype=torch.float64)

    def _stream(self, name: str, *numbers: int | str) -> Generator:
        return torch.Generator().manual_seed(seed_for(self._seed, name, *numbers))


def classes(records: Iterable[Record], people: Sequence[str] | None = None) -> Tensor:
    """Return the class index (N,) int64 of each record's person: its place, from 0, among all (numbering, number)."""
    keys = [("" if people is None else people[i], record.person) for i, record in enumerate(records)]
    index = {key: number for number, key in enumerate(sorted(set(keys)))}
    return torch.tensor([index[key] for key in keys], dtype=torch.int64)
