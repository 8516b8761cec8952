"""Optimisers and learning-rate schedules."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch

from glalign.config.training import Optim


def make_optimizer(groups: Iterable[dict[str, Any]], options: Optim, *, fused: bool = False) -> torch.optim.Optimizer:
    """Make the optimiser of `groups`; each keeps its base rate under the key `base_lr`. fused: one kernel per group."""
    one_kernel = fused or None  # None: torch's own choice, which is never this one
    groups = [{**group, "base_lr": group["lr"]} for group in groups if group["params"]]
    if options.name == "sgd":
        nesterov = options.momentum > 0
        return torch.optim.SGD(groups, momentum=options.momentum, nesterov=nesterov, fused=one_kernel)
    kind = torch.optim.AdamW if options.name == "adamw" else torch.optim.Adam
    return kind(groups, betas=options.betas, eps=options.eps, fused=one_kernel)


def rate_factor(options: Optim, steps: int) -> Callable[[int], float]:
    """Return the schedule: a function of the step (from 0) by which every base rate is multiplied.

    >>> factor = rate_factor(Optim(name="adamw", lr=0.1, schedule="steps", milestones=(0.5,)), steps=10)
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
    """Set the rate of every group to its base rate times `factor`."""
    for group in optimizer.param_groups:
        group["lr"] = group["base_lr"] * factor
