"""VGG trunks: a plain stack of 3 x 3 convolutions and two fully connected layers; an image becomes a vector."""

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn

from glalign.models.data_parallel import run_sharded


@dataclass(frozen=True)
class VggShape:
    """Widths of the convolutions of every stage, which ends in 2 x 2 maximum pooling; width of both fully connected
    layers; (height, width) of the only images that they fit."""

    stages: tuple[tuple[int, ...], ...]
    hidden: int
    image_size: tuple[int, int]

    @property
    def grid(self) -> tuple[int, int]:
        """Size of the last map."""
        height, width = self.image_size
        return height >> len(self.stages), width >> len(self.stages)


VGG16 = VggShape(((64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3), hidden=4096, image_size=(224, 224))
"""Simonyan and Zisserman 2015, configuration D."""

TINY = VggShape(((16,), (32,), (64, 64), (64, 64)), hidden=192, image_size=(64, 32))
"""Its tiny twin."""


class VggTrunk(nn.Module):
    """(B, 3, H, W) -> (B, channels): "fc7", the second fully connected layer after its ReLU and dropout.

    Parameters are named as torchvision's VGGs without BatchNorm, whose files it reads; the last classifier layer of
    these is left out. The images have the shape's size: torchvision's adaptive pooling, which does nothing at that
    size, is left out too (its gradient on CUDA is not deterministic). No layer keeps statistics. Initial values are
    those of He et al. 2015 in the fully connected layers as well: nothing here normalises the scale of what they read.
    Maps are channels-last in memory (on a CPU more than twice as fast).
    """

    class_heads = ("classifier.6.",)  # fc6 and fc7 are features

    def __init__(self, shape: VggShape, dropout: float = 0.5):
        super().__init__()
        self.shape, self.channels = shape, shape.hidden
        layers: list[nn.Module] = []
        inside = 3
        for stage in shape.stages:
            for width in stage:
                layers += [nn.Conv2d(inside, width, 3, padding=1), nn.ReLU(inplace=True)]
                inside = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            *(nn.Linear(inside * prod(shape.grid), shape.hidden), nn.ReLU(inplace=True), nn.Dropout(dropout)),
            *(nn.Linear(shape.hidden, shape.hidden), nn.ReLU(inplace=True), nn.Dropout(dropout)),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)
        self.to(memory_format=torch.channels_last)

    def forward(self, pixels: Tensor) -> Tensor:
        """fc7 of images of the shape's size."""
        return run_sharded(self.fc7, pixels)

    def fc7(self, pixels: Tensor) -> Tensor:
        """The same in one process."""
        maps = self.features(pixels.contiguous(memory_format=torch.channels_last))
        return self.classifier(maps.flatten(1))

    def adapt(self, tensors: dict[str, Tensor], about: object) -> dict[str, Tensor]:
        """Drop the last classifier layer of a weight file (`load_weights`)."""
        return {name: value for name, value in tensors.items() if not name.startswith("classifier.6.")}
