"""Batches made by threads ahead of their steps; they are the same batches, since each is a function of its step."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from glalign.contract.retriever import Batch


class Prefetcher:
    """Calls `make` for up to `count` steps ahead, in as many threads; what it raises is raised by `batch`.

    steps: of the training; each has 0 <= step < steps. pin: put the batches into page-locked memory.
    """

    def __init__(self, make: Callable[[int], Batch], steps: int, count: int, *, pin: bool = False) -> None:
        self._make = (lambda step: make(step).pinned()) if pin else make
        self._steps, self.count = steps, count
        self._pool = ThreadPoolExecutor(max(1, count), "batch")
        self._begun: dict[int, Future[Batch]] = {}

    def batch(self, step: int) -> Batch:
        """The batch of a step; starts those of the next `count` steps."""
        for ahead in range(step, min(step + 1 + self.count, self._steps)):
            if ahead not in self._begun:
                self._begun[ahead] = self._pool.submit(self._make, ahead)
        return self._begun.pop(step).result()


def read_ahead(batches: Iterator[Batch], count: int, *, pin: bool = False) -> Iterator[Batch]:
    """Yield the batches, in order; a thread makes up to `count` of them before they are asked for, none if it is 0.

    pin: put them into page-locked memory. What the iterator raises is raised here.
    """
    if not count:
        yield from batches
        return

    def make() -> Batch | None:
        batch = next(batches, None)
        return batch.pinned() if pin and batch is not None else batch

    with ThreadPoolExecutor(1, "batch") as pool:
        begun = deque(pool.submit(make) for _ in range(count))
        while (batch := begun.popleft().result()) is not None:
            begun.append(pool.submit(make))
            yield batch
