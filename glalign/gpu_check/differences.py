"""How far the tensors of two computations lie apart."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

FLOOR = 1e-3
"""A tensor whose norm is a smaller share of the norm of all is compared with that share: the gradient of a bias before
a normalisation, or of a key's bias in attention, is zero but for rounding. With it every system but those of
`step.IN_DOUBLE` has gradients in float32 within 3e-5 of those in float64, on a CPU."""


class Furthest(NamedTuple):
    """The tensor that differs most, and by what share of its norm."""

    name: str
    share: float


def furthest(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> Furthest:
    """Compare tensors by name; the share is infinite where a name is on one side only, or an infinity or NaN."""
    if unmatched := sorted(found.keys() ^ expected.keys()):
        return Furthest(f"{unmatched[0]} (on one side only)", float("inf"))
    norms = {name: float(_finite(value).norm()) for name, value in expected.items()}
    floor = FLOOR * sum(norm**2 for norm in norms.values()) ** 0.5
    worst = Furthest("none", 0.0)
    for name, value in expected.items():
        mine, other = found[name].double().cpu(), value.double().cpu()
        distance = float(torch.where(mine == other, 0.0, mine - other).norm())  # two infinities are equal
        scale = max(norms[name], floor)
        share = distance / scale if scale else distance and float("inf")
        if not share <= worst.share:  # also where it is not a number
            worst = Furthest(name, float("inf") if math.isnan(share) else share)
    return worst


def same_bytes(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> str | None:
    """Return the name of the first tensor whose bytes differ, or None."""
    if unmatched := sorted(found.keys() ^ expected.keys()):
        return unmatched[0]
    pairs = ((name, found[name].cpu().contiguous(), value.cpu().contiguous()) for name, value in expected.items())
    return next((name for name, a, b in pairs if not torch.equal(_bytes(a), _bytes(b))), None)


def _finite(value: Tensor) -> Tensor:
    return value.double().nan_to_num(0.0, 0.0, 0.0)


def _bytes(value: Tensor) -> Tensor:
    return value.reshape(-1).view(torch.uint8)
