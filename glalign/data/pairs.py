"""A training batch is a pure function of (data, options, seed, step)."""

import re
from collections.abc import Iterable, Sequence

import torch
from torch import Generator, Tensor

from glalign.data import augment
from glalign.data.images import ImageStore, PartStore
from glalign.data.options import DataOptions
from glalign.data.records import Record
from glalign.data.text import Phrases, TokenTable
from glalign.language.tokenizers import Tokenizer
from glalign.models.retriever import Batch
from glalign.seeds import seed_for

SAMPLINGS = ("pairs", "identity")

SIDES = re.compile(r"\b(?:left|right|trái|phải)\b", re.IGNORECASE)
"""Captions that a mirrored image contradicts, English and Vietnamese; other senses of these words are spared too."""


class Pairs:
    """Batches of (image, caption) pairs, any of them at any time.

    "pairs": an epoch is every (image, caption) pair once (D26). "identity": every image once, each with a random
    caption of its person. Either in a fresh order per epoch. Batches are always full: one that reaches the end of an
    epoch goes on with the next, so no item is dropped or seen twice within an epoch.
    The order, each augmentation and the model have random streams of their own: switching one on moves no other.
    """

    def __init__(
        self,
        records: Sequence[Record],
        images: ImageStore,
        tokenizer: Tokenizer,
        options: DataOptions,
        *,
        seed: int,
        sampling: str = "pairs",
        parts: PartStore | None = None,
        phrases: Sequence[Phrases] | None = None,
        people: Sequence[str] | None = None,
    ) -> None:
        """records, images and parts are parallel; phrases has one item per caption, in the records' order. people names
        the numbering that each record's person belongs to, where records of several datasets are mixed (default: one).
        """
        if sampling not in SAMPLINGS:
            raise ValueError(f"sampling must be one of {', '.join(SAMPLINGS)}, not {sampling!r}")
        captions = [caption for record in records for caption in record.captions]
        self.options = options
        self.images, self.parts = images, parts
        self.text = TokenTable(captions, tokenizer, phrases)
        self.classes = classes(records, people)
        self.identities = int(self.classes.max()) + 1
        self._seed = seed
        self._sampling = sampling
        self._image_of = torch.repeat_interleave(torch.tensor([len(record.captions) for record in records]))
        self._sided = torch.tensor([bool(SIDES.search(caption)) for caption in captions])
        person_of = self.classes[self._image_of]
        # Caption numbers grouped by person: those of class c are _count[c] many from _first[c] on.
        self._captions_of = torch.argsort(person_of, stable=True)
        self._count = torch.bincount(person_of)
        self._first = self._count.cumsum(0) - self._count
        self._orders: dict[int, Tensor] = {}

    @property
    def per_epoch(self) -> int:
        """Items that an epoch consists of: pairs, or images."""
        return len(self.text) if self._sampling == "pairs" else len(self.classes)

    def batch(self, step: int) -> Batch:
        """The batch of `step` (from 0), float32 pixels normalised and augmented, `person` the class index."""
        image, caption = self.items(step)
        pixels = torch.from_numpy(self.images.batch(image.numpy()))
        parts = None if self.parts is None else torch.from_numpy(self.parts.batch(image.numpy()))
        pixels, parts = self._augment(pixels, parts, caption, step)
        return Batch(
            pixels=pixels,
            person=self.classes[image],
            parts=parts,
            generator=self._stream("model", step),
            **self.text.batch(caption),
        )

    def items(self, step: int) -> tuple[Tensor, Tensor]:
        """Image numbers and caption numbers (B,) of a step."""
        size, epoch_size = self.options.batch_size, self.per_epoch
        places = torch.arange(step * size, (step + 1) * size)
        epochs = places // epoch_size
        chosen = torch.cat(
            [self._order(e)[places[epochs == e] % epoch_size] for e in range(int(epochs[0]), int(epochs[-1]) + 1)]
        )
        if self._sampling == "pairs":
            return self._image_of[chosen], chosen
        person = self.classes[chosen]
        draw = torch.rand(size, generator=self._stream("caption", step), dtype=torch.float64)
        return chosen, self._captions_of[self._first[person] + (draw * self._count[person]).long()]

    def _augment(
        self, pixels: Tensor, parts: Tensor | None, caption: Tensor, step: int
    ) -> tuple[Tensor, Tensor | None]:
        options = self.options
        if options.flip:
            allowed = (
                ~self._sided[caption] if options.flip == "no_sides" else torch.ones(len(caption), dtype=torch.bool)
            )
            pixels, parts = augment.flip(pixels, parts, allowed, self._stream("flip", step))
        if options.crop:
            pixels, parts = augment.crop(pixels, parts, options.crop, self._stream("crop", step))
        if options.jitter:
            pixels = augment.jitter(pixels, options.jitter, self._stream("jitter", step))
        pixels = augment.normalise(pixels, options.normalise)
        if options.erase:
            pixels, parts = augment.erase(pixels, parts, options.erase, options.normalise, self._stream("erase", step))
        return pixels, parts

    def _order(self, epoch: int) -> Tensor:
        if epoch not in self._orders:
            # The epoch before stays: the batch across the border asks for both.
            self._orders = {e: order for e, order in self._orders.items() if e == epoch - 1}
            self._orders[epoch] = torch.randperm(self.per_epoch, generator=self._stream("epoch", epoch))
        return self._orders[epoch]

    def _stream(self, name: str, number: int) -> Generator:
        return torch.Generator().manual_seed(seed_for(self._seed, name, number))


def classes(records: Iterable[Record], people: Sequence[str] | None = None) -> Tensor:
    """Class index (N,) int64, 0 .. identities - 1, of each record's person, in the order of numbering and number."""
    keys = [("" if people is None else people[i], record.person) for i, record in enumerate(records)]
    index = {key: number for number, key in enumerate(sorted(set(keys)))}
    return torch.tensor([index[key] for key in keys], dtype=torch.int64)
