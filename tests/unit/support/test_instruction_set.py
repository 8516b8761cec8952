"""The instruction set of a job: which variables, when, and where it has no effect."""

import os
import subprocess
import sys

import pytest

from glalign.support import instruction_set
from glalign.support.errors import UserError
from glalign.support.instruction_set import FLAGS, VARIABLES, processor_flags, use_instructions

SEEN = """
import os
from glalign.support.instruction_set import use_instructions
use_instructions({portable!r})
import numpy, torch
from numpy._core._multiarray_umath import __cpu_features__ as features
print(torch.backends.cpu.get_cpu_capability(), features["X86_V4"], os.environ.get("MKL_CBWR"))
"""


@pytest.fixture(autouse=True)
def _untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable is set, and what a test sets is gone after it."""
    monkeypatch.setattr(os, "environ", {name: value for name, value in os.environ.items() if name not in VARIABLES})


@pytest.mark.skipif(not processor_flags() >= FLAGS, reason="no AVX2")
@pytest.mark.parametrize(("portable", "path"), [(True, "AVX2"), ("any_vendor", "COMPATIBLE")])
def test_torch_and_numpy_take_no_wider_instructions_than_avx2(portable: bool | str, path: str) -> None:
    command = [sys.executable, "-c", SEEN.format(portable=portable)]
    done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["AVX2", "False", path]
    assert "cannot disable" not in done.stderr


def test_false_sets_nothing() -> None:
    use_instructions(False, FLAGS)
    assert not VARIABLES.keys() & os.environ.keys()


@pytest.mark.parametrize("flags", [frozenset(), frozenset({"avx", "fma"}), frozenset({"avx2"})])
def test_a_processor_without_avx2_goes_on_as_it_is_with_a_line_that_says_so(
    flags: frozenset[str], caplog: pytest.LogCaptureFixture
) -> None:
    """torch does not ask the processor again: it would die of an illegal instruction."""
    with caplog.at_level("INFO"):
        use_instructions(True, flags)
    assert not VARIABLES.keys() & os.environ.keys()
    assert [record.message for record in caplog.records] == [
        "runtime.portable: no effect, this processor has no AVX2; its numbers may differ by rounding"
    ]


def test_a_process_with_torch_in_it_is_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instruction_set, "LIBRARIES", ("os", "no_such_library"))
    with pytest.raises(UserError, match=r"^runtime\.portable: os loaded already; run the job by `glalign run`"):
        use_instructions(True, frozenset(FLAGS))
    assert not VARIABLES.keys() & os.environ.keys()


def test_a_process_that_was_started_so_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instruction_set, "LIBRARIES", ("os",))
    os.environ.update(VARIABLES)
    use_instructions(True, frozenset(FLAGS))
