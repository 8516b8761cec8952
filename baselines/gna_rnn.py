"""GNA-RNN (Li et al., CVPR 2017): an LSTM over a caption, conditioned on the image, scores the pair."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from glalign.config.from_mapping import from_mapping, require
from glalign.contract.retriever import Batch, Features, Retriever, Shapes
from glalign.contract.tokenizer import WordSplitter, unpunctuated_words
from glalign.contract.training_info import TrainingInfo
from glalign.language.tokenizers import WordTokenizer
from glalign.models.data_parallel import run_sharded
from glalign.models.host_copies import sent
from glalign.models.parameter_groups import trunk_and_rest
from glalign.models.towers.backbones import vgg_trunk
from glalign.models.towers.vgg import VggTrunk
from glalign.storage.weight_files import Weights
from glalign.support.errors import UserError

PAIRS = 4096
"""Number of pairs that are scored at a time; a constant, because sums of floats depend on it.

At the demo's size the fastest on a CPU of 1,024 to 16,384; at the original's size one step is 11 GFLOP, enough for a
GPU, and takes some 80 MB.
"""


@dataclass(frozen=True)
class Options:
    """The `model:` keys. The defaults are the original's (ShuangLI59's GNA-RNN@0ac8e02; Li et al., section 4).

    backbone, weights: the image trunk and its file. max_words: longest caption. min_count: rarer words share one
    unknown word. embedding: width of the word and image inputs of the LSTM. hidden: width of the LSTM. units: number of
    visual units. dropout: of the LSTM's states before the heads. trunk_dropout: after both of the trunk's fully
    connected layers. negatives: mismatched pairs per matching pair. frozen: share of the training with a frozen trunk.
    trunk_rate: the trunk's learning rate thereafter, relative to the rest (1e-5 to 4e-4).
    """

    backbone: str = "vgg16"
    weights: str = "vgg16"
    max_words: int = 50
    min_count: int = 3
    embedding: int = 512
    hidden: int = 512
    units: int = 512
    dropout: float = 0.5
    trunk_dropout: float = 0.5
    negatives: int = 3
    frozen: float = 1.0
    trunk_rate: float = 0.025

    def __post_init__(self) -> None:
        counts = ("max_words", "min_count", "embedding", "hidden", "units", "negatives")
        require(self, counts, lambda value: value >= 1, "is too small; choose 1 or more")
        shares = ("dropout", "trunk_dropout")
        require(self, shares, lambda value: 0 <= value < 1, "is no share to drop; choose 0 to below 1")
        require(self, ("frozen",), lambda value: 0 <= value <= 1, "is no share of the training; choose 0 to 1")
        require(self, ("trunk_rate",), lambda value: value >= 0, "is negative; choose 0 or a positive factor")


class GnaRnn(Retriever):
    """Pairwise affinity: each word attends to the visual units of the image and is weighted by a gate.

    Source: ShuangLI59's person search repository (GNA-RNN)@0ac8e02 and Li et al., CVPR 2017, section 4, reimplemented
    from a description of them.

    Kept: VGG-16 up to fc7, frozen (the released default never trains it), its dropout of .5 active in training all the
    same; two image heads of one shape (linear, BatchNorm, ReLU, linear, 512 wide), one of which is concatenated to
    every word embedding of 512, the other one being the 512 visual units; one LSTM layer of 512 with two bias vectors,
    zero initial state and the released order of gates (input, forget, output, candidate); a softmax over the units and
    a sigmoid gate per word, both computed from the state after dropout of .5 that the recurrence does not have; the
    sum, not the mean, over the words; mean binary cross-entropy over one positive to three negatives, each negative an
    independent draw of an image and a caption of another image, which may show the same person. Captions are
    lower-cased, lose all their punctuation ("t-shirt" is tshirt), are cut after 50 words, without marks; words that
    occur more than twice are known, the others share one unknown word. Adam with rate 4e-4, constant, betas .8 and
    .999, are `optim:` values; 32 positives a batch, 224 x 224 pixels and no flip are `data:` values.

    Simplified: the score is the logit, whose order is the sigmoid's, but which does not saturate. Negatives are drawn
    from the batch (original: from the training set), so that every image goes through the trunk and the heads once;
    BatchNorm sees the batch's images (original: the images of the 128 pairs). A batch may hold two captions of one
    image, which then count as mismatched (rarely: images occur twice). Pairs are shuffled (original: images in order,
    each with a random caption). Images are shifted against a border (original: 224-pixel crops out of 256); their means
    are subtracted and they are divided by deviations, as torchvision's weights require (original: subtracted only).
    Gradients are clipped by norm, `optim.clip` (original: every value to +-5). The image of a test is squashed to the
    size of the network (original: to 256 pixels, and its centre is cropped). The running statistics of BatchNorm move
    once per step (original: once per word of the longest caption). Initial values are PyTorch's for such layers.

    Not done: the fine-tuning of VGG-16 on person classification before all else; its weights come from ImageNet (the
    demo's from attribute classification). Words of validation and test captions in the vocabulary, a leak. Choosing the
    weights by the accuracy of pairs at threshold .5; they are chosen as every system's.

    At a disadvantage: the demo trains for minutes, and each pair of a batch gives this loss one bit, while contrastive
    losses compare it with all other pairs.
    """

    needs = frozenset({"words"})

    def __init__(self, options: Options, trunk: VggTrunk, tokenizer: WordTokenizer):
        super().__init__()
        self.options, self.tokenizer, self.trunk = options, tokenizer, trunk
        self.embed_dim = options.units
        trunk.requires_grad_(options.frozen == 0)
        self.words = nn.Embedding(tokenizer.vocab_size - 1, options.embedding)  # no row for the padding
        self.language_head = image_head(trunk.channels, options.embedding)
        self.unit_head = image_head(trunk.channels, options.units)
        self.lstm = ImageConditionedLstm(options.embedding, options.hidden)
        self.attention, self.gate = nn.Linear(options.hidden, options.units), nn.Linear(options.hidden, 1)

    @classmethod
    def build(cls, model: Mapping[str, Any], image_size: tuple[int, int], info: TrainingInfo, weights: Weights) -> Self:
        """See `Retriever.build`; the vocabulary is made of `info.words`, and the image size is the trunk's."""
        options = from_mapping(Options, model, "model")
        trunk = vgg_trunk(options.backbone, options.trunk_dropout)
        if tuple(image_size) != trunk.shape.image_size:
            fits = list(trunk.shape.image_size)
            raise UserError(f"data.image_size: {list(image_size)}; {options.backbone} reads images of {fits}")
        limits = options.max_words, options.min_count
        marks: dict[str, Any] = {"unknown": True, "lower_case": True, "split": unpunctuated_words}
        tokenizer = WordTokenizer.counted(info.words, *limits, **marks)
        system = cls(options, trunk, tokenizer)
        weights.fill(trunk, options.weights)
        return system

    @classmethod
    def word_split(cls, model: Mapping[str, Any]) -> WordSplitter:
        return unpunctuated_words

    def before_step(self, step: int, steps: int) -> None:
        """Unfreeze the trunk after its share of frozen steps; it has no running statistics to freeze."""
        self.trunk.requires_grad_(step >= self.options.frozen * steps)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Term `affinity`: mean binary cross-entropy over the batch's pairs and its mismatched ones."""
        count = len(batch.tokens)
        pairs = sample_pairs(count, self.options.negatives, batch.generator)
        images, captions = pairs
        features = self.encode_images(batch)
        encode = partial(self.affinities, batch.tokens, batch.on_host.lengths, features)
        logits = run_sharded(encode, captions, images)
        targets = (torch.arange(len(logits), device=logits.device) < count).to(logits.dtype)
        return {"affinity": F.binary_cross_entropy_with_logits(logits, targets)}

    def encode_images(self, batch: Batch) -> Features:
        """Return the LSTM's image input, "language" (B, embedding), and the visual "units" (B, units)."""
        fc7 = self.trunk(batch.pixels)
        return {"language": self.language_head(fc7), "units": self.unit_head(fc7)}

    def encode_texts(self, batch: Batch) -> Features:
        """Return the captions, "tokens" (B, max_words) and "lengths" (B,): they are encoded with an image only."""
        padding = self.options.max_words - batch.tokens.shape[1]
        return {"tokens": F.pad(batch.tokens, (0, padding)), "lengths": batch.lengths}

    def feature_shapes(self) -> tuple[Shapes, Shapes]:
        """See `encode_texts` and `encode_images`."""
        texts: Shapes = {"tokens": (self.options.max_words,), "lengths": ()}
        return texts, {"language": (self.options.embedding,), "units": (self.options.units,)}

    def affinities(
        self, tokens: Tensor, lengths: Tensor, features: Features, captions: Tensor, images: Tensor
    ) -> Tensor:
        """Return the logits (M,) of the pairs (captions[m], images[m]), for training.

        tokens: (C, T). features: of `encode_images`. lengths (C,) and the row numbers captions, images (M,) lie on the
        host, which steps through the words.
        """
        order = lengths[captions].argsort(descending=True, stable=True)
        captions, images = captions[order], images[order]
        # (T, M): which pairs have a word at which step; the longest captions come first.
        mask = torch.arange(tokens.shape[1])[:, None] < lengths[captions]
        places, pair = mask.flatten().nonzero()[:, 0], mask.nonzero()[:, 1]
        counts, rows = mask.sum(dim=1).tolist(), [sent(index, tokens) for index in (captions, images)]
        states = self.lstm(self.embed(tokens), features["language"], *rows, counts)
        states = F.dropout(states, self.options.dropout, self.training)
        units = features["units"][rows[1]][sent(pair, tokens)]
        attended = (self.attention(states).softmax(dim=1) * units).sum(dim=1)
        scores = self.gate(states).sigmoid()[:, 0] * attended
        each = scores.new_zeros(mask.numel()).scatter(0, sent(places, tokens), scores)
        return each.view(mask.shape).sum(dim=0)[sent(order.argsort(), tokens)]

    @torch.no_grad()
    def similarity(self, texts: Features, images: Features) -> Tensor:
        """Return the logits (Q, G), computed for PAIRS pairs at a time, with captions of similar length together."""
        tokens, lengths = texts["tokens"], texts["lengths"]
        order = lengths.argsort(descending=True, stable=True)
        of_image, units = self.lstm.image(images["language"]).T.contiguous(), images["units"].T.contiguous()
        count = units.shape[1]
        width = min(count, PAIRS)
        scores = units.new_zeros(len(tokens), count)
        for rows in order.split(PAIRS // width):
            ids, sizes = tokens[rows], lengths[rows].tolist()
            of_word = self.lstm.word(self.embed(ids[:, : sizes[0]])) + self.lstm.state.bias
            for left in range(0, count, width):
                part = slice(left, left + width)
                scores[rows, part] = self.grid_scores(of_word, sizes, of_image[:, part], units[:, part])
        return scores

    def grid_scores(self, of_word: Tensor, sizes: Sequence[int], of_image: Tensor, units: Tensor) -> Tensor:
        """Return the logits (c, g) of c captions, longest first, and g images; without dropout and gradients.

        Channels come before images, so that gates and units are sliced and summed in contiguous rows of memory.
        of_word, of_image: (c, T, 4 hidden), (4 hidden, g), both halves of the gates' input. sizes: number of words of
        each caption. units: (units, g).
        """
        hidden, number = self.options.hidden, self.options.units
        captions, width = len(sizes), of_image.shape[1]
        recurrent = self.lstm.state.weight.expand(captions, -1, -1)
        heads = torch.cat([self.attention.weight, self.gate.weight]).expand(captions, -1, -1)
        bias = torch.cat([self.attention.bias, self.gate.bias])[:, None]
        # Overwritten at every step: new memory takes a seventh longer, or more where the states are larger.
        gates, state = (units.new_zeros(captions, rows, width) for rows in (4 * hidden, hidden))
        logits, product = (units.new_zeros(captions, rows, width) for rows in (number + 1, number))
        cell, total = torch.zeros_like(state), units.new_zeros(captions, width)
        for step in range(sizes[0]):
            rows = sum(size > step for size in sizes)  # the captions that have a word at this step
            gates, state, cell, logits, product = (x[:rows] for x in (gates, state, cell, logits, product))
            torch.bmm(recurrent[:rows], state, out=gates)
            gates.add_(of_image).add_(of_word[:rows, step, :, None])
            gates[:, : 3 * hidden].sigmoid_()
            enter, forget, output, candidate = gates.split(hidden, dim=1)
            cell.mul_(forget).addcmul_(enter, candidate.tanh_())
            torch.tanh(cell, out=state).mul_(output)
            torch.bmm(heads[:rows], state, out=logits).add_(bias)
            weights = logits[:, :number]
            weights.sub_(weights.amax(dim=1, keepdim=True)).exp_()
            attended = torch.mul(weights, units, out=product).sum(dim=1) / weights.sum(dim=1)
            total[:rows] += logits[:, number].sigmoid() * attended
        return total

    def embed(self, tokens: Tensor) -> Tensor:
        """Return the word vectors of ids, which count from 1; no step uses those of the padding (0)."""
        return self.words((tokens - 1).clamp(min=0))

    def parameter_groups(self, lr: float, weight_decay: float) -> Iterable[dict[str, Any]]:
        """Return groups with the trunk, unless it stays frozen, at its relative rate; no decay for vectors."""
        trunk = {id(p) for p in self.trunk.parameters()}
        trained = (p for p in self.parameters() if self.options.frozen < 1 or id(p) not in trunk)
        return trunk_and_rest(trained, self.trunk, lr, self.options.trunk_rate, weight_decay)


class ImageConditionedLstm(nn.Module):
    """An LSTM whose input at every step is the concatenation [word; image].

    Its projection is the sum of the projections of both halves: the image's is computed once instead of at every step,
    a word's once instead of for every image. Gates: input, forget, output, candidate.
    """

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.hidden = hidden
        self.word, self.image = nn.Linear(width, 4 * hidden), nn.Linear(width, 4 * hidden, bias=False)
        self.state = nn.Linear(hidden, 4 * hidden)

    def forward(
        self, words: Tensor, features: Tensor, captions: Tensor, images: Tensor, counts: Sequence[int]
    ) -> Tensor:
        """Return the states (S, hidden) after every word of the pairs (captions[m], images[m]), step by step.

        words: (C, T, width). features: (N, width) of images. counts: at step t the first counts[t] pairs have a word.
        """
        of_image = self.image(features)[images]
        # Cut up once: the gradient of an index writes zeros for all steps at every step.
        of_words = self.word(words).transpose(0, 1).unbind()
        state = cell = words.new_zeros(len(captions), self.hidden)
        states = []
        for of_word, rows in zip(of_words, counts, strict=False):
            gates = of_image[:rows] + of_word[captions[:rows]] + self.state(state[:rows])
            enter, forget, output, candidate = gates.chunk(4, dim=1)
            cell = forget.sigmoid() * cell[:rows] + enter.sigmoid() * candidate.tanh()
            state = output.sigmoid() * cell.tanh()
            states.append(state)
        return torch.cat(states)


def image_head(channels: int, width: int) -> nn.Sequential:
    """Build two linear layers with BatchNorm and ReLU between them."""
    return nn.Sequential(nn.Linear(channels, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, width))


def sample_pairs(count: int, negatives: int, generator: Generator | None) -> tuple[Tensor, Tensor]:
    """Return image and caption numbers (M,): the `count` pairs of the batch, then `negatives` times as many mismatches.

    A mismatch is an independent draw of an image and of a caption of another image. A batch of one pair has none.
    """
    own = torch.arange(count)
    draws = negatives * count if count > 1 else 0
    image = torch.randint(count, (draws,), generator=generator)
    offset = torch.randint(1, max(2, count), (draws,), generator=generator)
    return torch.cat([own, image]), torch.cat([own, (image + offset) % count])
