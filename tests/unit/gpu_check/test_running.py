"""Parts that fail, do not fit or take too long stop no other."""

import time
from collections.abc import Iterator

import pytest
import torch

from glalign.gpu_check.lines import BAD, Line, Part, Setting
from glalign.gpu_check.running import run_parts
from glalign.support.errors import UserError

CPU = Setting(torch.device("cpu"))


def part(error: BaseException | None = None, seconds: float = 0.0, name: str = "step") -> Part:
    """A part that yields a line, then sleeps, then raises."""

    def check(setting: Setting) -> Iterator[Line]:
        yield Line(name, "x", "ok", "fine")
        for _ in range(int(seconds * 100)):
            time.sleep(0.01)
        if error:
            raise error

    return Part(name, "x", check)


def missing_library() -> UserError:
    error = UserError("segmenter pyvi: pyvi is not installed; pip install pyvi")
    error.__cause__ = ImportError("pyvi")
    wrapped = UserError(f"systems.x: {error}")
    wrapped.__cause__ = error
    return wrapped


@pytest.mark.parametrize(
    ("error", "verdict", "text"),
    [
        (RuntimeError("no kernel\nat line 3"), "failed", "RuntimeError: no kernel"),
        (UserError("model.x: wrong; choose y"), "failed", "model.x: wrong; choose y"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), "does not fit", "CUDA out of memory"),
        (missing_library(), "left out", "systems.x: segmenter pyvi: pyvi is not installed; pip install pyvi"),
        (ImportError("torch is broken"), "failed", "ImportError: torch is broken"),
    ],
)
def test_how_a_part_ends_is_said_and_the_next_one_runs(error: Exception, verdict: str, text: str) -> None:
    lines = list(run_parts([part(error), part(name="resume")], CPU, 60))
    assert [(line.part, line.verdict) for line in lines] == [("step", "ok"), ("step", verdict), ("resume", "ok")]
    assert text in lines[1].text
    assert "\n" not in lines[1].text
    assert (verdict in BAD) == (verdict == "failed")


def test_parts_after_the_end_of_the_budget_are_left_out() -> None:
    ticks = iter([0.0, 1.0, 70.0, 71.0])
    lines = list(run_parts([part(), part(name="late"), part(name="later")], CPU, 60, lambda: next(ticks)))
    assert [(line.part, line.verdict) for line in lines] == [
        ("step", "ok"),
        ("late", "left out"),
        ("later", "left out"),
    ]


def test_a_part_that_runs_at_the_end_of_the_budget_is_cut_off() -> None:
    started = time.monotonic()
    lines = list(run_parts([part(seconds=30), part(name="late")], CPU, 0.3))
    assert time.monotonic() - started < 5
    assert [(line.part, line.verdict) for line in lines] == [("step", "ok"), ("step", "left out"), ("late", "left out")]


def test_an_interruption_by_hand_stops_everything() -> None:
    with pytest.raises(KeyboardInterrupt):
        list(run_parts([part(KeyboardInterrupt()), part()], CPU, 60))
