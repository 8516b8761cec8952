"""The parts of the check, the most important first."""

from collections.abc import Iterable, Iterator
from functools import partial

from glalign.config.loading import overlaid
from glalign.gpu_check.device import check_device
from glalign.gpu_check.lines import Part
from glalign.gpu_check.loader import check_loader
from glalign.gpu_check.original_step import check_original
from glalign.gpu_check.originals import original_systems, read_config
from glalign.gpu_check.plain_loop import check_engine
from glalign.gpu_check.processes import check_processes
from glalign.gpu_check.ranks import check_ranks
from glalign.gpu_check.resume import check_resume
from glalign.gpu_check.step import check_step
from glalign.gpu_check.systems import distinct_systems

FIRST = ("glalign", "irra")
"""Systems that are measured before all others, and against a plain loop."""

LAST = ("pham2021", "pham2022")
"""Systems with the network of another one."""

SHARED = ("glalign", "irra", "rasa", "vitaa")
"""Systems whose step two processes share: a contrast, its masked words, a queue, statistics of BatchNorm."""

TESTS = ((6156, 3074), (19848, 19848))
"""Queries and gallery of CUHK-PEDES's and of ICFG-PEDES's test split."""

SMALL_TESTS = ((300, 200), (500, 500))

NAMES = ("device", "step", "resume", "original", "engine", "ranks", "loader", "processes")


def all_parts(small: bool) -> Iterator[Part]:
    """Yield every part; a system is in its own, so that one that fails stops no other."""
    yield Part("device", "device", check_device)
    demo, originals = distinct_systems(overlaid()), original_systems(read_config(small))
    for name in _ordered(demo):
        yield Part("step", name, partial(check_step, name, demo[name]))
    for name in _ordered(demo):
        yield Part("resume", name, partial(check_resume, name, demo[name]))
    order = [*FIRST] if small else _ordered(originals)
    for name in FIRST:
        yield Part("original", name, partial(check_original, originals[name]))
    for name in FIRST:
        yield Part("engine", name, partial(check_engine, originals[name]))
    first, second = SMALL_TESTS if small else TESTS
    yield Part("ranks", f"{first[0]}x{first[1]}", partial(check_ranks, *first))
    for name in FIRST:
        yield Part("loader", name, partial(check_loader, originals[name]))
    for name in order[len(FIRST) :]:
        yield Part("original", name, partial(check_original, originals[name]))
    yield Part("processes", "two", partial(check_processes, SHARED[:1] if small else SHARED))
    yield Part("ranks", f"{second[0]}x{second[1]}", partial(check_ranks, *second))


def _ordered(names: Iterable[str]) -> list[str]:
    """FIRST, then the others, LAST at the end."""
    return sorted(names, key=lambda name: (name in LAST, FIRST.index(name) if name in FIRST else len(FIRST)))
