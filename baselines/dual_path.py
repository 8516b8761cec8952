"""Dual-path CNN (Zheng et al., TOMM 2020): a ResNet and a residual CNN over words share one classifier."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glalign.config.from_mapping import from_mapping, require
from glalign.contract.retriever import Batch, Features, Retriever
from glalign.contract.tokenizer import WordSplitter
from glalign.contract.training_info import TrainingInfo
from glalign.language.segmentation import SEGMENTERS, splitter
from glalign.language.tokenizers import WordTokenizer
from glalign.models.data_parallel import run_sharded
from glalign.models.host_copies import sent
from glalign.models.parameter_groups import trunk_and_rest
from glalign.models.towers.backbones import resnet_trunk
from glalign.models.towers.resnet import ResNetTrunk
from glalign.models.towers.word_convolution import WordConvolution
from glalign.storage.weight_files import Weights
from glalign.support.errors import UserError

NORM_EPS = 1e-3
"""Added to the variances of the new BatchNorm layers: the default of MatConvNet's `dagnn.BatchNorm`."""

WORD_STD = 0.1
"""Standard deviation of the random word vectors, near word2vec's; He's (.017 for 7,263 words) starts more slowly."""


@dataclass(frozen=True)
class Options:
    """The `model:` keys. The defaults are the original's (layumi/Image-Text-Embedding@eefe0f2, CUHK-PEDES scripts).

    backbone, weights: the image trunk and its file. max_words, embedding: length and width of the word input. width:
    factor on the widths of the text CNN. branch_scale: initial BatchNorm scale at the end of each of its residual
    branches. feature: width of both heads. dropout: share dropped before the classifier. min_count: rarer words are
    skipped. segmenter: splits captions into words, pyvi or underthesea (Vietnamese); null splits at blanks and
    punctuation. stage_one: share of the training with a frozen trunk. margin: of the ranking loss. *_weight: of the
    terms of stage II. trunk_rate: learning rate of the trunk in stage II, relative to the heads. text_slots: start
    slots summed per caption at test, 0 for all of them.
    """

    backbone: str = "resnet50"
    weights: str = "resnet50"
    max_words: int = 56
    embedding: int = 300
    width: float = 1.0
    branch_scale: float = 1.0
    feature: int = 2048
    dropout: float = 0.8
    min_count: int = 1
    segmenter: str | None = None
    stage_one: float = 150 / 211
    margin: float = 1.0
    ranking_weight: float = 1.0
    image_weight: float = 1.0
    text_weight: float = 0.5
    trunk_rate: float = 0.001
    text_slots: int = 0

    def __post_init__(self) -> None:
        if self.segmenter not in (None, *SEGMENTERS):
            raise UserError(f"model.segmenter: {self.segmenter!r}; choose {', '.join(SEGMENTERS)} or null")
        counts = ("max_words", "embedding", "feature", "min_count")
        require(self, counts, lambda value: value >= 1, "is too small; choose 1 or more")
        require(self, ("text_slots", "width", "margin"), lambda value: value >= 0, "is negative; choose 0 or more")
        require(self, ("dropout", "stage_one"), lambda value: 0 <= value <= 1, "is no share; choose 0 to 1")


STAGES = ((128, 64, 256, 3, 1), (512, 128, 512, 4, 2), (1024, 256, 1024, 6, 2), (2048, 0, 2048, 1, 1))
"""The text CNN of the CUHK-PEDES script; lengths 56, 28, 14, 14. Of each stage: hidden widths of the first block and of
the narrower ones (the last stage has none), output width, number of blocks, stride of the first block."""


