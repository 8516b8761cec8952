"""Costs of a system per image, caption and pair: counted by benchmarks/costs.py, read here without torch."""

from dataclasses import dataclass, fields
from pathlib import Path

from glalign.config.settings import System
from glalign.contract.specs.training import BuildSpec, ModelSpec
from glalign.storage.csv_files import read_rows


@dataclass(frozen=True)
class Cost:
    """Costs of a system.

    Args:
        parameters: Number of parameters.
        trained: Number of trained parameters.
        buffers: Number of values in buffers.
        image: Multiply-adds of encoding one image.
        caption: Multiply-adds of encoding one caption.
        query: Multiply-adds of scoring one query against `GALLERY` images, second stage included.
        pair: Multiply-adds of one pair of a training step, forward and backward.
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

    >>> system = {"label": "B", "class": "a.B", "model": {"width": 8, "tau": 0.1}}
    >>> built_as(System(**system, data={"image_size": (64, 32), "batch_size": 2}))
    'a.B 64x32 width=8'
    """
    options = {
        key: value
        for key, value in system.model.items()
        if isinstance(value, str | int) and not isinstance(value, bool) and not key.endswith("weights")
    }
    size = "x".join(map(str, system.data.image_size)) if system.data else ""
    return " ".join([str(system.class_path), size, *(f"{key}={value}" for key, value in sorted(options.items()))])


def read_costs(path: Path | str) -> dict[str, Cost]:
    """Read config/costs.csv as `built_as` -> cost. Raises: UserError when the file is missing."""
    names = [field.name for field in fields(Cost)]
    rows = read_rows(path, columns=("built_as", *names), remedy="restore it from the repository")
    return {row["built_as"]: Cost(**{name: int(row[name]) for name in names}) for row in rows}
