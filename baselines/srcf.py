"""SRCF (Suo et al., ECCV 2022): correlation filters attend to the person and its parts in images and captions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from glalign.config.from_mapping import from_mapping, require
from glalign.contract.retriever import Batch, Features, Retriever, Shapes
from glalign.contract.training_info import TrainingInfo
from glalign.language.tokenizers import FileTokenizer
from glalign.models import correlation_filters as filters
from glalign.models.data_parallel import run_sharded
from glalign.models.host_copies import sent
from glalign.models.losses.ranking import adaptive_margins, semi_hard_ranking
from glalign.models.parameter_groups import trunk_and_rest
from glalign.models.towers.backbones import resnet_trunk
from glalign.models.towers.bert import bert_shape
from glalign.models.towers.frozen_bert import FrozenBert
from glalign.models.towers.resnet import ResNetTrunk
from glalign.models.towers.text_cnn import TextCnn
from glalign.storage.weight_files import Weights
from glalign.support.errors import UserError

CLASSIFIER_STD = 0.001
"""Standard deviation of the initial weights of the identity classifiers."""

FEATURES = ("global", "local", "mixed")
"""Names of the features of both sides."""


@dataclass(frozen=True)
class Options:
    """The `model:` keys. The defaults are the original's (Suo-Wei/SRCF@6bfa395, run/train.bash; shares of 60 epochs).

    backbone, weights: the image trunk and its file. text, text_weights, vocabulary: the frozen BERT, its file and its
    word pieces. text_dropout_from: share of the training from which BERT's dropout is on, 1 for never. max_tokens: of a
    caption, marks included; every caption is padded to it. feature, mixed_feature: widths of the global and local and
    of the non-local features. parts: part filters. scale: of the filters' cosines. rate: of the part filters' moving
    average, which stops after `parts_until` of the training. slope: of the leaky ReLUs. margin: of the ranking loss;
    adaptive_from: share of the training from which the second captions' margins adapt, least_margin: below which they
    are dropped; second_weight: weight of the second captions. local_weight, mixed_weight: of these features' identity
    and ranking losses. exclusivity_weight. trunk_rate: learning rate of the trunk relative to the rest.
    """

    backbone: str = "resnet50"
    weights: str = "resnet50"
    text: str = "bert-base"
    text_weights: str = "bert-base-uncased"
    vocabulary: str = "bert-base-uncased"
    text_dropout_from: float = 1 / 60
    max_tokens: int = 65
    feature: int = 1024
    mixed_feature: int = 512
    parts: int = 6
    scale: float = 25.0
    rate: float = 0.01
    parts_until: float = 26 / 60
    slope: float = 0.25
    margin: float = 0.2
    adaptive_from: float = 5 / 60
    least_margin: float = 0.16
    second_weight: float = 0.1
    local_weight: float = 0.5
    mixed_weight: float = 0.5
    exclusivity_weight: float = 1.0
    trunk_rate: float = 0.1

    def __post_init__(self) -> None:
        shares = ("text_dropout_from", "rate", "parts_until", "adaptive_from", "slope")
        weights = ("least_margin", "second_weight", "local_weight", "mixed_weight", "exclusivity_weight", "trunk_rate")
        require(self, ("max_tokens",), lambda value: value >= 3, "is too small; choose 3 or more")
        require(self, ("feature",), lambda value: value >= 2, "is too small; choose 2 or more")
        require(self, ("mixed_feature", "parts"), lambda value: value >= 1, "is too small; choose 1 or more")
        require(self, ("scale", "margin"), lambda value: value > 0, "is too small; choose a number above 0")
        require(self, shares, lambda value: 0 <= value <= 1, "is no share; choose a number from 0 to 1")
        require(self, weights, lambda value: value >= 0, "is negative; choose 0 or more")


class Side(NamedTuple):
    """Outputs for images or captions.

    whole, local, mixed: features (B, 1, F), (B, P, F), (B, P, M). figure, parts: attention over positions, (B, N, 2) of
    foreground and background, and (B, N, P) of the parts.
    """

    whole: Tensor
    local: Tensor
    mixed: Tensor
    figure: Tensor
    parts: Tensor

    def unit(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return the three features, each as one unit vector per item."""
        whole, local, mixed = (F.normalize(feature.flatten(1)) for feature in self[:3])
        return whole, local, mixed


