"""Predict label maps of the 18 ATR labels with a SegFormer human parser (D18)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import interpolate

from glalign.contract.regions import ATR_LABELS, SIDES
from glalign.parsing.label_maps import BATCH
from glalign.parsing.released_names import current_names
from glalign.storage.json_files import read_json
from glalign.storage.weight_files import load_weights
from glalign.support.clock import clock
from glalign.support.errors import UserError


class Parser:
    """A SegFormer with the size and the normalisation of its input.

    record: the key `record` of the JSON file beside the weights, with `model` (keys of transformers' SegformerConfig
    without the number of labels) and `input` (size [height, width], channel means and deviations of pixels in 0..1).
    """

    def __init__(self, record: Mapping[str, Any], device: torch.device | str = "cpu") -> None:
        self.network = build(record["model"]).to(device)
        self.size: tuple[int, int] = tuple(record["input"]["size"])
        self.mean = torch.tensor(record["input"]["mean"], device=device).view(1, 3, 1, 1)
        self.deviation = torch.tensor(record["input"]["std"], device=device).view(1, 3, 1, 1)

    @classmethod
    def load(cls, folder: Path | str, name: str, device: torch.device | str = "cpu") -> "Parser":
        """Load the parser `name` of a folder: weights and their record. Raises: UserError naming a missing file."""
        path = Path(folder) / f"{name}.json"
        about = read_json(path)
        record = about.get("record") if isinstance(about, dict) else None
        if not isinstance(record, dict) or not {"model", "input"} <= record.keys():
            raise UserError(f"{path}: not a parser's record (`record: model, input` is missing); fetch it again")
        try:
            parser = cls(record, device)
        except Exception as error:  # transformers and torch raise nearly anything of a wrong value
            what = " ".join(str(error).split()) or type(error).__name__
            raise UserError(f"{path}: its `record` describes no parser ({what}); fetch it again") from error
        load_weights(parser.network, folder, name)
        parser.network.eval()
        return parser

    def logits(self, pixels: Tensor) -> Tensor:
        """Return scores (B, 18, h, w), a fraction of the input in size, of float pixels (B, 3, H, W) in 0..1."""
        return self.network((pixels - self.mean) / self.deviation).logits

    @torch.inference_mode()
    def predict(self, images: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
        """Predict label maps (H, W) uint8 of RGB images (H, W, 3) uint8, each at its image's own size."""
        height, width = self.size
        maps: list[NDArray[np.uint8]] = []
        for start in range(0, len(images), BATCH):
            group = images[start : start + BATCH]
            small = [Image.fromarray(i).resize((width, height), Image.Resampling.BILINEAR) for i in group]
            pixels = torch.from_numpy(np.stack([np.asarray(i) for i in small])).permute(0, 3, 1, 2)
            scores = paired(self.logits(pixels.to(self.mean.device).float() / 255))
            for image, score in zip(group, scores, strict=True):
                large = interpolate(score[None], image.shape[:2], mode="bilinear", align_corners=False)
                maps.append(large[0].argmax(0).to(torch.uint8).cpu().numpy())
        return maps


def paired(scores: Tensor) -> Tensor:
    """Raise scores (B, 18, h, w) of paired left and right labels equally, so that the larger is their logsumexp."""
    raised = scores.clone()  # a pixel that may be a left or a right shoe is a shoe, not background
    for left, right in SIDES:
        two = scores[:, [left, right]]
        raised[:, [left, right]] += two.logsumexp(1, keepdim=True) - two.amax(1, keepdim=True)
    return raised


def build(model: Mapping[str, Any]) -> nn.Module:
    """Build transformers' SegFormer with random weights from keys of SegformerConfig; it loads released files, too."""
    with clock.span("imports"):
        from transformers import SegformerConfig, SegformerForSemanticSegmentation  # noqa: PLC0415  (seconds)

    config = SegformerConfig(num_labels=len(ATR_LABELS), **model)  # type: ignore[call-arg]  # declared as a property
    network = SegformerForSemanticSegmentation(config)
    network.adapt = current_names  # type: ignore[assignment]  # torch declares attributes as tensors or modules
    return network
