"""ViTAA (Wang et al., ECCV 2020): body parts, each with a feature map, are aligned with the words about them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glalign.config.from_mapping import from_mapping, require
from glalign.contract.regions import REGIONS
from glalign.contract.retriever import Batch, Features, Retriever
from glalign.contract.tokenizer import WordSplitter, unpunctuated_words
from glalign.contract.training_info import TrainingInfo
from glalign.language.segmentation import SEGMENTERS, splitter
from glalign.language.tokenizers import WordTokenizer
from glalign.models.data_parallel import run_sharded
from glalign.models.host_copies import sent
from glalign.models.length_buckets import length_buckets, restore_order
from glalign.models.losses import alignment
from glalign.models.parameter_groups import grouped
from glalign.models.part_pooling import shared_cosines
from glalign.models.towers.backbones import resnet_trunk
from glalign.models.towers.resnet import ResNetTrunk, basic_blocks
from glalign.storage.weight_files import Weights
from glalign.support.errors import UserError

TRUNK_STAGES = 3
"""ResNet-50 is cut after its third stage; the branches replace the fourth."""

BRANCH_BLOCKS = 2
"""Number of basic blocks of each branch, of stride 1."""


@dataclass(frozen=True)
class Options:
    """The `model:` keys. The defaults are the original's (Jarr0d/ViTAA@0bd7638).

    backbone, weights: the image trunk and its file. global_width, part_width: channels of the branches. feature: width
    of the features. embedding, hidden: widths of a word and of each direction of the LSTM. max_words, attribute_words:
    longest caption and longest joined phrases of a part. min_count: rarer words share one id. segmenter: splits
    captions into words, pyvi or underthesea (Vietnamese); null splits at blanks and deletes punctuation. scale: of the
    cosines in the identity loss. mask_weight: of the part maps. alpha, beta, tau_positive, tau_negative: the margins
    and slopes of the alignment. neighbours: k of the k-reciprocal sampling, 0 for none.
    """

    backbone: str = "resnet50"
    weights: str = "resnet50"
    global_width: int = 2048
    part_width: int = 256
    feature: int = 256
    embedding: int = 512
    hidden: int = 512
    max_words: int = 100
    attribute_words: int = 25
    min_count: int = 3
    segmenter: str | None = None
    scale: float = 28.0
    mask_weight: float = 5.0
    alpha: float = 0.6
    beta: float = 0.4
    tau_positive: float = 10.0
    tau_negative: float = 40.0
    neighbours: int = 8

    def __post_init__(self) -> None:
        widths = ("global_width", "part_width", "feature", "embedding", "hidden")
        counts = (*widths, "max_words", "attribute_words", "min_count")
        require(self, counts, lambda value: value >= 1, "is too small; choose 1 or more")
        require(self, ("neighbours", "mask_weight"), lambda value: value >= 0, "is negative; choose 0 or more")
        slopes = ("scale", "tau_positive", "tau_negative")
        require(self, slopes, lambda value: value > 0, "is too small; choose a number above 0")
        require(self, ("alpha", "beta"), lambda value: -1 <= value <= 1, "is no cosine; choose a number from -1 to 1")
        if self.segmenter not in (None, *SEGMENTERS):
            raise UserError(f"model.segmenter: {self.segmenter!r}; choose {', '.join(SEGMENTERS)} or null")


class ViTAA(Retriever):
    """Identity, part maps, and alignment of whole images with captions and of body parts with attribute phrases.

    Source: Jarr0d/ViTAA@0bd7638, reimplemented from a description of it.

    Kept: ResNet-50 up to its third stage; a global branch (two basic blocks of 2,048 channels, average pooling, a layer
    to 256) and five part branches (two basic blocks of 256 channels, maximum pooling, one shared layer to 256); one
    segmentation head for all five part maps (2 x 2 transposed convolution of stride 2, ReLU, 1 x 1 convolution to 6
    classes), whose target for part i is i where the part is and 0 elsewhere; words of 512 numbers, an LSTM of 512 per
    direction without biases, the maximum over time and a layer to 256; per part the words of all its phrases as one
    sequence (25 at most, unknown words dropped) through the same words and LSTM with a separate layer. Losses with
    weight 1 each: softmax over 28 times the cosine with a vector per person, image and caption added; 5 times the
    cross-entropy of the part maps; the alignment loss (margins .6 and .4, slopes 10 and 40) of images and captions, and
    of parts and attributes over the samples that have them, where the k-reciprocal pairs (k = 8) count as positive.
    Batches of 16 persons with 4 captions each. Biases learn at twice the rate, without decay. At test: cosine of the
    two global features, the part branches are not used. Words are lower-cased and lose all their punctuation ("t-shirt"
    is tshirt). Heads and the 1 x 1 convolution start with variance 2 / fan-out and biases of 0, the transposed
    convolution, words and LSTM as PyTorch's own, the branches' convolutions as a ResNet's. Adam with rate 1e-4, decay
    4e-5, a tenth of the rate after 39 and 69 of 80 epochs and factors of .28, .46, .64 and .82 at the start of the
    first four (the released scheduler moves before the epoch, which makes 39 of 40) are `optim:` values; 384 x 128
    pixels, flip, ImageNet statistics and a batch of 64 are `data:` values.

    Simplified: mistakes of the released code are not repeated. The second direction of the LSTM reads the words
    backwards (there it reverses the batch). The reciprocal neighbours are looked up by sample (there by part number),
    and parts or attributes that are absent are left out before the nearest are taken. Pixels are RGB with the matching
    statistics. Captions longer than 100 words are cut (there they are lost). A cell of a
    part map belongs to the part that covers more than half of it (there label maps are resized bilinearly, which
    invents labels). The vocabulary is counted on the training captions only (there on all splits), and has as many rows
    as words instead of 12,000. The maximum over time always includes one step of zeros, whatever the padding: in the
    original every caption but the longest sees zeros, so that the result depends on the batch. Phrases come from
    `phrases:` and parts from `parsing:` of the configuration (original: its own parsers), HEAD takes all its phrases
    and OTHERS stands for the backpack. LR per step (original: per epoch).

    Not done: training on train and validation identities together (12,003 classes) and taking the last epoch; here
    validation selects the step unless `selection: last` says otherwise. The released helper that re-orders the ten best
    images by part cosines, which the published numbers do not use.

    At a disadvantage: in the demo its LSTM and its words start from random values, as in the original, but it has
    minutes instead of 80 epochs to learn them; systems on a CLIP start with a text tower that fits their image tower.
    """

    needs = frozenset({"parts", "phrases", "words"})
    class_heads = ("prototypes",)
    sampling = "groups"
    part_names = REGIONS
    tokenizer: WordTokenizer

    def __init__(
        self,
        options: Options,
        trunk: ResNetTrunk,
        tokenizer: WordTokenizer,
        image_size: tuple[int, int],
        identities: int,
    ):
        super().__init__()
        self.options, self.tokenizer, self.trunk = options, tokenizer, trunk
        self.embed_dim = feature = options.feature
        height, width = (-(-side // trunk.reduction) for side in image_size)
        self.patch_grid = (2 * height, 2 * width)  # the transposed convolution doubles the trunk's map
        whole, part = options.global_width, options.part_width
        self.global_branch = basic_blocks(trunk.channels, whole, BRANCH_BLOCKS)
        self.part_branches = nn.ModuleList(basic_blocks(trunk.channels, part, BRANCH_BLOCKS) for _ in REGIONS)
        self.image_head, self.part_head = nn.Linear(whole, feature), nn.Linear(part, feature)
        upsample, classify = nn.ConvTranspose2d(part, part, 2, stride=2), nn.Conv2d(part, 1 + len(REGIONS), 1)
        self.mask_head = nn.Sequential(upsample, nn.ReLU(), classify)
        self.words = nn.Embedding(tokenizer.vocab_size, options.embedding, padding_idx=tokenizer.pad_id)
        self.lstm = nn.LSTM(options.embedding, options.hidden, bias=False, batch_first=True, bidirectional=True)
        self.text_head, self.attribute_head = (nn.Linear(2 * options.hidden, feature) for _ in range(2))
        self.prototypes = nn.Parameter(nn.init.xavier_uniform_(torch.empty(identities, feature)))
        for layer in (self.image_head, self.part_head, self.text_head, self.attribute_head, classify):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out")
            nn.init.zeros_(layer.get_parameter("bias"))

    @classmethod
    def build(cls, model: Mapping[str, Any], image_size: tuple[int, int], info: TrainingInfo, weights: Weights) -> Self:
        """See `Retriever.build`; the vocabulary is made of `info.words`, and any image size fits."""
        options = from_mapping(Options, model, "model")
        trunk = resnet_trunk(options.backbone, TRUNK_STAGES)
        split, marks = cls.word_split(model), {"unknown": True, "lower_case": True}
        tokenizer = WordTokenizer.counted(info.words, options.max_words, options.min_count, split=split, **marks)
        system = cls(options, trunk, tokenizer, image_size, info.identities)
        weights.fill(trunk, options.weights)
        return system

    @classmethod
    def word_split(cls, model: Mapping[str, Any]) -> WordSplitter:
        return splitter(from_mapping(Options, model, "model").segmenter, unpunctuated_words)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Terms `id`, `mask`, `global` and `local`."""
        options = self.options
        margins = alignment.Margins(options.alpha, options.beta, options.tau_positive, options.tau_negative)
        same = batch.person[:, None] == batch.person[None, :]
        image, parts, logits = run_sharded(self.image_outputs, batch.pixels)
        parts, logits = parts.transpose(0, 1), logits.transpose(0, 1).flatten(0, 1)
        host = batch.on_host
        text = self.text_head(run_sharded(self.encode_words, host.tokens, host.lengths))
        labels, visible = alignment.part_labels(batch.parts)
        words, counts = self.words_of_parts(host)
        states = run_sharded(self.encode_words, words.flatten(0, 1), counts.flatten())
        attributes, named = self.attribute_head(states).unflatten(0, counts.shape), sent(counts > 0, states)
        sides = (image, text)
        id_losses = [alignment.normalised_softmax(x, self.prototypes, batch.person, options.scale) for x in sides]
        scores = F.normalize(image) @ F.normalize(text).T
        part_scores = F.normalize(parts, dim=-1) @ F.normalize(attributes, dim=-1).transpose(1, 2)
        return {
            "id": id_losses[0] + id_losses[1],
            "mask": options.mask_weight * alignment.mask_loss(logits, labels.flatten(0, 1)),
            "global": alignment.global_alignment(scores, same, margins),
            "local": alignment.local_alignment(part_scores, same, visible, named, options.neighbours, margins),
        }

    def encode_images(self, batch: Batch) -> Features:
        """Return the normalised global feature."""
        return {"global": F.normalize(self.image_features(self.trunk(batch.pixels)))}

    def encode_texts(self, batch: Batch) -> Features:
        """Return the normalised global feature."""
        host = batch.on_host
        return {"global": F.normalize(self.text_head(self.encode_words(host.tokens, host.lengths)))}

    def encode_images_and_parts(self, batch: Batch) -> Features:
        """Return "global", "parts" (B, P, E), normalised, and "shown" (B, P): the parts that an image has."""
        shared = self.trunk(batch.pixels)
        parts = F.normalize(self.pooled_parts(self.part_maps(shared)), dim=-1).transpose(0, 1)
        _, shown = alignment.part_labels(batch.parts)
        return {"global": F.normalize(self.image_features(shared)), "parts": parts, "shown": shown.T}

    def encode_texts_and_parts(self, batch: Batch) -> Features:
        """Return "global", "attributes" (B, P, E), normalised, and "named" (B, P): the parts that have words."""
        words, counts = self.words_of_parts(batch.on_host)
        states = self.encode_words(words.flatten(0, 1), counts.flatten())
        attributes = F.normalize(self.attribute_head(states), dim=-1).unflatten(0, counts.shape).transpose(0, 1)
        return self.encode_texts(batch) | {"attributes": attributes, "named": sent(counts > 0, states).T}

    def part_cosines(self, texts: Features, images: Features) -> Tensor:
        """See `Retriever.part_cosines`: those that the loss aligns. The score does not use them."""
        return shared_cosines(texts["attributes"], texts["named"], images["parts"], images["shown"])

    def image_outputs(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return features of images (B, E) and parts (B, P, E), and logits of the parts' maps (B, P, 6, h, w)."""
        shared = self.trunk(pixels)
        parts, logits = self.part_features(shared)
        return self.image_features(shared), parts.transpose(0, 1), logits.unflatten(0, parts.shape[:2]).transpose(0, 1)

    def image_features(self, shared: Tensor) -> Tensor:
        """Return the features (B, E) of whole images, from the trunk's map."""
        return self.image_head(self.global_branch(shared).mean(dim=(2, 3)))

    def part_features(self, shared: Tensor) -> tuple[Tensor, Tensor]:
        """Return features (P, B, E) of the parts and logits (P * B, 6, h, w) of their maps, from the trunk's map."""
        maps = self.part_maps(shared)
        return self.pooled_parts(maps), self.mask_head(maps)

    def part_maps(self, shared: Tensor) -> Tensor:
        """Return the maps (P * B, C, h, w) of the branches of the parts, from the trunk's map."""
        return torch.cat([branch(shared) for branch in self.part_branches])

    def pooled_parts(self, maps: Tensor) -> Tensor:
        """Return features (P, B, E) of the parts, from `part_maps`."""
        return self.part_head(maps.amax(dim=(2, 3))).unflatten(0, (len(self.part_branches), -1))

    def words_of_parts(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """See the function `attribute_words`."""
        most = self.options.attribute_words
        return attribute_words(batch.tokens, batch.phrases, self.tokenizer.unknown_id, most)

    def encode_words(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Return the maximum (N, 2 hidden) over each sequence's LSTM states and zero; tokens (N, T), lengths (N,).

        Padding words are zero vectors, and an LSTM without biases stays at its zero state on them: the backward
        direction needs no packing, and the result for an empty sequence is zero. Tokens and lengths may lie on the
        host.
        """
        buckets, maxima = length_buckets(lengths), []
        for rows, length in buckets:
            words = self.words(sent(tokens[rows, : max(1, length)], self.words.weight))
            mask = torch.arange(words.shape[1], device=lengths.device) < lengths[rows, None]
            states, _ = self.lstm(words)
            maxima.append((states * sent(mask, words).unsqueeze(-1)).amax(dim=1).relu())
        return restore_order(maxima, buckets)

    def parameter_groups(self, lr: float, weight_decay: float) -> Iterable[dict[str, Any]]:
        """Return groups with biases, those of BatchNorm too, at twice the rate and without decay."""
        return grouped(self.named_parameters(), rule, lr, weight_decay)


def rule(name: str) -> tuple[float, bool]:
    """Return the relative rate of a parameter and whether it decays."""
    return (2.0, False) if name.endswith("bias") else (1.0, True)


def attribute_words(tokens: Tensor, phrases: Tensor, unknown: int | None, most: int) -> tuple[Tensor, Tensor]:
    """Join the words inside the phrases of each part, in the caption's order, at most `most` of them.

    Padding and `unknown` words are dropped. tokens: (B, T). phrases: (B, P, T) bool. Returns ids (P, B, t) padded with
    0, and lengths (P, B), 0 for a part without any word.
    """
    known = (tokens != WordTokenizer.pad_id) & (tokens != unknown)
    chosen = (phrases & known[:, None]).transpose(0, 1)
    order = (~chosen).to(torch.uint8).argsort(dim=2, stable=True)
    lengths = chosen.sum(dim=2).clamp(max=most)
    width = max(1, int(lengths.max()))
    ids = tokens.expand_as(chosen).gather(2, order)[..., :width]
    return ids * (torch.arange(width, device=ids.device) < lengths[..., None]), lengths
