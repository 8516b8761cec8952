"""ResNet trunks out of torchvision's blocks: an image becomes a map of features."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck, conv1x1


class ResNetTrunk(nn.Module):
    """(B, 3, H, W) -> (B, channels, h, w); parameters are named as torchvision's, whose files it reads.

    stem: kernel size of the first convolution, stride 2; pool: 3 x 3 maximum of stride 2 behind it. widths: inner
    widths of the stages, each of which but the first halves the map. The maps are channels-last in memory, which the
    CPU's convolutions prefer (1.14 times as fast).
    """

    def __init__(
        self,
        block: type[BasicBlock | Bottleneck],
        depths: Sequence[int],
        widths: Sequence[int],
        stem: int,
        pool: bool,
    ):
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], stem, stride=2, padding=stem // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1) if pool else nn.Identity()
        inside = widths[0]
        for number, (depth, width) in enumerate(zip(depths, widths, strict=True), start=1):
            outside = width * block.expansion
            stride = 1 if number == 1 else 2
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
        for module in self.modules():
            if isinstance(module, nn.Conv2d):  # He et al. 2015, as torchvision starts its own
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        self.to(memory_format=torch.channels_last)

    def forward(self, pixels: Tensor) -> Tensor:
        """The last stage's map, after its ReLU."""
        x = pixels.contiguous(memory_format=torch.channels_last)
        x = self.maxpool(torch.relu(self.bn1(self.conv1(x))))
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))

    def adapt(self, tensors: dict[str, Tensor], about: object) -> dict[str, Tensor]:
        """Drop the classifier of a weight file (`load_weights`)."""
        return {name: value for name, value in tensors.items() if not name.startswith("fc.")}


def resnet50_trunk() -> ResNetTrunk:
    """ResNet-50 (He et al. 2016) without its head: 2,048 channels at 1/32 of the image's sides."""
    return ResNetTrunk(Bottleneck, (3, 4, 6, 3), (64, 128, 256, 512), stem=7, pool=True)


def tiny_trunk() -> ResNetTrunk:
    """Its tiny twin: one basic block per stage, no pooling, 128 channels at 1/16 of the image's sides."""
    return ResNetTrunk(BasicBlock, (1, 1, 1, 1), (16, 32, 64, 128), stem=3, pool=False)
