"""A trained model and a retrieval set: rebuilt from its run, encoded once, scored block by block."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

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
from glalign.support.dotted_names import class_named
from glalign.support.progress import log

PAIRS = 512  # pairs scored at a time by the second stage; a constant, because sums of floats depend on it
VALIDATION_BLOCK = 512  # queries scored at a time in a validation; the ranks do not depend on it


def load_trained(spec: ModelSpec, run: Path, device: torch.device) -> Retriever:
    """Build a system with the weights kept in the folder `run`. Raises: UserError naming a file that does not fit."""
    info = TrainingInfo(**dict(read_typed(run / "run.json", RunRecord).info))
    kind: type[Retriever] = class_named(spec.class_path)
    model = kind.build(spec.model, spec.data.image_size, info, Weights(Path(spec.weights), load=False))
    load_weights(model, run, "model")
    return model.to(device)


class Encoded:
    """Features of a retrieval set under a model in evaluation mode; they stay on the model's device.

    ahead: batches that a thread makes before they are encoded.
    """

    def __init__(self, model: Retriever, data: RetrievalSet, device: torch.device, ahead: int = 0) -> None:
        self.model, self.device = model.eval(), device

        def read(batches: Iterator[Batch]) -> Iterator[Batch]:
            return (batch.to(device) for batch in read_ahead(batches, ahead, pin=device.type == "cuda"))

        with torch.inference_mode():
            self.texts = concatenated(model.encode_texts(batch) for batch in read(data.caption_batches()))
            self.images = concatenated(model.encode_images(batch) for batch in read(data.image_batches()))
        if model.rerank_top > len(data.gallery):
            log.info("second stage: %d images asked for, the gallery has %d", model.rerank_top, len(data.gallery))

    def blocks(
        self, size: int, queries: Sequence[int] | None = None, gallery: Sequence[int] | None = None
    ) -> Iterator[np.ndarray]:
        """Yield scores (b, G) of `size` queries at a time; the whole matrix never exists.

        queries, gallery: numbers of the queries and gallery images to score; None for all.
        """
        texts, images = selected(self.texts, queries), selected(self.images, gallery)
        total = len(next(iter(texts.values())))
        for start in range(0, total, size):
            with torch.inference_mode():
                part = {name: value[start : start + size] for name, value in texts.items()}
                scores = self.model.similarity(part, images).float().cpu().numpy()
                yield self._second_stage(part, images, scores) if self.model.rerank_top else scores

    def _second_stage(self, texts: Features, images: Features, scores: np.ndarray) -> np.ndarray:
        """Scores after the second stage, PAIRS pairs at a time."""
        columns = candidates(scores, self.model.rerank_top)
        rows = np.repeat(np.arange(len(columns)), columns.shape[1])
        pairs = torch.from_numpy(np.stack([rows, columns.ravel()], axis=1)).to(self.device)
        second = torch.cat([self.model.rerank(texts, images, part) for part in pairs.split(PAIRS)])
        return reranked(scores, columns, second.float().cpu().numpy().reshape(columns.shape))


def validation_rank1(model: Retriever, data: RetrievalSet, device: torch.device, ahead: int = 0) -> float:
    """Rank-1 (percent) of the queries of a retrieval set, by the evaluator of test sets. ahead: see `Encoded`."""
    positives = find_positives(data.query_persons, data.gallery_persons)
    ranks = hit_ranks(Encoded(model, data, device, ahead).blocks(VALIDATION_BLOCK), positives, len(data.gallery))
    return 100.0 * float((ranks.ranks[ranks.starts[:-1]] == 1).mean())


def selected(features: Features, numbers: Sequence[int] | None) -> Features:
    """The features of the items `numbers`, in their order; not copied for None or all items."""
    count = len(next(iter(features.values())))
    if numbers is None or list(numbers) == list(range(count)):
        return features
    return {name: value[torch.tensor(numbers, device=value.device)] for name, value in features.items()}


def concatenated(parts: Iterator[Features]) -> Features:
    """Concatenate features along the items."""
    collected = list(parts)
    return {name: torch.cat([part[name] for part in collected]) for name in collected[0]}
