"""A clock that adds up the time of a process by kind. Spans of code say which kind their time is."""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Literal, TypeVar, get_args

T = TypeVar("T")

Kind = Literal["imports", "data", "model", "forward", "backward", "optimiser", "validation", "prediction", "other"]
"""What time is spent on. data: reading, decoding, tokenising, batches. model: building it, loading its weights.
prediction: encoding, scoring and ranking a test set, or labelling pixels."""

KINDS: tuple[Kind, ...] = get_args(Kind)


class Clock:
    """Wall time of a process by kind; every second from the start of Python on counts once.

    Time in a span inside another span counts for the inner one alone. Outside of all spans it counts as imports, which
    is what a process begins with. It is the time of the thread that made the clock: spans of other threads, which work
    at the same time, count nothing, and to wait for them counts for the span that waits. On a GPU, work counts where
    the host waits for it.
    """

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self._kind: Kind = "imports"
        self._since = time.perf_counter()
        # Python's own start computes and does not wait: its CPU time is its wall time.
        self._seconds = dict.fromkeys(KINDS, 0.0) | {"imports": time.process_time()}

    @contextmanager
    def span(self, kind: Kind) -> Iterator[None]:
        """Context whose time counts as `kind`."""
        if threading.get_ident() != self._thread:
            yield
            return
        outer = self._turn(kind)
        try:
            yield
        finally:
            self._turn(outer)

    def each(self, kind: Kind, values: Iterable[T]) -> Iterator[T]:
        """Yield `values`; the time in which they are made counts as `kind`."""
        made = iter(values)
        while True:
            with self.span(kind):
                try:
                    value = next(made)
                except StopIteration:
                    return
            yield value

    def seconds(self) -> dict[str, float]:
        """Kind -> seconds so far; their sum is the age of the process."""
        self._turn(self._kind)
        return {kind: self._seconds[kind] for kind in KINDS}

    def _turn(self, kind: Kind) -> Kind:
        """Count the time since the last turn, go on with `kind`; return the kind before."""
        now, before = time.perf_counter(), self._kind
        self._seconds[before] += now - self._since
        self._since, self._kind = now, kind
        return before


clock = Clock()
"""The clock of this process."""
