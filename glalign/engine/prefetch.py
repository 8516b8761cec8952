"""Batches made by threads ahead of their steps; they are the same batches, since each is a function of its step."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from glalign.contract.retriever import Batch


class Prefetcher:
    """Calls `make` for up to `count` steps ahead, in as many threads; what it raises is raised by `batch`.

    steps: of the training; each has 0 <= step < steps. pin: put the batches into page-locked memory.
    """

    def __init__(self, make: Callable[[int], Batch], steps: int, count: int, *, pin: bool = False) -> None:
        self._make = (lambda step: make(step).pinned()) if pin else make
        self._steps, self._count = steps, count
        self._pool = ThreadPoolExecutor(max(1, count), "batch")
        self._begun: dict[int, Future[Batch]] = {}

    def batch(self, step: int) -> Batch:
        """The batch of a step; starts those of the next `count` steps."""
        for ahead in range(step, min(step + 1 + self._count, self._steps)):
            if ahead not in self._begun:
                self._begun[ahead] = self._pool.submit(self._make, ahead)
        return self._begun.pop(step).result()
