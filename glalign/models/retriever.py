"""The contract of a system: everything a retrieval model may do, and nothing else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from glalign.language.tokenizers import Tokenizer

Features = dict[str, Tensor]
"""Named tensors, each with the item axis first."""


@dataclass(frozen=True)
class Facts:
    """What a system may know of its training set beyond the batches; stored with the weights.

    identities: number of training identities (classifier width). words: words of the *training* captions, most
    frequent first, with their counts; empty unless the system needs "words". steps: length of the training.
    """

    identities: int
    steps: int
    words: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Batch:
    """What the loader builds; a field is None where the system does not need it or the side is absent.

    pixels (B, 3, H, W) float, normalised. tokens (B, T) int64, padded with the tokenizer's pad id. lengths (B,)
    int64. person (B,) int64, class index during training. parts (B, 5, h, w) float: share of each patch covered by
    each region. phrases (B, 5, T) bool: tokens inside the noun phrases of each region. generator: the named random
    stream of this step.
    """

    pixels: Tensor | None = None
    tokens: Tensor | None = None
    lengths: Tensor | None = None
    person: Tensor | None = None
    parts: Tensor | None = None
    phrases: Tensor | None = None
    generator: torch.Generator | None = field(default=None, compare=False)

    def to(self, device: torch.device) -> "Batch":
        """The same batch with its tensors on `device`; the generator stays on the CPU."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return Batch(**{k: v.to(device, non_blocking=True) if isinstance(v, Tensor) else v for k, v in values.items()})


class Retriever(nn.Module):
    """A system: trains on `loss`, retrieves by `similarity` of what `encode_*` returns.

    A subclass lives in one file with a frozen dataclass `Options` (its `model:` keys in the configuration, with
    defaults) and is named by `class:` in its configuration entry.
    """

    needs: ClassVar[frozenset[str]] = frozenset()
    """Any of "parts", "phrases" (batch fields of those names) and "words" (Facts.words)."""

    sampling: ClassVar[str] = "pairs"
    """"pairs": every (image, caption) pair once per epoch; "identity": an image with a random caption of its person."""

    tokenizer: Tokenizer
    patch_grid: tuple[int, int] = (1, 1)
    """(h, w) grid on which `Batch.parts` is built; only read when the system needs parts."""

    @classmethod
    def build(
        cls, model: Mapping[str, Any], image_size: tuple[int, int], facts: Facts, weights: Path | None
    ) -> "Retriever":
        """Make the system from its `model:` options; `weights` is the folder of pre-trained files, None for random
        values (weights about to be loaded)."""
        raise NotImplementedError

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Named scalar terms, already weighted; the engine sums and logs them."""
        raise NotImplementedError

    def encode_images(self, batch: Batch) -> Features:
        """Features of the images of a batch; L2-normalised where a cosine is used."""
        raise NotImplementedError

    def encode_texts(self, batch: Batch) -> Features:
        """Features of the captions of a batch; L2-normalised where a cosine is used."""
        raise NotImplementedError

    def similarity(self, texts: Features, images: Features) -> Tensor:
        """(Q, G) scores of one block, higher is better; by default the cosine of `"global"`."""
        return texts["global"] @ images["global"].T

    def parameter_groups(self, lr: float, weight_decay: float) -> Iterable[dict[str, Any]]:
        """Optimiser groups (params, lr, weight_decay); by default no decay for vectors and scalars."""
        trained = [p for p in self.parameters() if p.requires_grad]
        yield {"params": [p for p in trained if p.ndim > 1], "lr": lr, "weight_decay": weight_decay}
        yield {"params": [p for p in trained if p.ndim <= 1], "lr": lr, "weight_decay": 0.0}

    def before_step(self, step: int, steps: int) -> None:
        """Called before every step with its number (from 0) and the length of the training: stages, freezing. It must
        depend on nothing else, so that a resumed training is the same training."""
