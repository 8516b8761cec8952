"""VGG trunks: a stack of 3 x 3 convolutions and two fully connected layers; an image becomes a vector."""

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn

from glalign.models.data_parallel import sharded


@dataclass(frozen=True)
class VggShape:
    """Sizes of a VGG.

    stages: widths of the convolutions of each stage, which ends with 2 x 2 max pooling. hidden: width of both fully
    connected layers. image_size: (height, width) of the only images that fit.
    """

    stages: tuple[tuple[int, ...], ...]
    hidden: int
    image_size: tuple[int, int]

    @property
    def grid(self) -> tuple[int, int]:
        """(h, w) of the last map."""
        height, width = self.image_size
        return height >> len(self.stages), width >> len(self.stages)


VGG16 = VggShape(((64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3), hidden=4096, image_size=(224, 224))
"""Simonyan and Zisserman 2015, configuration D."""

TINY = VggShape(((16,), (32,), (64, 64), (64, 64)), hidden=192, image_size=(64, 32))
"""Its tiny twin."""


class VggTrunk(nn.Module):
    """(B, 3, H, W) -> (B, channels): "fc7", the second fully connected layer after its ReLU and dropout.

    Parameters have the names of torchvision's VGGs without BatchNorm; the last classifier layer is left out. (H, W) is
    `shape.image_size`: torchvision's adaptive pooling, which does nothing at that size, is left out too (its gradient
    on CUDA is not deterministic). Initial values are those of He et al. 2015, in the fully connected layers too, since
    no layer normalises their inputs. Maps are channels-last in memory, which is more than twice as fast on a CPU.
    """

    class_heads = ("classifier.6.",)  # fc6 and fc7 are features

    def __init__(self, shape: VggShape, dropout: float = 0.5):
        super().__init__()
        self.shape, self.channels = shape, shape.hidden
        layers: list[nn.Module] = []
        channels = 3
        for stage in shape.stages:
            for width in stage:
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
                channels = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            *(nn.Linear(channels * prod(shape.grid), shape.hidden), nn.ReLU(inplace=True), nn.Dropout(dropout)),
            *(nn.Linear(shape.hidden, shape.hidden), nn.ReLU(inplace=True), nn.Dropout(dropout)),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.get_parameter("bias"))
        self.to(memory_format=torch.channels_last)

    @sharded
    def forward(self, pixels: Tensor) -> Tensor:
        maps = self.features(pixels.contiguous(memory_format=torch.channels_last))
        return self.classifier(maps.flatten(1))

    def adapt(self, tensors: dict[str, Tensor], about: object) -> dict[str, Tensor]:
        """Drop the last classifier layer of a weight file (see `load_weights`)."""
        return {name: value for name, value in tensors.items() if not name.startswith("classifier.6.")}
