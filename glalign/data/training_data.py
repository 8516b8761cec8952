"""The data of a training: pairs of its training people, and the validation people as a retrieval set."""

import math
from collections import Counter
from hashlib import sha256
from pathlib import Path

from glalign.config.training import Budget
from glalign.contract.retriever import Retriever
from glalign.contract.specs.training import FitSpec
from glalign.contract.tokenizer import WordSplitter
from glalign.data.pairs import Pairs
from glalign.data.retrieval_set import RetrievalSet
from glalign.data.sources import Collection, SplitRecords
from glalign.support.errors import UserError
from glalign.support.progress import log

OTHERS = {"caption_of_person": "person", "caption_of_other_image": "image"}
"""Need of a system -> the second caption of each pair, an argument of `Pairs`."""


def input_digests(spec: FitSpec) -> dict[str, str]:
    """Return the SHA-256 by path of manifests (which stand for the images), phrases, folders of label maps, `files`."""
    found: dict[str, str] = {}
    for dataset in spec.datasets:
        files = [Path(path) for path in (dataset.manifest, dataset.phrases) if path]
        found |= {str(file): sha256(file.read_bytes()).hexdigest() for file in files}
        if dataset.parts and (maps := sorted(Path(dataset.parts).rglob("*.png"))):
            digests = "".join(sha256(file.read_bytes()).hexdigest() for file in maps)
            found[dataset.parts] = sha256(digests.encode()).hexdigest()
    return found | {file: sha256(Path(file).read_bytes()).hexdigest() for file in spec.files}


class TrainingData:
    """Training pairs and the validation set of a training; the test set is not named in its specification."""

    def __init__(self, spec: FitSpec) -> None:
        """Read the datasets. Raises: UserError without training images, or without any to select the weights on."""
        self._spec = spec
        self._cache = Path(spec.runtime.image_cache) if spec.runtime.image_cache else None
        self._train = [SplitRecords.read(dataset, "train") for dataset in spec.datasets]
        self._val = [SplitRecords.read(dataset, "val") for dataset in spec.datasets]
        self.records = [record for source in self._train for record in source.records]
        needed = {"train": self._train, "val": self._val if spec.selection == "val" else self._train}
        for name, sources in needed.items():
            if not any(source.records for source in sources):
                raise UserError(f"trainset {spec.trainset}: no {name} images; check the dataset's splits and holdout")

    @property
    def identities(self) -> int:
        """Number of training identities."""
        return len({(source.people, record.person) for source in self._train for record in source.records})

    def words(self, split: WordSplitter) -> tuple[tuple[str, int], ...]:
        """Return the words of the training captions with their counts, most frequent first, then alphabetical."""
        captions = (caption for record in self.records for caption in record.captions)
        counts = Counter(word for caption in captions for word, _ in split(caption))
        return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def steps(self, budget: Budget, sampling: str) -> int:
        """Return the number of steps: `budget.steps`, or those of `budget.epochs` of the sampling's epochs."""
        if budget.steps is not None:
            return budget.steps
        read = [source.records for source in self._train if source.records]
        sizes = [len(part) if sampling == "identity" else sum(len(r.captions) for r in part) for part in read]
        return math.ceil((budget.epochs or 0) * self._spec.data.epoch(sizes) / self._spec.data.batch_size)

    def pairs(self, model: Retriever, sampling: str, seed: int, *, defer: bool = False) -> Pairs:
        """Return the training batches, with the fields that the model needs. defer: see `Pairs`."""
        data, dress = self._spec.data, self._spec.dress
        size, crop = data.image_size, data.centre_crop
        collection = Collection.of(
            self._train, size, data.resize, model.patch_grid, dress, self._cache, centre_crop=crop
        )
        pairs = Pairs(
            collection.records,
            collection.images,
            model.tokenizer,
            self._spec.data,
            seed=seed,
            sampling=sampling,
            parts=collection.parts,
            phrases=collection.phrases,
            people=collection.people,
            datasets=collection.datasets,
            defer=defer,
            other=next((OTHERS[need] for need in sorted(model.needs) if need in OTHERS), None),
        )
        if data.sources == "balanced":
            names = ", ".join(dict.fromkeys(collection.datasets))
            log.info("an epoch: %d items, as many of each of %s", pairs.per_epoch, names)
        limit = model.tokenizer.context_length
        log.info("captions longer than %d tokens, which are cut: %d of %d", limit, pairs.text.cut, len(pairs.text))
        return pairs

    def validation(self, model: Retriever) -> RetrievalSet | None:
        """Build the set of every caption and image of the validation identities; None if there are none."""
        gallery = [record for source in self._val for record in source.records]
        if not gallery:
            return None
        return RetrievalSet.of(self._val, gallery, model, self._spec.data, self._spec.dress, self._cache)
