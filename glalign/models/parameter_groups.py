"""Optimiser groups: which parameter learns at which rate, and which decays."""

from collections.abc import Callable, Iterable
from typing import Any

from torch import nn


def grouped(
    module: nn.Module, rule: Callable[[str], tuple[float, bool]], lr: float, weight_decay: float
) -> Iterable[dict[str, Any]]:
    """Optimiser groups by `rule`: name of a parameter -> its rate relative to `lr`, and whether it decays.

    Frozen parameters are in them too: a later stage of the training may release them.
    """
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter in module.named_parameters():
        groups.setdefault(rule(name), []).append(parameter)
    for (factor, decays), params in groups.items():
        yield {"params": params, "lr": factor * lr, "weight_decay": weight_decay if decays else 0.0}


def trunk_and_rest(
    parameters: Iterable[nn.Parameter], trunk: nn.Module, lr: float, trunk_rate: float, weight_decay: float
) -> Iterable[dict[str, Any]]:
    """The parameters that are not the trunk's at `lr`, the trunk's at `trunk_rate` times it; vectors do not decay."""
    own = {id(p) for p in trunk.parameters()}
    parameters = list(parameters)
    for mine, rate in ((False, lr), (True, lr * trunk_rate)):
        group = [p for p in parameters if (id(p) in own) == mine]
        yield {"params": [p for p in group if p.ndim > 1], "lr": rate, "weight_decay": weight_decay}
        yield {"params": [p for p in group if p.ndim <= 1], "lr": rate, "weight_decay": 0.0}
