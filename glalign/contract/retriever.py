"""The interface of a system: every retrieval model derives from `Retriever` and is given `Batch`es."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from glalign.contract.tokenizer import Tokenizer, WordSplitter, split_words
from glalign.contract.training_info import TrainingInfo
from glalign.storage.weight_files import Weights

Features = dict[str, Tensor]
"""Named tensors of N items, each of shape (N, ...)."""

Shapes = dict[str, tuple[int, ...]]
"""Name of a feature -> its shape without the item axis."""

ABSENT: Any = None
"""Value of a batch's field that the system does not need, or that belongs to the side (image or text) left out."""


@dataclass(frozen=True)
class Batch:
    """B images, B captions, or B pairs of both; the loader builds the fields that the system needs, others are None.

    Args:
        pixels: (B, 3, H, W) float, normalised; uint8 as they were decoded if `deferred` is given.
        tokens: (B, T) int64, padded with the tokenizer's `pad_id`.
        lengths: (B,) int64, tokens of each caption without the padding.
        person: (B,) int64, class index of the identity; in training only.
        parts: (B, 5, h, w) float, share of each patch that each body region covers; (h, w) is `patch_grid`.
        phrases: (B, 5, T) bool, tokens inside the noun phrases of each body region.
        other_tokens: (B, T') int64, a second caption of each person.
        other_lengths: (B,) int64, tokens of the second captions.
        other_same: (B,) bool, whether the second caption has the same text as the first.
        generator: the named random stream of this training step, on the CPU.
        draws: (B, K) float, random numbers for `deferred`.
        deferred: (pixels, draws) -> float pixels: what `to` still does to the pixels, on the device, or None.
        source: the batch that `to` copied to a GPU, or None.
    """

    pixels: Tensor = ABSENT
    tokens: Tensor = ABSENT
    lengths: Tensor = ABSENT
    person: Tensor = ABSENT
    parts: Tensor = ABSENT
    phrases: Tensor = ABSENT
    other_tokens: Tensor = ABSENT
    other_lengths: Tensor = ABSENT
    other_same: Tensor = ABSENT
    generator: torch.Generator | None = field(default=None, compare=False)
    draws: Tensor = ABSENT
    deferred: Callable[[Tensor, Tensor], Tensor] | None = field(default=None, compare=False, repr=False)
    source: "Batch | None" = field(default=None, compare=False, repr=False)

    @property
    def on_host(self) -> "Batch":
        """The same batch in the memory of the host: its numbers can be read without waiting for a GPU.

        Its pixels may be those before `deferred`.
        """
        return self.source or self

    def to(self, device: torch.device) -> "Batch":
        """Copy the tensors to `device` and finish the pixels there; the generator stays on the CPU.

        For the CPU it is the batch of the host.
        """
        batch = self.on_host
        if device.type != "cpu":
            batch = replace(self._map(lambda tensor: tensor.to(device, non_blocking=True)), source=self.on_host)
        if batch.deferred is None:
            return batch
        return replace(batch, pixels=batch.deferred(batch.pixels, batch.draws), draws=ABSENT, deferred=None)

    def pinned(self) -> "Batch":
        """Copy the tensors to page-locked memory, from which a GPU copies while it computes."""
        return self._map(Tensor.pin_memory)

    def split(self, count: int) -> "list[Batch]":
        """Split into `count` batches of equal size, in order; they share one generator, which is not reset between."""

        def part(batch: Batch, index: int) -> Batch:
            cut = batch._map(lambda tensor: tensor.chunk(count)[index])
            return cut if batch.source is None else replace(cut, source=part(batch.source, index))

        return [part(self, index) for index in range(count)] if count > 1 else [self]

    def _map(self, function: Callable[[Tensor], Tensor]) -> "Batch":
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        mapped: dict[str, Any] = {k: function(v) for k, v in values.items() if isinstance(v, Tensor)}
        return replace(self, **mapped)


