"""Optimiser groups: the learning rate and the weight decay of each parameter."""

from collections.abc import Callable, Iterable
from typing import Any

from torch import nn


def grouped(
    named: Iterable[tuple[str, nn.Parameter]], rule: Callable[[str], tuple[float, bool]], lr: float, weight_decay: float
) -> Iterable[dict[str, Any]]:
    """Yield one optimiser group per pair of rate and decay.

    rule: name of a parameter -> its rate relative to `lr`, and whether it decays. Frozen parameters are grouped like
    all others: a later stage of the training may release them.
    """
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter in named:
        groups.setdefault(rule(name), []).append(parameter)
    for (factor, decays), params in groups.items():
        yield {"params": params, "lr": factor * lr, "weight_decay": weight_decay if decays else 0.0}


def trunk_and_rest(
    parameters: Iterable[nn.Parameter], trunk: nn.Module, lr: float, trunk_rate: float, weight_decay: float
) -> Iterable[dict[str, Any]]:
    """Yield the parameters outside the trunk at `lr`, then the trunk's at `trunk_rate * lr`; vectors do not decay."""
    trunk_ids, parameters = {id(p) for p in trunk.parameters()}, list(parameters)
    for in_trunk, rate in ((False, lr), (True, lr * trunk_rate)):
        group = [p for p in parameters if (id(p) in trunk_ids) == in_trunk]
        yield {"params": [p for p in group if p.ndim > 1], "lr": rate, "weight_decay": weight_decay}
        yield {"params": [p for p in group if p.ndim <= 1], "lr": rate, "weight_decay": 0.0}
