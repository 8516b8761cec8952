"""Training of the tiny SegFormer parser on label maps of synthetic people who are in no benchmark split."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, interpolate

from glalign.contract.regions import ATR_LABELS
from glalign.contract.specs.twins import PretrainSpec
from glalign.parsing.label_maps import Agreement
from glalign.parsing.parser import Parser
from glalign.pretraining.parser_augmentation import augment
from glalign.storage.weight_files import save_weights
from glalign.support.errors import UserError
from glalign.support.progress import Progress
from glalign.support.random_streams import seed_for
from glalign.support.torch_settings import prepare
from glalign.synthetic.dataset import corpus

ARCHITECTURE: Mapping[str, Any] = {
    "model": {
        # SegFormer's B0 is (32, 64, 160, 256) wide and two layers deep per stage; this is a size that a CPU trains in
        # minutes. Strides are B0's, so maps have a quarter of the input size.
        "hidden_sizes": [24, 32, 48, 64], "depths": [1, 1, 1, 1], "num_attention_heads": [1, 1, 2, 2],
        "sr_ratios": [4, 2, 1, 1], "mlp_ratios": [2, 2, 2, 2], "patch_sizes": [7, 3, 3, 3], "strides": [4, 2, 2, 2],
        "decoder_hidden_size": 64, "drop_path_rate": 0.0, "classifier_dropout_prob": 0.0,
    },
    "input": {"size": [128, 64], "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]},
}  # fmt: skip
"""Architecture and input of the tiny parser, part of its record."""


def pretrain_parser(spec: PretrainSpec, out: Path) -> dict[str, Any]:
    """Train a parser, write its weights to `out`, return its record. Raises: UserError when the loss is not finite."""
    assert spec.identities
    prepare(spec.threads, "cpu")
    pixels, labels, people = _corpus(spec)
    known = people <= spec.identities
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_for(spec.seed, "parser", "weights"))
        parser = Parser(ARCHITECTURE)
    losses = _optimise(parser, pixels[known], labels[known], spec)
    parser.network.eval()
    agreement = Agreement()
    unseen = (~known).nonzero().ravel().tolist()
    images = [pixels[i].permute(1, 2, 0).numpy() for i in unseen]
    for index, found in zip(unseen, parser.predict(images), strict=True):
        agreement.add(found, labels[index].numpy())
    save_weights(out, parser.network.state_dict())
    count = sum(p.numel() for p in parser.network.parameters())
    return {**ARCHITECTURE, "parameters": count, "losses": losses, "agreement": agreement.report()}


def segmentation_loss(logits: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Weighted mean of the pixel cross-entropies of scores (B, 18, h, w), enlarged bilinearly, and labels (B, H, W)."""
    return cross_entropy(interpolate(logits, labels.shape[-2:], mode="bilinear", align_corners=False), labels, weights)


def label_weights(labels: Tensor) -> Tensor:
    """Weights (18,) of the labels: the inverse root of a label's share of the pixels, at most twice the median.

    With equal weights small objects (shoes, bags) are never predicted, with the plain inverse they are predicted
    everywhere; the limit does the same for the rarest (belts, sunglasses).
    """
    share = torch.bincount(labels.reshape(-1).long(), minlength=len(ATR_LABELS)).double() / labels.numel()
    weights = share.clamp(min=1e-4).rsqrt()
    weights = weights.clamp(max=2 * weights.median())
    return (weights / (weights * share).sum()).float()


def _corpus(spec: PretrainSpec) -> tuple[Tensor, Tensor, Tensor]:
    """Pixels (N, 3, H, W) uint8, labels (N, H, W) uint8 and person numbers (N,); the last people are held out."""
    assert spec.domain and spec.identities and spec.images
    people = spec.identities + spec.held_out
    rows = []
    with Progress("draw people", people * spec.images, "image") as progress:
        for image, map_, _, _, person in corpus(spec.domain, people, spec.images, spec.seed):
            rows.append((image, map_, person))
            progress.update()
    images, maps, persons = zip(*rows, strict=True)
    pixels = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
    return pixels, torch.from_numpy(np.stack(maps)), torch.tensor(persons)


def _optimise(parser: Parser, pixels: Tensor, labels: Tensor, spec: PretrainSpec) -> list[list[float]]:
    """Train with AdamW and a one-cycle rate; returns twenty entries [step, mean loss since the last entry]."""
    assert spec.lr and spec.batch and spec.weight_decay is not None
    generator = torch.Generator().manual_seed(seed_for(spec.seed, "parser", "batches"))
    optimiser = torch.optim.AdamW(parser.network.parameters(), lr=spec.lr, weight_decay=spec.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, spec.lr, total_steps=spec.steps, pct_start=0.1)
    weights, every = label_weights(labels), max(1, spec.steps // 20)
    losses, recent = [], []
    parser.network.train()
    with Progress("train parser", spec.steps, "step") as progress:
        for step in range(1, spec.steps + 1):
            chosen = torch.randint(len(pixels), (spec.batch,), generator=generator)
            images, maps = augment(pixels[chosen].float() / 255, labels[chosen].long(), generator)
            # Every second pixel of every second row: a quarter of the work, and maps have a quarter of the size.
            loss = segmentation_loss(parser.logits(images), maps[:, ::2, ::2], weights)
            if not torch.isfinite(loss):
                raise UserError(f"parser: the loss is not finite at step {step}; lower `lr`")
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
            recent.append(loss.item())
            if step % every == 0:
                losses.append([step, round(float(np.mean(recent)), 4)])
                recent.clear()
            progress.update(postfix=f"loss {loss.item():.3f}")
    return losses
