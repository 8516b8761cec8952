"""A trained model and a retrieval set: rebuilt from its run, encoded once, scored block by block."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from glalign.config.typed_json import read_typed
from glalign.contract.results import RunRecord
from glalign.contract.retriever import Batch, Features, Retriever
from glalign.contract.specs.training import ModelSpec
from glalign.contract.training_info import TrainingInfo
from glalign.data.retrieval_set import RetrievalSet
from glalign.engine.prefetch import read_ahead
from glalign.evaluation.ranking import find_positives, hit_ranks
from glalign.evaluation.reranking import candidates, reranked
from glalign.storage.weight_files import Weights, load_weights
from glalign.support.clock import clock
from glalign.support.dotted_names import class_named
from glalign.support.errors import UserError
from glalign.support.progress import log

PAIRS = 512  # pairs scored at a time by the second stage; a constant, because sums of floats depend on it
VALIDATION_BLOCK = 512  # queries scored at a time in a validation; the ranks do not depend on it
BLOCK_BYTES = 3 << 27  # of scores at a time: fewer queries where the gallery is large; 100 for a million images
TILED_ABOVE = 1 << 16  # gallery images; the last bits of scores may depend on tiles: smaller galleries have none
TILE = 1 << 13  # gallery images of a tile, whose scores stay in cache until they are copied (measured, benchmarks/)


def load_trained(spec: ModelSpec, run: Path, device: torch.device) -> Retriever:
    """Build a system with the weights, and the weight in its score, that are kept in the folder `run`.

    Raises: UserError naming a file that does not fit.
    """
    record = read_typed(run / "run.json", RunRecord)
    kind: type[Retriever] = class_named(spec.class_path)
    with clock.span("model"):
        info = TrainingInfo(**dict(record.info))
        model = kind.build(spec.model, spec.data.image_size, info, Weights(Path(spec.weights), load=False))
        load_weights(model, run, "model")
    if model.fits_score_weight:
        if record.score_weight is None:
            raise UserError(f"{run / 'run.json'}: `score_weight` is missing; delete the run and train again")
        model.score_weight = record.score_weight.weight
    return model.to(device)


class Encoded:
    """Features of a retrieval set under a model in evaluation mode; they stay on the model's device.

    ahead: batches that a thread makes before they are encoded. parts: whether `part_cosines` will be asked for.
    """

    def __init__(
        self, model: Retriever, data: RetrievalSet, device: torch.device, ahead: int = 0, *, parts: bool = False
    ) -> None:
        self.model, self.device = model.eval(), device
        encode_texts = model.encode_texts_and_parts if parts else model.encode_texts
        encode_images = model.encode_images_and_parts if parts else model.encode_images

        def read(batches: Iterator[Batch]) -> Iterator[Batch]:
            made = clock.each("data", read_ahead(batches, ahead, pin=device.type == "cuda"))
            return (batch.to(device) for batch in made)

        with torch.inference_mode():
            self.texts = concatenated(encode_texts(batch) for batch in read(data.caption_batches()))
            images = data.image_batches(defer=device.type == "cuda")
            self.images = concatenated(encode_images(batch) for batch in read(images))
        if model.rerank_top > len(data.gallery):
            log.info("second stage: %d images asked for, the gallery has %d", model.rerank_top, len(data.gallery))

    def blocks(
        self, size: int, queries: Sequence[int] | None = None, gallery: Sequence[int] | None = None
    ) -> Iterator[np.ndarray]:
        """Yield scores (b, G) of `size` queries at a time, or fewer; the whole matrix never exists.

        A block is only valid until the next one. queries, gallery: numbers of the queries and gallery images to score;
        None for all.
        """
        texts, images = selected(self.texts, queries), selected(self.images, gallery)
        for part, scores in scored(self.model.similarity, texts, images, size):
            with torch.inference_mode():
                yield self._second_stage(part, images, scores) if self.model.rerank_top else scores

    def part_cosines(self, queries: Sequence[int], gallery: np.ndarray) -> np.ndarray:
        """Return the cosines (Q, K, P) of the parts of queries and of K images of each, NaN where one lacks the part.

        queries: numbers of Q queries. gallery: (Q, K), numbers of their images.
        """
        with torch.inference_mode():
            asked = torch.tensor(queries, device=self.device)
            found = torch.from_numpy(gallery).to(self.device)
            texts = {name: value[asked] for name, value in self.texts.items()}
            images = {name: value[found] for name, value in self.images.items()}
            return self.model.part_cosines(texts, images).float().cpu().numpy()

    def _second_stage(self, texts: Features, images: Features, scores: np.ndarray) -> np.ndarray:
        """Scores after the second stage, PAIRS pairs at a time."""
        columns = candidates(scores, self.model.rerank_top)
        rows = np.repeat(np.arange(len(columns)), columns.shape[1])
        pairs = torch.from_numpy(np.stack([rows, columns.ravel()], axis=1)).to(self.device)
        second = torch.cat([self.model.rerank(texts, images, part) for part in pairs.split(PAIRS)])
        return reranked(scores, columns, second.float().cpu().numpy().reshape(columns.shape))


def validation_rank1(model: Retriever, data: RetrievalSet, device: torch.device, ahead: int = 0) -> float:
    """Rank-1 (percent) of the queries of a retrieval set, by the evaluator of test sets. ahead: see `Encoded`."""
    return rank1(first_ranks(Encoded(model, data, device, ahead), data))


def first_ranks(encoded: Encoded, data: RetrievalSet) -> np.ndarray:
    """(Q,) rank of the first hit of each query of a retrieval set that is encoded."""
    positives = find_positives(data.query_persons, data.gallery_persons)
    return hit_ranks(encoded.blocks(VALIDATION_BLOCK), positives, len(data.gallery)).first


def rank1(first: np.ndarray) -> float:
    """Rank-1 in percent of the ranks (Q,) of first hits."""
    return 100.0 * float((first == 1).mean())


def scored(
    similarity: Callable[[Features, Features], Tensor], texts: Features, images: Features, size: int
) -> Iterator[tuple[Features, np.ndarray]]:
    """Yield the features and the float32 scores (b, G) of `size` queries at a time, or of as many as fit BLOCK_BYTES.

    The scores of a gallery of more than TILED_ABOVE images are written, tile by tile, over those of the block before:
    memory that is mapped anew for every block, and a product that leaves the cache, cost half of the time.
    """
    total, width = (len(next(iter(side.values()))) for side in (texts, images))
    rows = max(1, min(size, total, BLOCK_BYTES // (4 * max(1, width))))
    kept = np.empty((rows, width), np.float32) if width > TILED_ABOVE else None
    tiles = {left: rows_of(images, left, TILE) for left in range(0, width, TILE)} if width > TILED_ABOVE else {}
    for start in range(0, total, rows):
        part = rows_of(texts, start, rows)
        with torch.inference_mode():
            if kept is None:
                yield part, similarity(part, images).float().cpu().numpy()
                continue
            scores = kept[: min(rows, total - start)]
            for left, tile in tiles.items():
                scores[:, left : left + TILE] = similarity(part, tile).float().cpu().numpy()
            yield part, scores


def rows_of(features: Features, start: int, count: int) -> Features:
    """The features of `count` items from `start` on, or of as many as there are."""
    return {name: value[start : start + count] for name, value in features.items()}


def selected(features: Features, numbers: Sequence[int] | None) -> Features:
    """The features of the items `numbers`, in their order; not copied for None or all items."""
    count = len(next(iter(features.values())))
    if numbers is None or list(numbers) == list(range(count)):
        return features
    return {name: value[torch.tensor(numbers, device=value.device)] for name, value in features.items()}


def concatenated(parts: Iterator[Features]) -> Features:
    """Concatenate features along the items, one name at a time: there are never two copies of all."""
    collected = list(parts)
    return {name: torch.cat([part.pop(name) for part in collected]) for name in list(collected[0])}
