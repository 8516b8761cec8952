"""The tiny multilingual CLIP: contrastive pre-training of a text tower of XLM-R's kind beside a trained image tower."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.nn import functional as F

from glalign.config.from_mapping import from_mapping
from glalign.contract.retriever import Batch, Features, Retriever
from glalign.contract.specs.twins import PretrainSpec
from glalign.models.losses.contrastive import contrastive
from glalign.models.losses.logit_scale import LogitScale
from glalign.models.towers.multilingual import MultilingualTowers, multilingual_towers
from glalign.pretraining.clip import train_towers
from glalign.storage.weight_files import Weights


@dataclass(frozen=True)
class Options:
    """The `model:` keys of the recipe.

    backbone: of `multilingual_towers`. vocabulary: name of the tokenizer's file. image_weights: CLIP weights for the
    image tower, or random. dropout: of the text tower.
    """

    backbone: str
    vocabulary: str
    image_weights: str
    dropout: float = 0.0


class Contrastive(Retriever):
    """CLIP's loss over two towers, with targets by identity as in the recipe of the tiny CLIP."""

    def __init__(self, towers: MultilingualTowers) -> None:
        super().__init__()
        self.towers, self.tokenizer, self.embed_dim = towers, towers.tokenizer, towers.embed_dim
        self.scale = LogitScale("learned")

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """The contrastive term "global"."""
        images, texts = self.encode_images(batch)["global"], self.encode_texts(batch)["global"]
        return {"global": contrastive(images, texts, self.scale(), batch.person)}

    def encode_images(self, batch: Batch) -> Features:
        """Normalised class tokens of the images."""
        return {"global": F.normalize(self.towers.image_tokens(batch.pixels)[:, 0])}

    def encode_texts(self, batch: Batch) -> Features:
        """Normalised features of the captions."""
        return {"global": F.normalize(self.towers.texts(batch.on_host.tokens)[0])}


def pretrain_multilingual(spec: PretrainSpec, out: Path) -> dict[str, Any]:
    """Contrastive pre-training on whole images and whole captions, as `pretrain_clip`, in the corpus's languages.

    Both towers are trained; the image tower starts from `image_weights`, the text tower from random values. A batch has
    about equally many captions of each language, and an image is a target of queries in all of them.
    """
    options, weights = from_mapping(Options, spec.model, "pretraining.model"), Weights(Path(spec.weights))

    def build(image_size: tuple[int, int]) -> Contrastive:
        vocabulary = weights.vocabulary(options.vocabulary)
        towers = multilingual_towers(options.backbone, image_size, vocabulary, options.dropout)
        weights.fill(towers.visual, options.image_weights, prefix="visual.")
        return Contrastive(towers)

    return train_towers(spec, build, out)
