"""Every release's format, written by the original library, imported, loaded by the system that reads it, compared."""

import gc
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from helpers import originals
from helpers.originals import Original

from glalign.storage.weight_status import cached_sha256, fault
from glalign.weights.importing import import_release

CASES: dict[str, Callable[[Path, bool], Original]] = {
    "clip-vit-b-32": lambda folder, real: originals.clip(folder, "clip-vit-b-32", real),
    "clip-vit-b-16": lambda folder, real: originals.clip(folder, "clip-vit-b-16", real),
    "multilingual": originals.multilingual,
    "phobert": originals.phobert,
    "bert": originals.bert,
    "gpt2": originals.gpt2,
    "resnet50": lambda folder, _: originals.resnet(folder),
    "vgg16": originals.vgg,
    "albef": originals.albef,
    "segformer": originals.segformer,
}


def import_files(original: Original, folder: Path) -> list[str]:
    """Import and check; returns the report."""
    lines: list[str] = []
    gc.collect()
    import_release(original.release, original.files, folder, lines.append)
    gc.collect()
    original.check(folder)
    return lines


@pytest.mark.parametrize("name", CASES)
def test_an_original_file_gives_the_original_network(name, tmp_path):
    (tmp_path / "downloads").mkdir()
    original = CASES[name](tmp_path / "downloads", False)
    lines = import_files(original, tmp_path / "weights")
    assert any("missing 0" in line for line in lines)
    target = tmp_path / "weights" / f"{original.release.name}.safetensors"
    record = json.loads(target.with_suffix(".json").read_text(encoding="utf-8"))
    assert record["sha256"] == record["files"][target.name]["sha256"] == cached_sha256(target)
    assert record["files"][target.name]["from_sha256"] == cached_sha256(original.files[0])
    assert record["licence"] == "unknown"  # random values are no release
    for file in record["files"]:
        assert not fault(target.with_name(file), original.release.name)
    before = target.read_bytes()
    import_release(original.release, original.files, tmp_path / "weights", lines.append)
    assert target.read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CASES if name != "resnet50"])
def test_an_original_file_of_the_real_size(name, tmp_path):
    torch.set_num_threads(1)
    (tmp_path / "downloads").mkdir()
    original = CASES[name](tmp_path / "downloads", True)
    lines = import_files(original, tmp_path / "weights")
    print("\n".join(lines))
    target = tmp_path / "weights" / f"{original.release.name}.safetensors"
    assert target.stat().st_size / 1e6 == pytest.approx(original.release.stored, abs=0.6)
