"""Batches made by threads while the steps before them run; the same bytes, since a batch is a function of its step."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from glalign.contract.retriever import Batch


class Ahead:
    """What `make` gives for each step, begun up to `count` steps before it is asked for, by as many threads.

    pin: in page-locked memory. What `make` raises is raised where the batch is asked for. 0 <= step < steps.
    """

    def __init__(self, make: Callable[[int], Batch], steps: int, count: int, *, pin: bool = False) -> None:
        self._make, self._steps, self._count, self._pin = make, steps, count, pin
        self._pool = ThreadPoolExecutor(max(1, count), "batch")
        self._begun: dict[int, Future[Batch]] = {}

    def batch(self, step: int) -> Batch:
        """The batch of a step; those that follow it are begun."""
        for ahead in range(step, min(step + 1 + self._count, self._steps)):
            if ahead not in self._begun:
                self._begun[ahead] = self._pool.submit(self._made, ahead)
        return self._begun.pop(step).result()

    def _made(self, step: int) -> Batch:
        batch = self._make(step)
        return batch.pinned() if self._pin else batch
