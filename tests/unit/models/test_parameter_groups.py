"""Optimiser groups of a trunk and the rest."""

from torch import nn

from glalign.models.parameter_groups import trunk_and_rest


def test_the_trunk_has_its_own_rate_and_vectors_do_not_decay() -> None:
    model = nn.ModuleDict({"trunk": nn.Linear(2, 3), "head": nn.Linear(3, 4)})
    groups = list(trunk_and_rest(model.parameters(), model["trunk"], 0.1, 0.5, 0.01))
    found = {id(p): (group["lr"], group["weight_decay"]) for group in groups for p in group["params"]}
    trunk, head = model["trunk"], model["head"]
    assert found == {
        id(head.weight): (0.1, 0.01),
        id(head.bias): (0.1, 0.0),
        id(trunk.weight): (0.05, 0.01),
        id(trunk.bias): (0.05, 0.0),
    }


def test_parameters_that_are_left_out_are_in_no_group() -> None:
    model = nn.ModuleDict({"trunk": nn.Linear(2, 3), "head": nn.Linear(3, 4)})
    groups = list(trunk_and_rest(model["head"].parameters(), model["trunk"], 0.1, 0.5, 0.01))
    assert sum(len(group["params"]) for group in groups) == 2
