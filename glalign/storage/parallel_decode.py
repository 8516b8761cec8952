"""Decoding many files at once without letting the order of threads show in the result."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

CHUNK = 256
"""Items in flight: bounds the memory of results that nobody has taken yet."""


def in_threads(
    work: Callable[[Item], Result], items: Sequence[Item], threads: int, advance: Callable[[int], object] | None = None
) -> Iterator[Result]:
    """`work` of each item, in the items' order; `advance` is told how many more are done.

    Pillow and zlib let other threads run while they decode.
    """
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(items), CHUNK):
            part = items[start : start + CHUNK]
            yield from pool.map(work, part)
            if advance:
                advance(len(part))


def cores() -> int:
    """CPU cores that this process may use, for work whose result does not depend on the number of threads."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
