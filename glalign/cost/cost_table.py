"""Costs of a system per image, caption and pair: counted by benchmarks/costs.py, read here without torch."""

from pathlib import Path
from typing import NamedTuple

from glalign.config.settings import System
from glalign.contract.specs.training import BuildSpec, ModelSpec
from glalign.storage.csv_files import read_rows
from glalign.support.errors import UserError


class Cost(NamedTuple):
    """Numbers of parameters, of trained ones and of values in buffers, and multiply-adds of a system.

    image, caption: of encoding one. query: of scoring one against `GALLERY` images, second stage included. pair: of one
    pair of a training step, forward and backward.
    """

    parameters: int
    trained: int
    buffers: int
    image: int
    caption: int
    query: int
    pair: int


GALLERY = 3074
"""Images of CUHK-PEDES's test split, the gallery that the cost of a query is counted for."""


def built_as(system: System | ModelSpec | BuildSpec) -> str:
    """The key of a system in the table: its class, its image size, and the options that are names or whole numbers.

    Other options (real numbers such as rates and weights of losses, names of weight files) do not change the network.

    >>> place = {"weights": "", "threads": 1, "device": "cpu", "data": {"image_size": (64, 32), "batch_size": 2}}
    >>> built_as(ModelSpec(class_path="a.B", model={"width": 8, "tau": 0.1}, **place))
    'a.B 64x32 width=8'
    """
    named = [(key, value) for key, value in sorted(system.model.items()) if not key.endswith("weights")]
    options = [f"{k}={v}" for k, v in named if isinstance(v, str | int) and not isinstance(v, bool)]
    size = "x".join(map(str, system.data.image_size)) if system.data else ""
    return " ".join([str(system.class_path), size, *options])


def read_costs(path: Path | str) -> dict[str, Cost]:
    """Read config/costs.csv as `built_as` -> cost. Raises: UserError when the file is missing, or a cell no number."""
    remedy = "restore it from the repository"
    rows = read_rows(path, columns=("built_as", *Cost._fields), remedy=remedy)
    try:
        return {row["built_as"]: Cost(*(int(row[name]) for name in Cost._fields)) for row in rows}
    except ValueError as error:
        raise UserError(f"{path}: a cost is no whole number ({error}); {remedy}") from error
