"""Optimisers and schedules: a learning rate is the group's base rate times a pure function of the step."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class OptimOptions:
    """The `optim:` keys of a system.

    name: adam (L2 added to the gradient), adamw (decoupled decay) or sgd (Nesterov). schedule: constant, cosine (to
    `floor` times the rate) or steps (times `gamma` at each of `milestones`, fractions of the training). warmup:
    fraction of the training over which the rate rises linearly from `warmup_from` times the rate. clip: largest norm
    of the gradient, 0 for none.
    """

    name: str = "adamw"
    lr: float = 1e-3
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    momentum: float = 0.9
    schedule: str = "constant"
    warmup: float = 0.0
    warmup_from: float = 0.1
    floor: float = 0.0
    milestones: tuple[float, ...] = ()
    gamma: float = 0.1
    clip: float = 0.0


def make_optimizer(
    groups: Iterable[dict[str, Any]], options: OptimOptions, *, fused: bool = False
) -> torch.optim.Optimizer:
    """The optimiser over `groups`, each of which keeps its base rate under `base_lr`. fused: one kernel per group."""
    one_kernel = fused or None  # None: torch's own choice, which is never this one
    groups = [{**group, "base_lr": group["lr"]} for group in groups if group["params"]]
    match options.name:
        case "adamw":
            return torch.optim.AdamW(groups, betas=options.betas, eps=options.eps, fused=one_kernel)
        case "adam":
            return torch.optim.Adam(groups, betas=options.betas, eps=options.eps, fused=one_kernel)
        case _:
            nesterov = options.momentum > 0
            return torch.optim.SGD(groups, momentum=options.momentum, nesterov=nesterov, fused=one_kernel)


def rate_factor(options: OptimOptions, steps: int) -> Callable[[int], float]:
    """Function of the step (from 0) by which every base rate is multiplied.

    >>> factor = rate_factor(OptimOptions(schedule="steps", milestones=(0.5,)), steps=10)
    >>> factor(4), factor(5)
    (1.0, 0.1)
    """
    rise = round(options.warmup * steps)

    def factor(step: int) -> float:
        if step < rise:
            return options.warmup_from + (1 - options.warmup_from) * step / rise
        if options.schedule == "cosine":
            share = (step - rise) / max(1, steps - rise)
            return options.floor + (1 - options.floor) * 0.5 * (1 + math.cos(math.pi * share))
        return options.gamma ** sum(step >= fraction * steps for fraction in options.milestones)

    return factor


def set_rates(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Give every group its base rate times `factor`."""
    for group in optimizer.param_groups:
        group["lr"] = group["base_lr"] * factor
