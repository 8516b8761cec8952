"""What a job reads of its datasets: one training set of several sources, one validation or test set."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from glalign.config.data_section import DataOptions
from glalign.contract.records import Query, Record, queries, read_manifest
from glalign.contract.retriever import Batch, Retriever
from glalign.contract.tokenizer import Split, Tokenizer
from glalign.data.batches import caption_batches, image_batches
from glalign.data.caption_tensors import Phrases, read_phrases
from glalign.data.images import ImageStore, PartStore
from glalign.data.pairs import Pairs
from glalign.parsing.label_map_record import check_one_parser
from glalign.storage.parallel_decode import cores
from glalign.support.errors import UserError

OTHERS = {"caption_of_person": "person", "caption_of_other_image": "image"}
"""What a system needs -> which second caption comes with each pair."""

ENCODE = 256
"""Images or captions encoded at a time; a constant, because sums of floats depend on it."""


def input_digests(spec: Mapping[str, Any]) -> dict[str, str]:
    """SHA-256 of what a training reads, by path: manifests, phrases, label maps (as one), and `files`:
    pre-trained weights and vocabularies.

    Images are not read for it: the manifest stands for them.
    """
    found = {}
    for dataset in spec["datasets"]:
        files = [Path(dataset[name]) for name in ("manifest", "phrases") if dataset[name]]
        maps = sorted(Path(dataset["parts"]).rglob("*.png")) if dataset["parts"] else []
        found |= {str(file): sha256(file.read_bytes()).hexdigest() for file in files}
        if maps:
            digests = "".join(sha256(file.read_bytes()).hexdigest() for file in maps)
            found[dataset["parts"]] = sha256(digests.encode()).hexdigest()
    return found | {file: sha256(Path(file).read_bytes()).hexdigest() for file in spec["files"]}


@dataclass(frozen=True)
class Source:
    """One split of one dataset with its files: images below `images`, label maps below `parts` or None."""

    records: list[Record]
    images: Path
    parts: Path | None
    phrases: list[Phrases] | None
    people: str

    @classmethod
    def read(cls, spec: Mapping[str, Any], split: str) -> "Source":
        """Read the split of the dataset that a specification {manifest, images, parts, phrases, people} names."""
        return cls.of(spec, read_manifest(spec["manifest"], split))

    @classmethod
    def of(cls, spec: Mapping[str, Any], records: list[Record]) -> "Source":
        """The same for records that were chosen already."""
        phrases = read_phrases(spec["phrases"], records) if spec["phrases"] else None
        parts = Path(spec["parts"]) if spec["parts"] else None
        return cls(records, Path(spec["images"]), parts, phrases, spec["people"])


@dataclass(frozen=True)
class Collection:
    """Records of one or more sources with stores of their pixels and parts, all in the same order."""

    records: list[Record]
    people: list[str]
    images: ImageStore
    parts: PartStore | None
    phrases: list[Phrases] | None

    @classmethod
    def of(
        cls,
        sources: Sequence[Source],
        size: tuple[int, int],
        grid: tuple[int, int],
        dress: str,
        cache: Path | None = None,
    ) -> "Collection":
        """Put sources one after the other; parts and phrases only where every source has them. cache: of ImageStore."""
        records = [record for source in sources for record in source.records]
        files = [source.images / record.image for source in sources for record in source.records]
        parts = phrases = None
        if all(source.parts is not None for source in sources):
            check_one_parser(source.parts for source in sources if source.parts is not None)
            maps = [source.parts / f"{record.image}.png" for source in sources for record in source.records]
            parts = PartStore(maps, grid, dress=dress)
        if all(source.phrases is not None for source in sources):
            phrases = [found for source in sources for found in source.phrases]
        people = [source.people for source in sources for _ in source.records]
        images = ImageStore(files, size, cache=cache, threads=cores() if cache else 1)
        return cls(records, people, images, parts, phrases)


@dataclass(frozen=True)
class RetrievalSet:
    """Queries and gallery of a validation or test set, as batches to encode."""

    queries: list[Query]
    gallery: list[Record]
    asked: list[
        tuple[str, int]
    ]  # (numbering, person) of each query and of each gallery image: numbers alone may collide
    shown: list[tuple[str, int]]
    images: ImageStore
    parts: PartStore | None
    phrases: list[Phrases] | None
    options: DataOptions
    tokenizer: Tokenizer

    def image_batches(self) -> Iterator[Batch]:
        """The gallery, in order."""
        return image_batches(self.images, self.options.normalise, ENCODE, self.parts)

    def caption_batches(self) -> Iterator[Batch]:
        """The queries, in order."""
        return caption_batches([q.caption for q in self.queries], self.tokenizer, ENCODE, self.phrases)

    @classmethod
    def of(
        cls,
        sources: Sequence[Source],
        gallery: Sequence[Record],
        model: Retriever,
        options: DataOptions,
        dress: str,
        cache: Path | None = None,
    ) -> "RetrievalSet":
        """All captions of the sources' records against the images of `gallery`, some or all of those records."""
        everything = [record for source in sources for record in source.records]
        kept = set(gallery)
        reduced = [
            Source([r for r in source.records if r in kept], source.images, source.parts, None, source.people)
            for source in sources
        ]
        shown = Collection.of(reduced, options.image_size, model.patch_grid, dress, cache)
        phrases = None
        if all(source.phrases is not None for source in sources):
            phrases = [found for source in sources for found in source.phrases]
        asked = [(source.people, query.person) for source in sources for query in queries(source.records)]
        persons = [record.person for record in shown.records]
        return cls(
            queries(everything),
            shown.records,
            asked,
            list(zip(shown.people, persons, strict=True)),
            shown.images,
            shown.parts,
            phrases,
            options,
            model.tokenizer,
        )


