"""Build towers from the names of backbones; a tiny twin differs from the real network in sizes only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from glalign.config.from_mapping import named
from glalign.language.tokenizers import clip_tokenizer
from glalign.models.towers.clip import ClipShape, ClipTowers
from glalign.models.towers.vgg import TINY, VGG16, VggTrunk
from glalign.support.errors import UserError

if TYPE_CHECKING:
    from glalign.models.towers.multilingual import MultilingualTowers
    from glalign.models.towers.resnet import ResNetTrunk

    JointTowers = ClipTowers | MultilingualTowers
    """An image and a text tower in one module: CLIP's, or a multilingual pair."""

VGG_NAMES = {"tiny/vgg": TINY, "vgg16": VGG16}


def clip_towers(
    name: str,
    image_size: tuple[int, int],
    dropout: float = 0.0,
    class_token: str = "clip",
    *,
    lower_case: bool = True,
    context_length: int | None = None,
) -> ClipTowers:
    """Build CLIP's image and text towers with random weights.

    Sizes of the real ones: Radford et al. 2021, table 20. The tiny twin's: measured, 64 x 32 pixels in 8 x 4 patches.
    image_size: (H, W) in pixels, multiples of the patch size. dropout (D24), class_token (D23): see ClipTowers.
    lower_case (D6), context_length (D4, at most 77): of the tokenizer; None is the tower's own limit. Raises: UserError
    for an unknown name or an impossible size.
    """
    base = ClipShape(patch=32, joint=512, vision_width=768, vision_layers=12, text_width=512, text_layers=12)
    shapes = {
        # 3,582 merges: 4,096 ids in all
        "tiny/clip": ClipShape(8, 128, 64, 2, 64, 2, head_width=32, mlp_ratio=3.0, merges=3582, quick_gelu=False),
        "clip-vit-b-32": base,
        "clip-vit-b-16": replace(base, patch=16),
    }
    shape = named(shapes, name, "model.backbone: unknown CLIP")
    length = context_length or shape.context
    if not 3 <= length <= shape.context:
        raise UserError(f"model.context_length: {length}; {name} reads 3 to {shape.context} tokens")
    tokenizer = clip_tokenizer(merges=shape.merges, context_length=length, lower_case=lower_case)
    return ClipTowers(shape, image_size, tokenizer, dropout, class_token)


def resnet_trunk(name: str, stages: int = 4, last_stride: int = 2) -> ResNetTrunk:
    """Build a ResNet without its pooling and classifier, with random weights: (B, 3, H, W) -> (B, channels, h, w).

    stages: number of its four stages to keep; weight files of all four fit. last_stride: 1 keeps the last stage's map
    as large as the map before it. Raises: UserError for an unknown name.
    """
    from glalign.models.towers.resnet import SHAPES, ResNetTrunk  # noqa: PLC0415

    block, depths, widths, stem, pool = named(SHAPES, name, "model.backbone: unknown ResNet")
    return ResNetTrunk(block, depths[:stages], widths[:stages], stem, pool, last_stride)


def vgg_trunk(name: str, dropout: float = 0.5) -> VggTrunk:
    """Build a VGG up to its second fully connected layer, with random weights: (B, 3, H, W) -> (B, channels).

    dropout: after both fully connected layers (Simonyan and Zisserman 2015: .5). Images have the size
    `shape.image_size`. Raises: UserError for an unknown name.
    """
    return VggTrunk(named(VGG_NAMES, name, "model.backbone: unknown VGG"), dropout)
