"""ResNet trunks out of torchvision's blocks: an image becomes a map of features."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck, conv1x1

from glalign.models.data_parallel import run_sharded

STAGES = 4  # of a whole ResNet


class ResNetTrunk(nn.Module):
    """(B, 3, H, W) -> (B, channels, h, w); parameters are named as torchvision's, whose files it reads.

    stem: kernel size of the first convolution, stride 2; pool: 3 x 3 maximum of stride 2 behind it. widths: inner
    widths of the stages, each of which but the first halves the map; there are as many stages as depths and widths,
    and a file of more fits. last_stride: of the last stage, unless it is the first; 1 keeps its map twice as large. The
    maps are channels-last in memory, which the CPU's convolutions prefer (1.14 times as fast).
    """

    def __init__(
        self,
        block: type[BasicBlock | Bottleneck],
        depths: Sequence[int],
        widths: Sequence[int],
        stem: int,
        pool: bool,
        last_stride: int = 2,
    ):
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], stem, stride=2, padding=stem // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1) if pool else nn.Identity()
        inside = widths[0]
        strides = [1, *[2] * (len(depths) - 2), last_stride][: len(depths)]
        for number, (depth, width, stride) in enumerate(zip(depths, widths, strides, strict=True), start=1):
            outside = width * block.expansion
            blocks = []
            for index in range(depth):
                step = stride if index == 0 else 1
                shortcut = None
                if step != 1 or inside != outside:
                    shortcut = nn.Sequential(conv1x1(inside, outside, step), nn.BatchNorm2d(outside))
                blocks.append(block(inside, width, step, shortcut))
                inside = outside
            self.add_module(f"layer{number}", nn.Sequential(*blocks))
        self.channels = inside
        self.stages = len(depths)
        self.reduction = 2 ** (1 + pool) * math.prod(strides)  # of the image's sides, rounded up
        he_init(self)
        self.to(memory_format=torch.channels_last)

    def forward(self, pixels: Tensor) -> Tensor:
        """The last stage's map, after its ReLU."""
        return run_sharded(self.map, pixels)

    def map(self, pixels: Tensor) -> Tensor:
        """The same in one process."""
        x = pixels.contiguous(memory_format=torch.channels_last)
        x = self.maxpool(torch.relu(self.bn1(self.conv1(x))))
        for number in range(1, self.stages + 1):
            x = self.get_submodule(f"layer{number}")(x)
        return x

    def adapt(self, tensors: dict[str, Tensor], about: object) -> dict[str, Tensor]:
        """Drop the classifier of a weight file, and the stages behind the last one here (`load_weights`).

        Files older than torch 0.4.1 count no batches; the count, which nothing here reads, is 0 then, as torch has it.
        """
        behind = [f"layer{number}." for number in range(self.stages + 1, STAGES + 1)]
        kept = {name: value for name, value in tensors.items() if not name.startswith(("fc.", *behind))}
        ends = {name.removesuffix("running_mean") for name in kept if name.endswith(".running_mean")}
        return {f"{end}num_batches_tracked": torch.tensor(0) for end in sorted(ends)} | kept


def basic_blocks(inside: int, outside: int, count: int) -> nn.Sequential:
    """(B, inside, h, w) -> (B, outside, h, w): `count` blocks of two 3 x 3 convolutions, random values as a trunk's."""
    blocks = []
    for _ in range(count):
        shortcut = nn.Sequential(conv1x1(inside, outside), nn.BatchNorm2d(outside)) if inside != outside else None
        blocks.append(BasicBlock(inside, outside, downsample=shortcut))
        inside = outside
    branch = nn.Sequential(*blocks)
    he_init(branch)
    return branch.to(memory_format=torch.channels_last)


def he_init(network: nn.Module) -> None:
    """Normal values for the convolutions (He et al. 2015), as torchvision starts its own."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def resnet50_trunk(stages: int = STAGES, last_stride: int = 2) -> ResNetTrunk:
    """ResNet-50 (He et al. 2016) without its head: 2,048 channels at 1/32 of the image's sides."""
    depths, widths = (3, 4, 6, 3)[:stages], (64, 128, 256, 512)[:stages]
    return ResNetTrunk(Bottleneck, depths, widths, stem=7, pool=True, last_stride=last_stride)


def tiny_trunk(stages: int = STAGES, last_stride: int = 2) -> ResNetTrunk:
    """Its tiny twin: one basic block per stage, no pooling, 128 channels at 1/16 of the image's sides."""
    depths, widths = (1, 1, 1, 1)[:stages], (16, 32, 64, 128)[:stages]
    return ResNetTrunk(BasicBlock, depths, widths, stem=3, pool=False, last_stride=last_stride)
