"""What the check says: parts, which yield lines with a verdict each."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import torch

Verdict = Literal["ok", "differs", "does not fit", "left out", "failed"]

BAD: frozenset[Verdict] = frozenset({"differs", "failed"})
"""Verdicts that make the exit status 1."""


@dataclass(frozen=True)
class Line:
    """One finding. values: its numbers, for the JSON file."""

    part: str
    subject: str
    verdict: Verdict
    text: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.verdict:12} {self.part:9} {self.subject:15} {self.text}"

    def to_json(self) -> dict[str, Any]:
        """The line as plain values."""
        shown = {name: getattr(self, name) for name in ("part", "subject", "verdict", "text")}
        return shown | {"values": {name: _plain(value) for name, value in self.values.items()}}


def _plain(value: object) -> object:
    """A value that JSON has: "inf" and "nan" as texts."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


@dataclass
class Setting:
    """Where the check runs. small: sizes for a CPU. pairs_per_second: of a system's step, for the parts that follow."""

    device: torch.device
    small: bool = False
    pairs_per_second: dict[str, float] = field(default_factory=dict)

    @property
    def cuda(self) -> bool:
        """Whether the device is a GPU."""
        return self.device.type == "cuda"


@dataclass(frozen=True)
class Part:
    """A part of the check, of one subject; `check` yields its lines."""

    name: str
    subject: str
    check: Callable[[Setting], Iterator[Line]]

    def line(self, verdict: Verdict, text: str) -> Line:
        """A line about the part as a whole."""
        return Line(self.name, self.subject, verdict, text)
