"""Every reader, on damaged files: a right result or one line that a user can read, in bounded time, memory and place.

FUZZ_SECONDS=N (`make fuzz SECONDS=N`) goes on for N seconds per reader; without it every reader gets the same CASES.
"""

import itertools
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import bounded as bounds
from helpers.readers import OUT, READERS, Reader
from hypothesis import HealthCheck, Phase, given, seed, settings

from glalign.support.errors import UserError

CASES = 100
SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))
ROUND = settings(
    max_examples=CASES, database=None, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False,
    phases=(Phase.generate, Phase.shrink),
)  # fmt: skip


def read(reader: Reader, folder: Path, content: bytes) -> tuple[bool, Any]:
    """Whether a file with this content was read, and what it holds; checks the properties of either."""
    path = folder / reader.file
    path.write_bytes(content)
    shutil.rmtree(folder / OUT, ignore_errors=True)
    try:
        with bounds.bounded(folder / OUT):
            value = reader.read(path)
    except UserError as error:
        text = str(error)
        assert text.isprintable() and len(text) > 9, f"no line to read: {text!r}"
        assert len(text) < 5_000, f"{len(text)} characters: {text[:500]}"
        return False, None
    if isinstance(value, str):  # a text for the terminal
        assert all(line.isprintable() for line in value.split("\n")), f"control characters: {value!r}"
    return True, value


@pytest.mark.fuzz
@pytest.mark.parametrize("name", READERS)
def test_a_damaged_file_is_read_rightly_or_refused_in_one_line(name: str, tmp_path: Path) -> None:
    reader, counts = READERS[name], [0, 0]
    for file, content in {**reader.beside, reader.file: reader.valid}.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(content)
    reader.read(tmp_path / reader.file)  # what it imports is imported now
    assert read(reader, tmp_path, reader.valid)[0]

    @ROUND
    @given(reader.near(reader.valid))
    def one_round(content: bytes) -> None:
        whole, value = read(reader, tmp_path, content)
        counts[whole] += 1
        if whole and reader.write:
            reader.write(tmp_path / reader.file, value)
            assert np.all(reader.read(tmp_path / reader.file) == value), value

    end = time.monotonic() + SECONDS
    for number in itertools.count():
        seed(f"{name} {number}")(one_round)()
        if time.monotonic() >= end:
            break
    print(f"{name}: {sum(counts):,} cases, {counts[0]:,} refused, {counts[1]:,} read")


@pytest.mark.fuzz
@pytest.mark.parametrize(
    "fault",
    [
        lambda folder: (folder / "beside").write_text("x", encoding="utf-8"),
        lambda folder: (folder / "beside").symlink_to("x"),
        lambda folder: (folder / "out").rename(folder / "beside"),
        lambda _: subprocess.run(["true"], check=True),
        lambda _: [None for _ in itertools.count()],
        lambda _: bytearray(bounds.MEMORY),
    ],
    ids=["write", "link", "move", "program", "endless", "memory"],
)
def test_a_reader_with_a_fault_is_noticed(tmp_path: Path, fault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "SECONDS", 0.2)
    (tmp_path / OUT).mkdir()
    with bounds.bounded(tmp_path / OUT):
        (tmp_path / OUT / "x").write_text("x", encoding="utf-8")
    with pytest.raises((AssertionError, MemoryError)), bounds.bounded(tmp_path / OUT):
        fault(tmp_path)
