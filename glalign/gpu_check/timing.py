"""Seconds of a repeated call on a device that computes behind the host's back."""

import time
from collections.abc import Callable

import torch

WARM, MOST = 2, 20
"""Calls before those that are timed, and the most that are timed."""


def wait(device: torch.device) -> None:
    """Wait until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds_of(run: Callable[[int], object], device: torch.device, budget: float, start: int = 0) -> float:
    """Mean seconds of a call; run is given rising numbers, the first is `start`.

    One call tells how many are timed: as many as last `budget` seconds, at least one.
    """
    for number in range(start, start + WARM):
        run(number)
    first = timed(run, start + WARM, 1, device)
    count = max(1, min(MOST, int(budget / max(first, 1e-6))))
    return timed(run, start + WARM + 1, count, device)


def timed(run: Callable[[int], object], start: int, count: int, device: torch.device) -> float:
    """Mean seconds of `count` calls, numbered from `start`."""
    wait(device)
    begun = time.perf_counter()
    for number in range(start, start + count):
        run(number)
    wait(device)
    return (time.perf_counter() - begun) / count
