"""The tiny BERT: masked word pieces of captions (Devlin et al. 2019, section 3.1), without its sentence pairs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from glalign.config.from_mapping import from_mapping
from glalign.contract.specs.twins import PretrainSpec
from glalign.contract.tokenizer import MarkedTokenizer
from glalign.engine.optim import make_optimizer, rate_factor, set_rates
from glalign.language.tokenizers import FileTokenizer
from glalign.models.losses.masking import mask_tokens
from glalign.models.losses.mlm import mlm_loss
from glalign.models.towers.bert import INIT_STD, Bert, bert
from glalign.models.towers.phobert import PhoBert
from glalign.pretraining.corpus import draw_captions
from glalign.storage.weight_files import Weights, save_weights
from glalign.support.progress import Progress
from glalign.support.random_streams import seed_for
from glalign.support.torch_settings import prepare

SHARE = 0.15  # share of word pieces to predict (Devlin et al. 2019)
Spellings = Mapping[int, list[list[int]]]
"""Id of a whole word -> other pieces that spell it."""


@dataclass(frozen=True)
class Options:
    """The `model:` keys of the recipe, also of that of the tiny PhoBERT.

    backbone: a name of `models.towers.bert` or `.phobert`. vocabulary: name of the tokenizer's file or files.
    max_tokens: of a caption, special tokens included. spelt: share of the words that are spelt in smaller pieces, as
    unknown words are; else these pieces would never be trained, because the vocabulary has every word of this corpus.
    """

    backbone: str
    vocabulary: str
    max_tokens: int = 128
    spelt: float = 0.0


class Learner(NamedTuple):
    """An encoder to train, with the epsilon of its layer norms and its tokenizer."""

    encoder: Bert | PhoBert
    eps: float
    tokenizer: MarkedTokenizer
    spellings: Spellings


class MaskedWords(nn.Module):
    """An encoder with BERT's head for masked words: linear layer, GELU, LayerNorm, the embedding table as decoder."""

    def __init__(self, encoder: Bert | PhoBert, eps: float):
        super().__init__()
        self.encoder, width = encoder, encoder.width
        linear = nn.Linear(width, width)
        self.transform = nn.Sequential(linear, nn.GELU(), nn.LayerNorm(width, eps))
        self.bias = nn.Parameter(torch.zeros(encoder.words.num_embeddings))
        nn.init.normal_(linear.weight, std=INIT_STD)
        nn.init.zeros_(linear.bias)

    def forward(self, ids: Tensor, lengths: Tensor, chosen: Tensor) -> Tensor:
        """Logits (M, V) at the M chosen positions (B, T) of masked ids (B, T)."""
        return F.linear(self.transform(self.encoder(ids, lengths)[chosen]), self.encoder.words.weight, self.bias)


def pretrain_bert(spec: PretrainSpec, out: Path) -> dict[str, Any]:
    """Train BERT on masked words, see `pretrain_words`; its head is not written."""

    def build(options: Options, weights: Weights) -> Learner:
        path = weights.vocabulary(options.vocabulary)
        tokenizer = FileTokenizer(path, options.max_tokens)
        encoder = bert(options.backbone, tokenizer.vocab_size)
        return Learner(encoder, encoder.shape.eps, tokenizer, spellings(path))

    return pretrain_words(spec, build, out)


def pretrain_words(spec: PretrainSpec, build: Callable[[Options, Weights], Learner], out: Path) -> dict[str, Any]:
    """Train the learner that `build` makes on masked words of the corpus's captions; write its encoder to `out`.

    Returns: the number of captions and the course: held-out accuracy (percent of the masked pieces) over the steps.
    """
    assert spec.corpus and spec.optim and spec.batch and spec.validate_every
    prepare(spec.threads, "cpu")
    options, optim = from_mapping(Options, spec.model, "pretraining.model"), spec.optim
    torch.manual_seed(seed_for(spec.seed, "weights"))
    learner = build(options, Weights(Path(spec.weights)))
    tokenizer, model = learner.tokenizer, MaskedWords(learner.encoder, learner.eps)
    captions, last = draw_captions(spec.corpus), spec.corpus.identities - spec.held_out
    stream = Generator().manual_seed(seed_for(spec.seed, "spelling"))
    parts = ([text for person, text in captions if (person > last) == late] for late in (False, True))
    train, held_out = (Table(texts, tokenizer, learner.spellings, options.spelt, stream) for texts in parts)
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
            logits, words = predicted(model.train(), *train.batch(rows), tokenizer, stream)
            loss = mlm_loss(logits, words)
            set_rates(optimizer, factor(step))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            if (step + 1) % spec.validate_every == 0 or step + 1 == spec.steps:
                accuracy = held_out_accuracy(model, held_out, tokenizer, spec.seed)
                lines.append({"step": step + 1, "loss": float(loss.detach()), "held_out_accuracy": accuracy})
            progress.update(1, f"loss {float(loss.detach()):.3f}")
    save_weights(out, learner.encoder.state_dict())
    return {"captions": len(train.lengths), "held_out_captions": len(held_out.lengths), "course": lines}


def spellings(path: Path) -> Spellings:
    """Map the id of every whole word of a WordPiece vocabulary to the ids of its letters, if it has all of them."""
    from tokenizers import Tokenizer  # noqa: PLC0415

    index = Tokenizer.from_file(str(path)).get_vocab()
    known = {}
    for word, number in index.items():
        pieces = [word[:1], *(f"##{letter}" for letter in word[1:])]
        if len(pieces) > 1 and all(piece in index for piece in pieces):
            known[number] = [[index[piece] for piece in pieces]]
    return known


class Table:
    """Captions as padded ids (N, T) and lengths (N,), each word spelt out with probability `share`."""

    def __init__(
        self, texts: Sequence[str], tokenizer: MarkedTokenizer, known: Spellings, share: float, stream: Generator
    ):
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


def predicted(
    model: MaskedWords, ids: Tensor, lengths: Tensor, tokenizer: MarkedTokenizer, stream: Generator
) -> tuple[Tensor, Tensor]:
    """Logits (M, V) at masked positions and their true ids (M,); special tokens and padding are never masked."""
    place = torch.arange(ids.shape[1])
    ordinary = (place > 0) & (place < lengths[:, None] - 1)
    masked, chosen = mask_tokens(ids, ordinary, tokenizer.mask_id, (0, tokenizer.vocab_size), SHARE, stream)
    return model(masked, lengths, chosen), ids[chosen]


@torch.no_grad()
def held_out_accuracy(model: MaskedWords, table: Table, tokenizer: MarkedTokenizer, seed: int) -> float:
    """Percent of masked pieces of the table that are predicted correctly; the same pieces in every call."""
    stream = Generator().manual_seed(seed_for(seed, "held out"))
    logits, words = predicted(model.eval(), table.ids, table.lengths, tokenizer, stream)
    return 100.0 * float((logits.argmax(1) == words).float().mean())
