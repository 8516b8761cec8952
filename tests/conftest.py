"""Small datasets in CUHK-PEDES's layout, drawn on the spot."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.pedes import make_pedes, write_entries


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
