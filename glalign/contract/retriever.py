"""The contract of a system: everything a retrieval model may do, and nothing else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from glalign.language.tokenizers import Split, Tokenizer, split_words
from glalign.storage.weight_files import Weights

Features = dict[str, Tensor]
"""Named tensors, each with the item axis first."""


@dataclass(frozen=True)
class TrainingInfo:
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
    each region. phrases (B, 5, T) bool: tokens inside the noun phrases of each region. other_tokens (B, T'),
    other_lengths (B,): a second caption of each person, of its own width. other_same (B,) bool: it reads like the
    first. generator: the named random stream of this step.
    """

    pixels: Tensor | None = None
    tokens: Tensor | None = None
    lengths: Tensor | None = None
    person: Tensor | None = None
    parts: Tensor | None = None
    phrases: Tensor | None = None
    other_tokens: Tensor | None = None
    other_lengths: Tensor | None = None
    other_same: Tensor | None = None
    generator: torch.Generator | None = field(default=None, compare=False)

    def to(self, device: torch.device) -> "Batch":
        """The same batch with its tensors on `device`; the generator stays on the CPU."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return Batch(**{k: v.to(device, non_blocking=True) if isinstance(v, Tensor) else v for k, v in values.items()})

    def pinned(self) -> "Batch":
        """The same batch in page-locked memory, from which a GPU copies while it computes."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return Batch(**{k: v.pin_memory() if isinstance(v, Tensor) else v for k, v in values.items()})

    def split(self, parts: int) -> "list[Batch]":
        """`parts` batches of as many items each, in order; they share the random stream, which goes on from one to the
        next."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        cut = {k: v.chunk(parts) if isinstance(v, Tensor) else [v] * parts for k, v in values.items()}
        return [Batch(**{k: v[part] for k, v in cut.items()}) for part in range(parts)] if parts > 1 else [self]


class Retriever(nn.Module):
    """A system: trains on `loss`, retrieves by `similarity` of what `encode_*` returns.

    A subclass lives in one file with a frozen dataclass `Options` (its `model:` keys in the configuration, with
    defaults) and is named by `class:` in its configuration entry.
    """

    needs: ClassVar[frozenset[str]] = frozenset()
    """What the loader builds beyond pixels, tokens, lengths and person; see `glalign.support.class_source.NEEDS`."""

    sampling: ClassVar[str] = "pairs"
    """"pairs": every (image, caption) pair once per epoch; "identity": an image with a random caption of its person;
    "groups": so many pairs of each of a batch's persons."""

    class_heads: ClassVar[tuple[str, ...]] = ("classifier.",)
    """How the names of layers begin that tell the training persons apart: loading weights may drop them."""

    tokenizer: Tokenizer
    embed_dim: int
    """Width of the feature "global"."""

    patch_grid: tuple[int, int] = (1, 1)
    """(h, w) grid on which `Batch.parts` is built; only read when the system needs parts."""

    rerank_top: int = 0
    """So many of a query's best images are scored again by `rerank`; 0 for no second stage."""

    @classmethod
    def build(
        cls, model: Mapping[str, Any], image_size: tuple[int, int], facts: TrainingInfo, weights: Weights
    ) -> "Retriever":
        """Make the system from its `model:` options; `weights` fills it with pre-trained values, or leaves random ones
        where trained values are about to be loaded, and has the vocabularies."""
        raise NotImplementedError

    @classmethod
    def word_split(cls, model: Mapping[str, Any]) -> Split:
        """How its tokenizer splits captions into words, under these `model:` options."""
        return split_words

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Named scalar terms, already weighted; the engine sums and logs them. Buffers (queues, running statistics) may
        change. Where several processes train, each calls it with the whole batch (see glalign.models.batch_shares)."""
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

    def rerank(self, texts: Features, images: Features, pairs: Tensor) -> Tensor:
        """(M,) second-stage scores of the M `pairs` (M, 2) of rows of `texts` and `images`, higher is better."""
        raise NotImplementedError(f"{type(self).__name__} sets rerank_top and has no method `rerank`")

    def feature_shapes(self) -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]:
        """What `encode_texts` and `encode_images` return: name -> shape without the item axis."""
        return {"global": (self.embed_dim,)}, {"global": (self.embed_dim,)}

    def parameter_groups(self, lr: float, weight_decay: float) -> Iterable[dict[str, Any]]:
        """Optimiser groups (params, lr, weight_decay); by default no decay for vectors and scalars."""
        trained = [p for p in self.parameters() if p.requires_grad]
        yield {"params": [p for p in trained if p.ndim > 1], "lr": lr, "weight_decay": weight_decay}
        yield {"params": [p for p in trained if p.ndim <= 1], "lr": lr, "weight_decay": 0.0}

    def before_step(self, step: int, steps: int) -> None:
        """Called before every step with its number (from 0) and the length of the training: stages, freezing, moving
        averages. It must depend on nothing but them and the state of the module, so that a resumed training is the same
        training."""
