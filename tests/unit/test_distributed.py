"""Several processes train as one does: the same loss, gradients, queues and statistics."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from one_step import one_step

ROOT = Path(__file__).parents[2]
FIRST = ("glalign", "irra", "rasa", "vitaa")
OTHERS = ("clip_zero_shot", "dual_path", "gna_rnn", "m_irra", "plot", "srcf", "tbps_clip")


def torchrun(count: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program in `count` processes on a free port of this machine."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*command, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False
    )


def two_processes(folder: Path, names: tuple[str, ...]) -> Path:
    done = torchrun(2, str(ROOT / "tests/unit/one_step.py"), str(folder), *names)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return two_processes(tmp_path_factory.mktemp("first"), FIRST)


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return two_processes(tmp_path_factory.mktemp("others"), OTHERS)


@pytest.fixture(autouse=True)
def single_precision_again():
    yield
    torch.set_default_dtype(torch.float32)


def compare(name: str, folder: Path) -> None:
    alone = one_step(name)
    mine, theirs = (torch.load(folder / f"{name}.{rank}.pt", weights_only=True) for rank in (0, 1))
    for kind, values in alone.items():
        assert values.keys() == mine[kind].keys() == theirs[kind].keys()
        for key, value in values.items():
            assert torch.equal(mine[kind][key], theirs[kind][key]), f"{kind} {key}: the processes differ"
            torch.testing.assert_close(mine[kind][key], value, rtol=1e-6, atol=1e-9, msg=lambda m: f"{kind} {key}: {m}")


@pytest.mark.parametrize("name", FIRST)
def test_two_processes_are_one(name: str, first: Path) -> None:
    compare(name, first)


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_two_processes_are_one_for_every_system(name: str, others: Path) -> None:
    compare(name, others)
