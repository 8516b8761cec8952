"""A SegFormer human parser: photographs in, label maps of the 18 ATR labels out (D18)."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import interpolate

from glalign.contract.regions import ATR_LABELS, SIDES
from glalign.parsing.released_names import current_names
from glalign.storage.weight_files import load_weights
from glalign.storage.whole_files import read_json
from glalign.support.errors import UserError

BATCH = 32
"""Images a parser sees at a time; small, because maps are enlarged to the images' own sizes."""


class Parser:
    """A SegFormer with what it needs to know of its input.

    facts: `model` (keys of transformers' SegformerConfig but the number of labels) and `input` (size [height, width],
    mean and deviation per channel of pixels in 0..1), as they stand under `record` in the JSON file beside the weights.
    """

    def __init__(self, facts: Mapping[str, Any], device: torch.device | str = "cpu") -> None:
        self.network = build(facts["model"]).to(device)
        self.size: tuple[int, int] = tuple(facts["input"]["size"])
        self.mean = torch.tensor(facts["input"]["mean"], device=device).view(1, 3, 1, 1)
        self.deviation = torch.tensor(facts["input"]["std"], device=device).view(1, 3, 1, 1)

    @classmethod
    def load(cls, folder: Path | str, name: str, device: torch.device | str = "cpu") -> "Parser":
        """The parser `name` of a folder: weights with their record. Raises: UserError naming a missing file."""
        path = Path(folder) / f"{name}.json"
        about = read_json(path)
        facts = about.get("record") if isinstance(about, dict) else None
        if not isinstance(facts, dict) or not {"model", "input"} <= facts.keys():
            raise UserError(f"{path}: not a parser's record (`record: model, input` is missing); fetch it again")
        parser = cls(facts, device)
        load_weights(parser.network, folder, name)
        parser.network.eval()
        return parser

    def logits(self, pixels: Tensor) -> Tensor:
        """(B, 18, h, w) scores at a fraction of the input size for float pixels (B, 3, H, W) in 0..1."""
        return self.network((pixels - self.mean) / self.deviation).logits

    @torch.inference_mode()
    def predict(self, images: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
        """Label maps (H, W) uint8 of RGB images (H, W, 3) uint8, each at its image's own size."""
        height, width = self.size
        maps: list[NDArray[np.uint8]] = []
        for group in _groups(images):
            small = [Image.fromarray(i).resize((width, height), Image.Resampling.BILINEAR) for i in group]
            pixels = torch.from_numpy(np.stack([np.asarray(i) for i in small])).permute(0, 3, 1, 2)
            scores = paired(self.logits(pixels.to(self.mean.device).float() / 255))
            for image, score in zip(group, scores, strict=True):
                large = interpolate(score[None], image.shape[:2], mode="bilinear", align_corners=False)
                maps.append(large[0].argmax(0).to(torch.uint8).cpu().numpy())
        return maps


def paired(scores: Tensor) -> Tensor:
    """Scores (B, 18, h, w) with the left and the right of a thing raised alike, so that the better of the two has what
    both have together: a shoe that may be either is still a shoe, not background."""
    raised = scores.clone()
    for left, right in SIDES:
        two = scores[:, [left, right]]
        raised[:, [left, right]] += two.logsumexp(1, keepdim=True) - two.amax(1, keepdim=True)
    return raised


def build(model: Mapping[str, Any]) -> nn.Module:
    """transformers' SegFormer with random values for keys of SegformerConfig; it reads released files, too."""
    from transformers import SegformerConfig, SegformerForSemanticSegmentation  # noqa: PLC0415  (seconds to import)

    network = SegformerForSemanticSegmentation(SegformerConfig(num_labels=len(ATR_LABELS), **model))
    network.adapt = current_names
    return network


def _groups(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))
