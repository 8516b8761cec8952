"""A validation or test set: queries and a gallery, as batches to encode."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from glalign.config.training import Data
from glalign.contract.records import Query, Record, queries
from glalign.contract.retriever import Batch, Retriever
from glalign.contract.tokenizer import Tokenizer
from glalign.data.batches import caption_batches, image_batches
from glalign.data.caption_tensors import Phrases, TokenTable
from glalign.data.images import ImageStore, PartStore
from glalign.data.sources import Collection, SplitRecords, joined_phrases

ENCODE = 256
"""Images or captions encoded at a time; a constant, because sums of floats depend on it."""

Person = tuple[str, int]
"""A person as (numbering, number): datasets with numberings of their own use the same numbers for different people."""


@dataclass(frozen=True)
class RetrievalSet:
    """Queries and gallery of a validation or test set; images and parts are the gallery's, phrases the queries'."""

    queries: list[Query]
    gallery: list[Record]
    query_persons: list[Person]
    gallery_persons: list[Person]
    images: ImageStore
    parts: PartStore | None
    phrases: list[Phrases] | None
    options: Data
    tokenizer: Tokenizer

    def image_batches(self, *, defer: bool = False) -> Iterator[Batch]:
        """Yield the gallery, in order. defer: leave the normalisation of the pixels to `Batch.to`."""
        return image_batches(self.images, self.options.normalise, ENCODE, self.parts, defer=defer)

    def caption_batches(self) -> Iterator[Batch]:
        """Yield the queries, in order; they are encoded to tokens once, however often a training is validated."""
        return caption_batches(self.captions, ENCODE)

    @cached_property
    def captions(self) -> TokenTable:
        """The tokens of the queries."""
        return TokenTable([query.caption for query in self.queries], self.tokenizer, self.phrases)

    @classmethod
    def of(
        cls,
        sources: Sequence[SplitRecords],
        gallery: Sequence[Record],
        model: Retriever,
        options: Data,
        dress: str | None,
        cache: Path | None = None,
    ) -> "RetrievalSet":
        """Build the set of all captions of the sources and the images of `gallery`, some or all of their records."""
        kept = set(gallery)
        reduced = [replace(s, records=[r for r in s.records if r in kept], phrases=None) for s in sources]
        size, resize = options.image_size, options.gallery_resize
        crop = options.centre_crop
        images = Collection.of(reduced, size, resize, model.patch_grid, dress, cache, centre_crop=crop)
        return cls(
            queries(record for source in sources for record in source.records),
            images.records,
            [(source.people, query.person) for source in sources for query in queries(source.records)],
            [(people, record.person) for people, record in zip(images.people, images.records, strict=True)],
            images.images,
            images.parts,
            joined_phrases(sources),
            options,
            model.tokenizer,
        )
