"""The parts of `glalign gpu-check` as tests: `pytest -m gpu`."""

from collections.abc import Iterator

import pytest
import torch

from glalign.gpu_check.lines import BAD, Part, Setting
from glalign.gpu_check.parts import all_parts
from glalign.gpu_check.running import run_parts
from glalign.support.torch_settings import prepare

PARTS = list(all_parts(small=False))

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")]


@pytest.fixture(scope="module")
def setting() -> Iterator[Setting]:
    """One for all parts: the loader is compared with the steps that were measured before it."""
    yield Setting(prepare(4, "cuda"))
    torch._C._set_deterministic_algorithms(False, warn_only=False)


@pytest.mark.parametrize("part", PARTS, ids=[f"{part.name}-{part.subject}" for part in PARTS])
def test_a_gpu(part: Part, setting: Setting) -> None:
    lines = list(run_parts([part], setting, 480))
    if all(line.verdict in ("left out", "does not fit") for line in lines):
        pytest.skip("; ".join(line.text for line in lines))
    assert [str(line) for line in lines if line.verdict in BAD] == []
