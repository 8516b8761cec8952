"""Map a function over items in threads, in order; Pillow and zlib release the GIL while they decode."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

CHUNK = 256
"""Items in flight, which bounds the memory of results not yet consumed."""


def map_in_threads(
    work: Callable[[Item], Result], items: Sequence[Item], threads: int, advance: Callable[[int], object] | None = None
) -> Iterator[Result]:
    """Yield `work(item)` of each item, in order. advance: called with the number of further items done."""
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(items), CHUNK):
            part = items[start : start + CHUNK]
            yield from pool.map(work, part)
            if advance:
                advance(len(part))


def cores() -> int:
    """Return the number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