class TrainingData:
    """Training pairs and the validation set of a training; the test set is not named in its specification."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self.options = DataOptions.from_config(spec["data"], f"systems.{spec['system']}.data")
        self._spec = spec
        cache = spec.get("runtime", {}).get("image_cache")
        self._cache = Path(cache) if cache else None
        self._train = [Source.read(dataset, "train") for dataset in spec["datasets"]]
        self._val = [Source.read(dataset, "val") for dataset in spec["datasets"]]
        self.records = [record for source in self._train for record in source.records]
        needed = {"train": self._train, "val": self._val if spec["selection"] == "val" else self._train}
        for name, sources in needed.items():
            if not any(source.records for source in sources):
                raise UserError(
                    f"trainset {spec['trainset']}: no {name} images; check the dataset's splits and holdout"
                )

    @property
    def identities(self) -> int:
        """Number of training identities."""
        return len({(source.people, record.person) for source in self._train for record in source.records})

    def words(self, split: Split) -> tuple[tuple[str, int], ...]:
        """Words of the training captions with their counts, most frequent first, then alphabetical."""
        captions = (caption for record in self.records for caption in record.captions)
        counts = Counter(word for caption in captions for word, _ in split(caption))
        return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def steps(self, budget: Mapping[str, Any], sampling: str) -> int:
        """Length of the training: `budget.steps`, or `budget.epochs` of what the sampling calls an epoch."""
        if budget.get("steps") is not None:
            return budget["steps"]
        epoch = len(self.records) if sampling == "identity" else sum(len(r.captions) for r in self.records)
        return math.ceil(budget["epochs"] * epoch / self.options.batch_size)

    def pairs(self, model: Retriever, sampling: str, seed: int) -> Pairs:
        """The training batches, with what the model reads."""
        data = Collection.of(self._train, self.options.image_size, model.patch_grid, self._spec["dress"], self._cache)
        return Pairs(
            data.records,
            data.images,
            model.tokenizer,
            self.options,
            seed=seed,
            sampling=sampling,
            parts=data.parts,
            phrases=data.phrases,
            people=data.people,
            other=next((OTHERS[need] for need in sorted(model.needs) if need in OTHERS), None),
        )

    def validation(self, model: Retriever) -> RetrievalSet | None:
        """The validation identities: every caption against every image; None where there are none."""
        gallery = [record for source in self._val for record in source.records]
        if not gallery:
            return None
        return RetrievalSet.of(self._val, gallery, model, self.options, self._spec["dress"], self._cache)
