"""Build the module that a release's tensors must fit, without values, to check an import."""

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn

from glalign.models.towers.albef import albef
from glalign.models.towers.backbones import clip_towers, resnet_trunk, vgg_trunk
from glalign.models.towers.bert import bert
from glalign.models.towers.gpt2 import gpt2
from glalign.models.towers.phobert import phobert
from glalign.parsing.parser import build
from glalign.support.errors import UserError
from glalign.weights.catalogue import WeightRelease

SIZE = (224, 224)
"""Image size of the modules built here; position embeddings are resized between sizes."""


def empty_module(release: WeightRelease, parser: Mapping[str, Any]) -> nn.Module:
    """Build the release's module on torch's meta device: names and shapes only. parser: a SegFormer's `model`.

    Raises: UserError if `parser` describes no network.
    """
    with torch.device("meta"):
        if release.family == "segformer":
            try:
                return build(parser)
            except Exception as error:  # transformers checks only some keys
                what = " ".join(str(error).split()) or type(error).__name__
                raise UserError(f"config.json: describes no SegFormer ({what}); fetch it again") from error
        return BUILDERS[release.family](release.backbone, release.words)


def _multilingual(name: str, words: int) -> nn.Module:
    from glalign.models.towers.multilingual import SHAPES, MultilingualTowers  # noqa: PLC0415  (seconds)

    tokenizer: Any = SimpleNamespace(vocab_size=words, sot_id=0, pad_id=1, eot_id=2)
    return MultilingualTowers(SHAPES[name], SIZE, tokenizer, 0.0)


BUILDERS: Mapping[str, Callable[[str, Any], nn.Module]] = {
    "clip": lambda name, _: clip_towers(name, SIZE),
    "multilingual": _multilingual,
    "phobert": phobert,
    "gpt2": gpt2,
    "bert": bert,
    "albef": lambda name, words: albef(name, SIZE, words),
    "resnet": lambda name, _: resnet_trunk(name),
    "vgg": lambda name, _: vgg_trunk(name),
}
"""Family -> function that builds its module from the name of a backbone and the size of a vocabulary."""