class Retriever(nn.Module):
    """A system: it is trained with `loss`, and scores pairs with `similarity` of the features of its two encoders.

    A subclass lives in one file, together with a frozen dataclass `Options`: the keys of its `model:` section in the
    configuration, with literal defaults. The configuration names the class by its dotted path.

    It must define `build`, `loss`, `encode_images` and `encode_texts`, and set `tokenizer` and `embed_dim`. It may
    override everything else. In `eval()` mode the features of an item must not depend on the other items of its batch
    or on the padding.
    """

    needs: ClassVar[frozenset[str]] = frozenset()
    """What the loader builds beyond pixels, tokens, lengths, person: keys of `glalign.support.class_source.NEEDS`."""

    sampling: ClassVar[str] = "pairs"
    """Order of an epoch. "pairs": every (image, caption) pair once; "identity": every image once, with a random caption
    of its person; "groups": the same number of pairs of every person in a batch."""

    class_heads: ClassVar[tuple[str, ...]] = ("classifier.",)
    """Prefixes of the parameters that classify training identities; they may be dropped when weights are loaded."""

    tokenizer: Tokenizer

    embed_dim: int
    """Width of the feature "global"."""

    patch_grid: tuple[int, int] = (1, 1)
    """(h, w) of `Batch.parts`; used only if the system needs "parts"."""

    rerank_top: int = 0
    """Number of best images per query that `rerank` scores again; 0 for no second stage."""

    score_weight: float = 1.0
    """Weight of the cosine of "global" in `similarity`, of a system that has a second branch. Between 0 and 1 its
    encoders compute the features of both."""

    fits_score_weight: bool = False
    """Whether validation people choose `score_weight` at the end of a training, which keeps it in its record."""

    @property
    def part_names(self) -> tuple[str, ...]:
        """Body regions that `part_cosines` compares, names of `glalign.contract.regions.REGIONS`; none by default."""
        return ()

    @classmethod
    def build(cls, model: Mapping[str, Any], image_size: tuple[int, int], info: TrainingInfo, weights: Weights) -> Self:
        """Build the system from the `model:` section of the configuration; image_size is (H, W) in pixels.

        info: size and words of the training set. weights: loads pre-trained files into modules (`weights.fill`) and
        finds vocabulary files. Where trained weights are loaded afterwards, `fill` does nothing.
        """
        raise NotImplementedError

    @classmethod
    def word_split(cls, model: Mapping[str, Any]) -> WordSplitter:
        """Return the function with which the tokenizer splits captions into words, given the `model:` section."""
        return split_words

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Return named scalar terms, already weighted; their sum is minimised and each is logged.

        Buffers (queues, running statistics) may be updated. In distributed training every process calls it with the
        whole batch (see `glalign.models.data_parallel`).
        """
        raise NotImplementedError

    def encode_images(self, batch: Batch) -> Features:
        """Return the features of B images, each (B, ...); L2-normalise features that are compared by cosine."""
        raise NotImplementedError

    def encode_texts(self, batch: Batch) -> Features:
        """Return the features of B captions, each (B, ...); L2-normalise features that are compared by cosine."""
        raise NotImplementedError

    def similarity(self, texts: Features, images: Features) -> Tensor:
        """Return the scores (Q, G) of Q captions and G images, higher is better; by default the cosine of "global"."""
        return texts["global"] @ images["global"].T

    def rerank(self, texts: Features, images: Features, pairs: Tensor) -> Tensor:
        """Return second-stage scores (M,) of `pairs` (M, 2), rows of `texts` and of `images`; higher is better."""
        raise NotImplementedError(f"{type(self).__name__} sets rerank_top and has no method `rerank`")

    def encode_images_and_parts(self, batch: Batch) -> Features:
        """Return the features of `encode_images` and what else `part_cosines` reads; by default nothing else."""
        return self.encode_images(batch)

    def encode_texts_and_parts(self, batch: Batch) -> Features:
        """Return the features of `encode_texts` and what else `part_cosines` reads; by default nothing else."""
        return self.encode_texts(batch)

    def part_cosines(self, texts: Features, images: Features) -> Tensor:
        """Return the cosines (Q, K, P) of the parts of Q captions, each with the P parts of K images of its own.

        NaN where the caption does not name the part or the image does not show it. They are recorded for the best
        images of a query and change no rank. texts: features of shape (Q, ...). images: (Q, K, ...).
        """
        raise NotImplementedError(f"{type(self).__name__} sets part_names and has no method `part_cosines`")

    def feature_shapes(self) -> tuple[Shapes, Shapes]:
        """Return the shapes of the features of `encode_texts` and of `encode_images`."""
        return {"global": (self.embed_dim,)}, {"global": (self.embed_dim,)}

    def parameter_groups(self, lr: float, weight_decay: float) -> Iterable[dict[str, Any]]:
        """Return optimiser groups (params, lr, weight_decay); by default no decay for vectors and scalars."""
        trained = [p for p in self.parameters() if p.requires_grad]
        yield {"params": [p for p in trained if p.ndim > 1], "lr": lr, "weight_decay": weight_decay}
        yield {"params": [p for p in trained if p.ndim <= 1], "lr": lr, "weight_decay": 0.0}

    def before_step(self, step: int, steps: int) -> None:
        """Prepare training step `step` (from 0) of `steps`: stages, freezing, moving averages.

        It may depend only on its arguments and on the state of the module, so that a resumed training equals an
        uninterrupted one.
        """