class DualPath(Retriever):
    """Both paths are trained with one shared identity classifier (stage I), then also with a ranking loss (stage II).

    Source: layumi/Image-Text-Embedding@eefe0f2 (scripts for CUHK-PEDES), reimplemented from a description of it.

    Kept: layers, widths and initialisation of the heads and of the text CNN, with 1e-3 under the roots of their
    BatchNorm; words split as in the original, at most
    56, from a random start slot in training; stage I with a frozen trunk and CE 1 + 1, stage II with everything
    trained, ranking loss of margin 1 on L2-normalised features after the last ReLU, CE 1 (image) and .5 (text),
    switched at 150 of 211 epochs. The original divides sums by the batch of 32, so its ranking weight 2 on 16 anchors
    is 1 on their mean. A sample is an image with a random caption of its person; the first half of a batch are anchors,
    the second half their negatives. At test: features before the last ReLU, image plus mirrored image, sum over the
    start slots of the sentence, cosine. SGD with Nesterov momentum .9, rate .1, decay 1e-4, a tenth of it after 190 of
    211 epochs are `optim:` values, batch 32 and bicubic resizing `data:` values.

    Simplified: the negative image and caption of an anchor are one pair of the batch (original: drawn independently),
    and where it shows the anchor's own person it is left out of the ranking loss (the original draws again); the trunk
    has one relative rate, .001 (original: .001 and .02 alternating over its parameters, .0001 for the first
    convolution), and its BatchNorm uses the stored statistics in stage I; vectors are not decayed; test images have the
    training size (original: 256 x 256 uncropped, four positions summed); average pooling over any map; one training
    with one optimiser replaces two runs. A caption of n words has max_words - n + 1 start slots (about 31 for 26
    words), each a pass through the text CNN; its two strides of 2 repeat every 4 slots, so that `text_slots: 4` nearly
    stands for all of them. `branch_scale: 0` starts the text CNN of 14 blocks as its four projections, an initial value
    and not a change of the network, for short trainings.

    Not done: word2vec values of the dictionary and their relative rate of .001. The word vectors start random and learn
    at the full rate; the dictionary is every training word that occurs `min_count` times instead of those that word2vec
    knows (7,263 for CUHK-PEDES). Augmentation by crops of other area and aspect: only that of `data:` is used.

    At a disadvantage: in the demo its text side starts from nothing, where the original has word2vec's vectors and the
    systems with a transformer have a pre-trained one.
    """

    needs = frozenset({"words"})
    sampling = "identity"

    def __init__(self, options: Options, trunk: ResNetTrunk, tokenizer: WordTokenizer, identities: int):
        super().__init__()
        self.options, self.tokenizer, self.trunk = options, tokenizer, trunk
        feature = self.embed_dim = options.feature
        self.image_head = nn.Sequential(
            *(nn.Linear(trunk.channels, feature, bias=False), nn.BatchNorm1d(feature), nn.ReLU()),
            *(nn.Linear(feature, feature, bias=False), nn.BatchNorm1d(feature)),
        )
        self.words = WordInput(len(tokenizer.words), options.embedding)
        self.text_body, channels = text_body(options.embedding, options.width)
        self.text_head = nn.Sequential(nn.Linear(channels, feature, bias=False), nn.BatchNorm1d(feature))
        self.dropout = nn.Dropout(options.dropout)
        self.classifier = nn.Linear(feature, identities)
        for module in (self.image_head, self.words, self.text_body, self.text_head, self.classifier):
            module.apply(he_init)
            for norm in module.modules():
                if isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d):
                    norm.eps = NORM_EPS
        for block in self.text_body:
            last_norm = cast("Bottleneck", block).branch[-1]
            nn.init.constant_(last_norm.get_parameter("weight"), options.branch_scale)
        self.ranking = False  # whether the next step belongs to stage II; set by `before_step`

    @classmethod
    def build(cls, model: Mapping[str, Any], image_size: tuple[int, int], info: TrainingInfo, weights: Weights) -> Self:
        """See `Retriever.build`; the dictionary is made of `info.words`, and any image size fits."""
        options = from_mapping(Options, model, "model")
        trunk, split = resnet_trunk(options.backbone), splitter(options.segmenter)
        tokenizer = WordTokenizer.counted(info.words, options.max_words, options.min_count, split=split)
        system = cls(options, trunk, tokenizer, info.identities)
        weights.fill(trunk, options.weights)
        return system

    @classmethod
    def word_split(cls, model: Mapping[str, Any]) -> WordSplitter:
        return splitter(from_mapping(Options, model, "model").segmenter)

    def before_step(self, step: int, steps: int) -> None:
        """Set the stage. I: the trunk and its statistics are frozen. II: all is trained, with the ranking loss."""
        self.ranking = step >= self.options.stage_one * steps
        self.trunk.requires_grad_(self.ranking)
        if not self.ranking:
            self.trunk.eval()

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Terms `id_image`, `id_text`; in stage II also `ranking`."""
        options = self.options
        free = options.max_words - batch.on_host.lengths
        chance = torch.rand(len(free), generator=batch.generator)
        image = self.image_head(self.pool_image(batch.pixels)).relu()
        text = self.text_features(batch, (chance * (free + 1)).long()).relu()
        id_image = F.cross_entropy(self.classifier(self.dropout(image)), batch.person)
        id_text = F.cross_entropy(self.classifier(self.dropout(text)), batch.person)
        if not self.ranking:
            return {"id_image": id_image, "id_text": id_text}
        ranking = ranking_loss(F.normalize(image), F.normalize(text), batch.person, options.margin)
        return {
            "id_image": options.image_weight * id_image,
            "id_text": options.text_weight * id_text,
            "ranking": options.ranking_weight * ranking,
        }

    def encode_images(self, batch: Batch) -> Features:
        """Return the normalised sum of the features of the image and its mirror image, before the last ReLU."""
        both = self.image_head(self.pool_image(batch.pixels)) + self.image_head(self.pool_image(batch.pixels.flip(-1)))
        return {"global": F.normalize(both)}

    def encode_texts(self, batch: Batch) -> Features:
        """Return the normalised sum of the features over the start slots of each caption, before the last ReLU."""
        free = self.options.max_words - batch.on_host.lengths
        slots = self.options.text_slots or int(free.max()) + 1
        order = torch.arange(slots, device=free.device)[:, None]
        if self.options.text_slots:  # spread evenly over the slots that the caption has
            starts, counts = order * free // max(1, slots - 1), torch.ones_like(order * free)
        else:
            starts, counts = order.minimum(free), order <= free
        total: Tensor | int = 0
        for start, count in zip(starts, counts, strict=True):
            features = self.text_features(batch, start)
            total = total + features * sent(count, features)[:, None]
        return {"global": F.normalize(cast(Tensor, total))}

    def pool_image(self, pixels: Tensor) -> Tensor:
        """Return the average (B, C) of the trunk's map."""
        return self.trunk(pixels).mean(dim=(2, 3))

    def text_features(self, batch: Batch, starts: Tensor) -> Tensor:
        """Return the features (B, feature) of captions that begin at slots `starts` (B,), before the last ReLU.

        starts: on the host, where the words are placed.
        """
        host, words = batch.on_host, self.words.table.weight
        placed = place_words(host.tokens, host.lengths, starts, self.options.max_words)
        return run_sharded(self.encode_words, sent(placed, words))

    def encode_words(self, ids: Tensor) -> Tensor:
        """Return the features (B, feature) of word ids (B, max_words)."""
        return self.text_head(self.text_body(self.words(ids)).amax(dim=(2, 3)))

    def parameter_groups(self, lr: float, weight_decay: float) -> Iterable[dict[str, Any]]:
        """Return groups with the trunk at its relative rate; no decay for vectors."""
        return trunk_and_rest(self.parameters(), self.trunk, lr, self.options.trunk_rate, weight_decay)