class Srcf(Retriever):
    """Global, part and mixed-part features of both sides, matched by identity and ranked against semi-hard negatives.

    Source: Suo-Wei/SRCF@6bfa395 (MIT licence), reimplemented; where paper and repository differ, the repository with
    the arguments of its run/train.bash.

    Kept: ResNet-50 whose last stage has stride 1; a frozen BERT-base without gradient, its dropout off in the first
    epoch and on afterwards (the original calls eval() once and train() after its first test: `text_dropout_from`), a 1
    x 1 convolution to 1,024 and three residual blocks to 2,048 over its words; one 1 x 1 convolution for the maximum
    over the positions of both sides, which for a caption covers all 65 slots with the padding (every caption is padded
    to 65, so that features do not depend on the batch); everything else uses only the words between the marks. Two
    denoising filters per side, softmax of 25 times the cosine. Six part filters per side as moving averages (.99 and
    .01 during the first 26 of 60 epochs, then fixed): images move them towards the maxima of six bands of their
    foreground, averaged over the batch; captions move them, one after the other with weight .01 / B, towards the maxima
    of six linear maps of their foreground, and each is encoded with the filters after its own update; the second
    captions move the filters again. The gradient passes through these maxima, the stored filters have none. Softmax
    over positions, 1 x 1 convolution per part, LeakyReLU .25 before the local feature is used anywhere; non-local block
    over the parts. Identity losses with 1 + 6 + 6 classifiers (N(0, .001)), weights 1, .5 and .5. Ranking of the three
    features with the same weights: per anchor one negative drawn among those behind the positive by less than the
    margin .2, sums over anchors and both directions; plus .1 times the same with a caption of another image of the
    person, whose margin is .1 for 5 epochs and then (lambda + 1) / 10 with lambda the ratio of the two positive
    cosines, at most 1, where anchors below .16 are left out; when no anchor has such a negative, the last anchor and
    its first negative count. Exclusivity: mean squared error of the Gram matrices of shares against the identity, six
    terms. At test the sum of the three cosines. Adam with rate 5e-4 (trunk a tenth), a tenth of it after 20, 40, 50 and
    55 of 60 epochs, without decay, are `optim:` values; batch 32, 384 x 128 pixels, resized bicubically, flip, rotation
    by up to 15 degrees with black corners and statistics of one half are `data:` values.

    Simplified: the updates by captions are computed at once in closed form; the cosines of a foreground position are
    taken of the position itself, which its share does not turn (the original's differ where a share is below 1e-12);
    the last batch of an epoch is completed from the next (original: dropped); LR
    per step (original: per epoch); BERT without its pooler, which the original loads and never uses; a caption of no
    word has part features of 0 and a batch of one person has no ranking loss (both stop the original).

    Not done: the layers that the original creates and never uses (58.5 M parameters). Leaving out the persons with one
    image (11,000 classes instead of 11,003 for CUHK-PEDES): they stay, and where a person has no second image the
    second caption is another one of the same image. Choosing epoch and one of five sums of cosines by the test split.

    At a disadvantage: of the text side only a frozen BERT is pre-trained, in the demo one of two layers that saw 5,600
    captions and no image; the text CNN, the filters and all heads start from random values. A sixth of the
    demo's captions is longer than the 48 tokens that are used there.
    """

    needs = frozenset({"caption_of_other_image"})
    class_heads = ("classifiers.",)
    image_parts: Tensor
    text_parts: Tensor

    def __init__(
        self, options: Options, trunk: ResNetTrunk, text: FrozenBert, tokenizer: FileTokenizer, identities: int
    ):
        super().__init__()
        self.options, self.trunk, self.text, self.tokenizer = options, trunk, text, tokenizer
        channels, parts, feature, mixed = trunk.channels, options.parts, options.feature, options.mixed_feature
        self.embed_dim = feature
        self.text_cnn = TextCnn(text.width, channels)
        self.whole = nn.Linear(channels, feature, bias=False)
        nn.init.kaiming_normal_(self.whole.weight, mode="fan_out", nonlinearity="relu")
        self.image_filters, self.text_filters = (nn.Parameter(torch.randn(2, channels)) for _ in range(2))
        self.register_buffer("image_parts", torch.randn(parts, channels))
        self.register_buffer("text_parts", torch.randn(parts, channels))
        self.text_maps = nn.Linear(channels, parts * channels)
        self.local = filters.PartLinear(parts, channels, feature)
        self.non_local = filters.NonLocal(parts, feature, feature // 2, mixed, options.slope)
        self.classifiers = nn.ModuleDict()
        for name, count, width in (("whole", 1, feature), ("local", parts, feature), ("mixed", parts, mixed)):
            self.classifiers[name] = filters.PartLinear(count, width, identities, std=CLASSIFIER_STD, bias=True)
        self.moving, self.adaptive = True, False  # whether filters move and margins adapt; set by `before_step`

    @classmethod
    def build(cls, model: Mapping[str, Any], image_size: tuple[int, int], info: TrainingInfo, weights: Weights) -> Self:
        """See `Retriever.build`; any image size fits."""
        options = from_mapping(Options, model, "model")
        trunk = resnet_trunk(options.backbone, last_stride=1)
        tokenizer = FileTokenizer(weights.vocabulary(options.vocabulary), options.max_tokens, "bert")
        text = FrozenBert(bert_shape(options.text), tokenizer.vocab_size)
        if text.shape.positions < options.max_tokens:
            raise UserError(f"model.max_tokens: {options.max_tokens}; {options.text} reads {text.shape.positions}")
        weights.fill(trunk, options.weights)
        weights.fill(text, options.text_weights)
        return cls(options, trunk, text, tokenizer, info.identities)

    def before_step(self, step: int, steps: int) -> None:
        """Switch BERT's dropout, the moving part filters and the adaptive margins."""
        self.text.train(step >= self.options.text_dropout_from * steps)
        self.moving = step < self.options.parts_until * steps
        self.adaptive = step >= self.options.adaptive_from * steps

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Terms `id`, `ranking` and `exclusivity`."""
        options = self.options
        host = batch.on_host
        image, text = self.image_side(batch.pixels), self.text_side(host.tokens, host.lengths)
        sides = (image, text, self.text_side(host.other_tokens, host.other_lengths))
        weights = (1.0, options.local_weight, options.mixed_weight)
        id_losses, rankings = [], []
        for kind, (weight, classify) in enumerate(zip(weights, self.classifiers.values(), strict=True)):
            of_image, of_text = (identity_loss(classify(side[kind]), batch.person) for side in (image, text))
            id_losses.append(weight * (of_image + of_text))
        for weight, first, second, third in zip(weights, *(side.unit() for side in sides), strict=True):
            rankings.append(weight * self.ranking(first, second, third, batch.person, batch.generator))
        overlaps = [filters.exclusivity_loss(side.figure) + filters.exclusivity_loss(side.parts) for side in sides]
        return {
            "id": torch.stack(id_losses).sum(),
            "ranking": torch.stack(rankings).sum(),
            "exclusivity": options.exclusivity_weight * torch.stack(overlaps).sum(),
        }

    def ranking(
        self, image: Tensor, text: Tensor, other: Tensor, person: Tensor, generator: Generator | None
    ) -> Tensor:
        """Compound ranking loss of one kind of feature; unit vectors (B, E), `other` of the second captions."""
        options = self.options
        scores, seconds = image @ text.T, image @ other.T
        full = torch.full_like(scores[0], options.margin)
        first = semi_hard_ranking(scores, person, full, generator)
        if self.adaptive:
            margins = adaptive_margins(scores.diagonal(), seconds.diagonal(), options.margin)
            second = semi_hard_ranking(seconds, person, margins, generator, margins >= options.least_margin)
        else:
            second = semi_hard_ranking(seconds, person, full / 2, generator)
        return first + options.second_weight * second

    def encode_images(self, batch: Batch) -> Features:
        """Return unit vectors "global", "local" and "mixed"."""
        return dict(zip(FEATURES, self.image_side(batch.pixels).unit(), strict=True))

    def encode_texts(self, batch: Batch) -> Features:
        """As `encode_images`."""
        host = batch.on_host
        return dict(zip(FEATURES, self.text_side(host.tokens, host.lengths).unit(), strict=True))

    def similarity(self, texts: Features, images: Features) -> Tensor:
        """Return the sum (Q, G) of the three cosines."""
        whole, local, mixed = (texts[name] @ images[name].T for name in FEATURES)
        return whole + local + mixed

    def feature_shapes(self) -> tuple[Shapes, Shapes]:
        """See `encode_images`; the same for captions."""
        options = self.options
        local, mixed = options.parts * options.feature, options.parts * options.mixed_feature
        shapes: Shapes = {"global": (options.feature,), "local": (local,), "mixed": (mixed,)}
        return shapes, shapes

    def parameter_groups(self, lr: float, weight_decay: float) -> Iterable[dict[str, Any]]:
        """Return groups with the trunk at its relative rate; no decay for vectors, and nothing of BERT."""
        trained = (p for p in self.parameters() if p.requires_grad)
        return trunk_and_rest(trained, self.trunk, lr, self.options.trunk_rate, weight_decay)

    def image_side(self, pixels: Tensor) -> Side:
        """Encode images; in training their foreground moves the part filters."""
        cells, options = self.trunk(pixels), self.options
        positions = cells.flatten(2).transpose(1, 2)
        mask = torch.ones(positions.shape[:2], dtype=torch.bool, device=positions.device)
        units = F.normalize(positions, dim=-1)
        figure = filters.foreground_attention(units, self.image_filters, options.scale, mask)
        parts = self.image_parts
        if self.training and self.moving:
            foreground = cells * figure[..., 0].view_as(cells[:, :1])
            parts = filters.update_filters(parts, filters.band_max(foreground, options.parts), options.rate)
            self.image_parts.copy_(parts.detach())
        attention = filters.part_attention(units, parts, options.scale, mask)
        return self.make_side(cells.amax((2, 3)), positions, figure, attention)

    def text_side(self, tokens: Tensor, lengths: Tensor) -> Side:
        """Encode captions; in training their foreground moves the part filters, one caption after the other.

        Tokens and lengths may lie on the host.
        """
        options = self.options
        ids = F.pad(tokens, (0, options.max_tokens - tokens.shape[1]), value=self.tokenizer.pad_id)
        slots = run_sharded(self.text_cnn, self.text(ids, lengths))
        end = max(3, int(lengths.max())) - 1  # the longest caption's end mark
        positions = slots[:, 1:end]
        mask = sent(torch.arange(1, end, device=lengths.device) < lengths[:, None] - 1, slots)
        units = F.normalize(positions, dim=-1)
        figure = filters.foreground_attention(units, self.text_filters, options.scale, mask)
        parts = self.text_parts
        if self.training and self.moving:
            peaks = filters.masked_max(self.text_maps(figure[..., :1] * positions), mask).unflatten(1, parts.shape)
            parts = filters.update_filters_in_turn(parts, peaks, options.rate / len(lengths))
            self.text_parts.copy_(parts[-1].detach())
        attention = filters.part_attention(units, parts, options.scale, mask)
        return self.make_side(slots.amax(1), positions, figure, attention)

    def make_side(self, maximum: Tensor, positions: Tensor, figure: Tensor, attention: Tensor) -> Side:
        """Compute the features of the maximum over positions (B, C) and of the foreground of each part."""
        foreground = (figure[..., :1] * attention).transpose(1, 2) @ positions
        local = F.leaky_relu(self.local(foreground), self.options.slope)
        return Side(self.whole(maximum)[:, None], local, self.non_local(local), figure, attention)


def identity_loss(logits: Tensor, person: Tensor) -> Tensor:
    """Mean over items and parts of the cross-entropies; logits (B, P, identities), person (B,)."""
    return F.cross_entropy(logits.flatten(0, 1), person.repeat_interleave(logits.shape[1]))
