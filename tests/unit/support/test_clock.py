"""Every second of a process counts once, for the innermost span."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from glalign.support import clock as module
from glalign.support.clock import KINDS, Clock


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that a clock reads; a test moves it on."""
    time = [100.0]
    monkeypatch.setattr(module.time, "perf_counter", lambda: time[0])
    monkeypatch.setattr(module.time, "process_time", lambda: 0.5)
    return time


def spent(clock: Clock) -> dict[str, float]:
    seconds = clock.seconds()
    assert tuple(seconds) == KINDS
    return {kind: value for kind, value in seconds.items() if value}


def test_an_inner_span_is_not_counted_in_the_outer_one_and_all_add_up_to_the_age(now: list[float]) -> None:
    clock = Clock()
    now[0] += 1
    with clock.span("validation"):
        now[0] += 2
        with clock.span("data"):
            now[0] += 4
        with clock.span("validation"):
            now[0] += 8
        now[0] += 16
    now[0] += 32
    assert spent(clock) == {"imports": 33.5, "data": 4, "validation": 26}
    assert sum(clock.seconds().values()) == 0.5 + now[0] - 100


def test_a_span_ends_with_an_error(now: list[float]) -> None:
    clock = Clock()
    with pytest.raises(KeyError), clock.span("forward"):
        now[0] += 1
        raise KeyError
    now[0] += 2
    assert spent(clock) == {"imports": 2.5, "forward": 1}


def test_a_span_of_another_thread_does_not_end_or_rename_that_of_the_first(now: list[float]) -> None:
    clock, begun, go_on = Clock(), threading.Event(), threading.Event()

    def work() -> None:
        with clock.span("imports"):
            begun.set()
            assert go_on.wait(10)

    with clock.span("data"):
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(work)
            assert begun.wait(10)
            with clock.span("forward"):
                now[0] += 2
            now[0] += 4
            go_on.set()
            done.result()
        now[0] += 8
    assert spent(clock) == {"imports": 0.5, "forward": 2, "data": 12}


def test_the_making_of_values_counts_and_not_what_is_done_with_them(now: list[float]) -> None:
    def made():
        for number in itertools.count():
            now[0] += 1
            if number == 3:
                return
            yield number

    clock, seen = Clock(), []
    for value in clock.each("data", made()):
        now[0] += 10
        seen.append(value)
    assert seen == [0, 1, 2]
    assert spent(clock) == {"imports": 30.5, "data": 4}
