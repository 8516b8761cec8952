"""The pre-training of a text encoder on captions alone: it predicts words, masked or the next ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor, nn

from glalign.config.from_mapping import from_mapping
from glalign.contract.specs.twins import PretrainSpec
from glalign.contract.tokenizer import Tokenizer
from glalign.engine.optim import make_optimizer, rate_factor, set_rates
from glalign.models.losses.mlm import mlm_loss
from glalign.pretraining.corpus import draw_captions
from glalign.storage.weight_files import Weights, save_weights
from glalign.support.progress import Progress
from glalign.support.random_streams import seed_for
from glalign.support.torch_settings import prepare

Spellings = Mapping[int, list[list[int]]]
"""Id of a word or piece -> other pieces that spell it."""


@dataclass(frozen=True)
class Options:
    """The `model:` keys of the recipe.

    backbone: a name of `models.towers.bert`, `.phobert` or `.gpt2`. vocabulary: name of the tokenizer's file or files.
    max_tokens: of a caption, special tokens included. spelt: share of the words that are spelt in smaller pieces, as
    unknown words are; else these pieces would never be trained, because the vocabulary has every word of this corpus.
    """

    backbone: str
    vocabulary: str
    max_tokens: int = 128
    spelt: float = 0.0


class WordModel(nn.Module):
    """An encoder with a head that predicts words of captions."""

    def __init__(self, encoder: nn.Module):
        super().__init__()
        self.encoder = encoder

    def predicted(self, ids: Tensor, lengths: Tensor, stream: Generator) -> tuple[Tensor, Tensor]:
        """Logits (M, V) of M words of the captions (B, T), and their true ids (M,)."""
        raise NotImplementedError


class Learner(NamedTuple):
    """An encoder to train with its head, and its tokenizer."""

    model: WordModel
    tokenizer: Tokenizer
    spellings: Spellings


def pretrain_words(spec: PretrainSpec, build: Callable[[Options, Weights], Learner], out: Path) -> dict[str, Any]:
    """Train the learner that `build` makes on the corpus's captions; write its encoder to `out`, without the head.

    Returns: the number of captions and the course: held-out accuracy (percent of the predicted pieces) over the steps.
    """
    assert spec.corpus and spec.optim and spec.batch and spec.validate_every
    prepare(spec.threads, "cpu")
    options, optim = from_mapping(Options, spec.model, "pretraining.model"), spec.optim
    torch.manual_seed(seed_for(spec.seed, "weights"))
    model, tokenizer, known = build(options, Weights(Path(spec.weights)))
    captions, last = draw_captions(spec.corpus), spec.corpus.identities - spec.held_out
    stream = Generator().manual_seed(seed_for(spec.seed, "spelling"))
    parts = ([text for person, text in captions if (person > last) == late] for late in (False, True))
    train, held_out = (Table(texts, tokenizer, known, options.spelt, stream) for texts in parts)
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "lr": optim.lr, "weight_decay": optim.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "lr": optim.lr, "weight_decay": 0.0},
    ]
    optimizer, factor, lines = make_optimizer(groups, optim), rate_factor(optim, spec.steps), []
    with Progress(f"pretrain {spec.name}", spec.steps, "step") as progress:
        for step in range(spec.steps):
            stream = Generator().manual_seed(seed_for(spec.seed, "batch", step))
            torch.manual_seed(seed_for(spec.seed, "step", step))  # dropout
            rows = torch.randint(len(train.lengths), (spec.batch,), generator=stream)
            logits, words = model.train().predicted(*train.batch(rows), stream)
            loss = mlm_loss(logits, words)
            set_rates(optimizer, factor(step))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            if (step + 1) % spec.validate_every == 0 or step + 1 == spec.steps:
                accuracy = held_out_accuracy(model, held_out, spec.seed)
                lines.append({"step": step + 1, "loss": float(loss.detach()), "held_out_accuracy": accuracy})
            progress.update(1, f"loss {float(loss.detach()):.3f}")
    save_weights(out, model.encoder.state_dict())
    return {"captions": len(train.lengths), "held_out_captions": len(held_out.lengths), "course": lines}


class Table:
    """Captions as padded ids (N, T) and lengths (N,), each word spelt out with probability `share`."""

    def __init__(self, texts: Sequence[str], tokenizer: Tokenizer, known: Spellings, share: float, stream: Generator):
        rows = []
        for text in texts:
            ids, _ = tokenizer.encode(text)
            draws = torch.rand(len(ids), generator=stream).tolist()
            longer = [i for word, draw in zip(ids, draws, strict=True) for i in spelt(word, draw, share, known)]
            rows.append([*longer[:-1][: tokenizer.context_length - 1], ids[-1]])
        self.lengths = torch.tensor([len(row) for row in rows])
        self.ids = torch.full((len(rows), int(self.lengths.max())), tokenizer.pad_id)
        for number, row in enumerate(rows):
            self.ids[number, : len(row)] = torch.tensor(row)

    def batch(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Ids, cut to the longest of them, and lengths."""
        lengths = self.lengths[rows]
        return self.ids[rows, : int(lengths.max())], lengths


def spelt(word: int, draw: float, share: float, known: Spellings) -> list[int]:
    """The word's own id, or one of its spellings if `draw` (uniform, 0 to 1) is below `share`."""
    if draw >= share or word not in known:
        return [word]
    return known[word][int(draw / share * len(known[word]))]


@torch.no_grad()
def held_out_accuracy(model: WordModel, table: Table, seed: int) -> float:
    """Percent of predicted pieces of the table that are right; the same pieces in every call."""
    stream = Generator().manual_seed(seed_for(seed, "held out"))
    logits, words = model.eval().predicted(table.ids, table.lengths, stream)
    return 100.0 * float((logits.argmax(1) == words).float().mean())
