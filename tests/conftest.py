"""Small datasets in CUHK-PEDES's layout, a run of every stage, and the figures of the fault suite."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.pedes import make_pedes, write_entries
from helpers.workflows import checkout, every_stage, snakemake

FIGURES: Counter[str] = Counter()
"""What the fault suite tried -> how often the suite stood it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=12, help="Kills of a run at random moments (tests/fault).")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for what, count in FIGURES.items():
        terminalreporter.write_line(f"{what}: {count}")


@pytest.fixture
def figures() -> Counter[str]:
    """Counts that are printed at the end."""
    return FIGURES


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout after an undisturbed run of every stage that runs by default. Tests leave it as it is."""
    folder = checkout(tmp_path_factory.mktemp("every") / "suite", every_stage())
    done = snakemake(folder, "--configfile", "small.yaml", cores=2)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def one_thread() -> Iterator[None]:
    """One thread of torch, as in every job."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def pedes(tmp_path: Path) -> Path:
    """A dataset of nine people (4 train, 2 val, 3 test), 18 images, 36 captions."""
    root = tmp_path / "pedes"
    make_pedes(root)
    return root


@pytest.fixture
def edit(pedes: Path) -> Iterator[Callable[[Callable[[list[dict[str, Any]]], object]], Path]]:
    """Change the entries of `pedes` in place with a function; returns the root."""

    def change(function: Callable[[list[dict[str, Any]]], object]) -> Path:
        entries = json.loads((pedes / "reid_raw.json").read_text(encoding="utf-8"))
        function(entries)
        write_entries(pedes, entries)
        return pedes

    yield change