class WordInput(nn.Module):
    """A 1 x 1 convolution of one-hot words with BatchNorm, as a table: ids (B, T) -> (B, width, 1, T); 0 is padding.

    The result lies channels-last in memory, see `WordConvolution`.
    """

    def __init__(self, words: int, width: int):
        super().__init__()
        self.table = nn.Embedding(words, width)
        self.bias = nn.Parameter(torch.zeros(width))
        self.norm = nn.BatchNorm1d(width)

    def forward(self, ids: Tensor) -> Tensor:
        rows = self.table((ids - 1).clamp(min=0)) * (ids > 0).unsqueeze(-1) + self.bias
        return self.norm(rows.flatten(0, 1)).view_as(rows).transpose(1, 2)[:, :, None]


class Bottleneck(nn.Module):
    """1 x 1, width-2 and 1 x 1 convolutions over words with BatchNorm, plus the shortcut.

    (B, channels, 1, T) -> (B, out, 1, T / stride), channels-last in memory.
    """

    def __init__(self, channels: int, hidden: int, out: int, stride: int, project: bool):
        super().__init__()
        self.branch = nn.Sequential(
            *(WordConvolution(channels, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.ReLU()),
            nn.ConstantPad1d((1, 0), 0.0),  # one position on the left, so that a kernel of 2 keeps the length
            *(WordConvolution(hidden, hidden, 2, stride, bias=False), nn.BatchNorm2d(hidden), nn.ReLU()),
            *(WordConvolution(hidden, out, 1, bias=False), nn.BatchNorm2d(out)),
        )
        self.shortcut: nn.Module = nn.Identity()
        if project:
            self.shortcut = nn.Sequential(WordConvolution(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, words: Tensor) -> Tensor:
        return (self.branch(words) + self.shortcut(words)).relu()


def text_body(channels: int, width: float) -> tuple[nn.Sequential, int]:
    """Build the residual CNN over words with all widths times `width`; returns it and its number of output channels."""
    blocks = []
    for *sizes, count, stride in STAGES:
        first, middle, out = (max(1, round(width * size)) for size in sizes)
        blocks.append(Bottleneck(channels, first, out, stride, project=True))
        blocks += [Bottleneck(out, middle, out, 1, project=False) for _ in range(count - 1)]
        channels = out
    return nn.Sequential(*blocks), channels


def place_words(tokens: Tensor, lengths: Tensor, starts: Tensor, size: int) -> Tensor:
    """Return ids (B, size) with each row's first `lengths` tokens from column `starts` on, 0 elsewhere."""
    source = torch.arange(size, device=tokens.device) - starts[:, None]
    inside = (source >= 0) & (source < lengths[:, None])
    padded = F.pad(tokens, (0, max(0, size - tokens.shape[1])))
    return padded.gather(1, source.clamp(0, padded.shape[1] - 1)) * inside


def ranking_loss(image: Tensor, text: Tensor, person: Tensor, margin: float) -> Tensor:
    """Mean over anchors of [m - Xp.Yp + Xp.Yn]+ + [m - Xp.Yp + Yp.Xn]+.

    Row i of the first half is the anchor (Xp, Yp) of row i of the second half (Xn, Yn); pairs of one person do not
    count. image, text: (B, E), L2-normalised. Original: RankLoss with rate 1, summed over the anchors.
    """
    half = len(person) // 2
    (xp, xn), (yp, yn) = (side[: 2 * half].split(half) for side in (image, text))
    counts = (person[:half] != person[half : 2 * half]).to(image.dtype)
    own = (xp * yp).sum(1)
    hinges = (margin - own + (xp * yn).sum(1)).relu() + (margin - own + (yp * xn).sum(1)).relu()
    return (hinges * counts).sum() / counts.sum().clamp(min=1)


def he_init(module: nn.Module) -> None:
    """Initialise the layers that are convolutions in the original: variance 2 / fan-in, zero biases."""
    match module:
        case nn.Conv1d() | nn.Linear():
            nn.init.kaiming_normal_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        case nn.Embedding():
            nn.init.normal_(module.weight, std=WORD_STD)
