"""Copies of the reference run, to be damaged."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def copy(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the reference run, as the working directory."""
    folder = tmp_path / "suite"
    shutil.copytree(finished, folder)
    monkeypatch.chdir(folder)
    yield folder
    shutil.rmtree(folder)
