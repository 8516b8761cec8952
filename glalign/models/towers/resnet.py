"""ResNet trunks of torchvision's blocks: an image becomes a feature map."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck, conv1x1

from glalign.models.data_parallel import sharded

Block = type[BasicBlock | Bottleneck]

STAGES = 4
"""Stages of a complete ResNet."""

SHAPES = {
    "tiny/resnet": (BasicBlock, (1, 1, 1, 1), (16, 32, 64, 128), 3, False),
    "resnet50": (Bottleneck, (3, 4, 6, 3), (64, 128, 256, 512), 7, True),
}
"""The first arguments of `ResNetTrunk`. ResNet-50 (He et al. 2016) has 2,048 channels at 1/32 of the image's sides; its
tiny twin has one basic block per stage, no pooling, and 128 channels at 1/16 of the image's sides."""


class ResNetTrunk(nn.Module):
    """(B, 3, H, W) -> (B, channels, h, w), the map of the last stage after its ReLU.

    Parameters have torchvision's names; weight files with more stages fit. The maps are channels-last in memory, which
    is 1.14 times as fast on a CPU. depths: blocks of each stage. widths: hidden width of each. Every stage but the
    first halves the map. stem: kernel size of the first convolution, which has stride 2. pool: 3 x 3 max pooling with
    stride 2 after the stem. last_stride: stride of the last stage, unless it is the first. Attribute reduction: the
    map's sides are the image's divided by it, rounded up.
    """

    def __init__(
        self, block: Block, depths: Sequence[int], widths: Sequence[int], stem: int, pool: bool, last_stride: int
    ):
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], stem, stride=2, padding=stem // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1) if pool else nn.Identity()
        channels = widths[0]
        strides = [1, *[2] * (len(depths) - 2), last_stride][: len(depths)]
        for number, (depth, width, stride) in enumerate(zip(depths, widths, strides, strict=True), start=1):
            steps = [stride, *[1] * (depth - 1)]
            self.add_module(f"layer{number}", stage(block, channels, width, steps))
            channels = width * block.expansion
        self.channels, self.stages = channels, len(depths)
        self.reduction = 2 ** (1 + pool) * math.prod(strides)
        he_init(self)
        self.to(memory_format=torch.channels_last)

    @sharded
    def forward(self, pixels: Tensor) -> Tensor:
        x = pixels.contiguous(memory_format=torch.channels_last)
        x = self.maxpool(torch.relu(self.bn1(self.conv1(x))))
        for number in range(1, self.stages + 1):
            x = self.get_submodule(f"layer{number}")(x)
        return x

    def adapt(self, tensors: dict[str, Tensor], about: object) -> dict[str, Tensor]:
        """Drop the classifier and the later stages of a weight file (see `load_weights`).

        Files older than torch 0.4.1 have no count of batches; it is set to 0, as in torch, and nothing uses it.
        """
        later = [f"layer{number}." for number in range(self.stages + 1, STAGES + 1)]
        kept = {name: value for name, value in tensors.items() if not name.startswith(("fc.", *later))}
        ends = {name.removesuffix("running_mean") for name in kept if name.endswith(".running_mean")}
        return {f"{end}num_batches_tracked": torch.tensor(0) for end in sorted(ends)} | kept


def stage(block: Block, channels: int, width: int, strides: Sequence[int]) -> nn.Sequential:
    """Build one block per stride; (B, channels, h, w) -> (B, width * block.expansion, ...)."""
    blocks, out = [], width * block.expansion
    for step in strides:
        shortcut = None
        if step != 1 or channels != out:
            shortcut = nn.Sequential(conv1x1(channels, out, step), nn.BatchNorm2d(out))
        blocks.append(block(channels, width, step, shortcut))
        channels = out
    return nn.Sequential(*blocks)


def basic_blocks(channels: int, out: int, count: int) -> nn.Sequential:
    """Blocks of two 3 x 3 convolutions, (B, channels, h, w) -> (B, out, h, w); initialised like a trunk."""
    branch = stage(BasicBlock, channels, out, [1] * count)
    he_init(branch)
    return branch.to(memory_format=torch.channels_last)


def he_init(network: nn.Module) -> None:
    """Initialise the convolutions with normal values (He et al. 2015), as torchvision does."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
