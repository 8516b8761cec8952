"""A query set and its gallery, encoded once and scored block by block."""

from collections.abc import Iterator

import numpy as np
import torch

from glalign.data.sets import RetrievalSet
from glalign.models.retriever import Features, Retriever


class Encoded:
    """Features of a retrieval set under a model in evaluation mode; they stay on the model's device."""

    def __init__(self, model: Retriever, data: RetrievalSet, device: torch.device) -> None:
        self.model = model.eval()
        with torch.inference_mode():
            self.texts = joined(model.encode_texts(batch.to(device)) for batch in data.caption_batches())
            self.images = joined(model.encode_images(batch.to(device)) for batch in data.image_batches())

    def blocks(self, size: int) -> Iterator[np.ndarray]:
        """Scores (b, G) of `size` queries at a time; the whole matrix never exists."""
        total = len(next(iter(self.texts.values())))
        for start in range(0, total, size):
            with torch.inference_mode():
                part = {name: value[start : start + size] for name, value in self.texts.items()}
                yield self.model.similarity(part, self.images).float().cpu().numpy()


def joined(parts: Iterator[Features]) -> Features:
    """Concatenate features along the items."""
    collected = list(parts)
    return {name: torch.cat([part[name] for part in collected]) for name in collected[0]}
