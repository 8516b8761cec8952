"""Label maps of many images: a killed run is gone on with, another parser's maps are never mixed in."""

import json
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from glalign.contract.records import Record, write_manifest
from glalign.contract.specs.data import ParseSpec
from glalign.data.sources import Collection, SplitRecords
from glalign.parsing import parse
from glalign.parsing.label_map_record import MAKER
from glalign.parsing.label_maps import map_file, read_labels, write_labels
from glalign.parsing.parse import parse_images
from glalign.parsing.parser import Parser
from glalign.pretraining.parser import ARCHITECTURE
from glalign.storage.locks import exclusive_lock
from glalign.storage.weight_files import save_weights
from glalign.support.errors import UserError

NAMES = [f"cam/{number}.png" for number in range(7)]


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ParseSpec:
    """Seven images in batches of two, and a network of random values."""
    monkeypatch.setattr(parse, "BATCH", 2)
    rng = np.random.default_rng(0)
    (tmp_path / "imgs" / "cam").mkdir(parents=True)
    for name in NAMES:
        Image.fromarray(rng.integers(0, 256, (40, 20, 3), dtype=np.uint8)).save(tmp_path / "imgs" / name)
    write_manifest(tmp_path / "m.jsonl", [Record(name, 1, "train", ("a man",)) for name in NAMES])
    for name, seed in (("one", 0), ("two", 1)):
        torch.manual_seed(seed)
        save_weights(tmp_path / f"{name}.safetensors", Parser(ARCHITECTURE).network.state_dict())
        (tmp_path / f"{name}.json").write_text(json.dumps({"record": ARCHITECTURE}), encoding="utf-8")
    return ParseSpec(
        manifest=str(tmp_path / "m.jsonl"),
        images=str(tmp_path / "imgs"),
        labels=None,
        method="segformer",
        weights=str(tmp_path),
        name="one",
        threads=1,
        device="cpu",
    )


@pytest.fixture
def killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[ParseSpec, int], Path]:
    """Parse until a number of maps are written, the last of them in half; returns the half-made folder."""

    def run(spec: ParseSpec, count: int) -> Path:
        real, written = parse.write_labels, iter(range(count))

        def write(path: Path, labels: np.ndarray) -> None:
            if next(written, None) is None:
                path.write_bytes(b"\x89PNG\r\n")
                raise KeyboardInterrupt
            real(path, labels)

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(parse, "write_labels", write)
            parse_images(spec, tmp_path / "parts", tmp_path / "parts.json", "code")
        return tmp_path / "parts.part"

    return run


@pytest.fixture
def predicted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Sizes of the batches that the network sees."""
    sizes: list[int] = []
    real = Parser.predict

    def predict(self: Parser, images: list[np.ndarray]) -> list[np.ndarray]:
        sizes.append(len(images))
        return real(self, images)

    monkeypatch.setattr(Parser, "predict", predict)
    yield sizes


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_killed_run_loses_one_batch_and_ends_with_the_same_bytes(
    spec: ParseSpec, killed: Callable, predicted: list[int], tmp_path: Path
) -> None:
    parse_images(spec, tmp_path / "whole", tmp_path / "whole.json", "code")
    assert predicted == [2, 2, 2, 1]
    killed(spec, 5)
    assert not (tmp_path / "parts").exists()
    predicted.clear()
    parse_images(spec, tmp_path / "parts", tmp_path / "parts.json", "code")
    assert predicted == [2, 1]  # the batch in which it was killed, and the rest
    assert contents(tmp_path / "parts") == contents(tmp_path / "whole")
    assert (tmp_path / "parts.json").read_bytes() == (tmp_path / "whole.json").read_bytes()
    assert set(contents(tmp_path / "parts")) == {MAKER, *(f"{name}.png" for name in NAMES)}
    assert not (tmp_path / "parts.part").exists()


@pytest.mark.parametrize(
    ("change", "code", "reason"),
    [
        ({"name": "two"}, "code", "of another parser (another weights)"),
        ({"method": "stripes"}, "code", "of another parser (another method, weights)"),
        ({}, "other", "of another parser (another code)"),
    ],
)
def test_maps_of_another_parser_are_made_again(
    spec: ParseSpec,
    killed: Callable,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    change: dict[str, str],
    code: str,
    reason: str,
) -> None:
    killed(spec, 5)
    parse_images(spec.model_copy(update=change), tmp_path / "parts", tmp_path / "parts.json", code)
    assert f"parts.part: its label maps are {reason}; they are made again" in caplog.text
    parse_images(spec.model_copy(update=change), tmp_path / "fresh", tmp_path / "fresh.json", code)
    assert contents(tmp_path / "parts") == contents(tmp_path / "fresh")


def test_maps_of_another_list_or_of_nobody_are_made_again(
    spec: ParseSpec, killed: Callable, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    part = killed(spec, 3)
    write_manifest(tmp_path / "m.jsonl", [Record(name, 1, "train", ("a man",)) for name in NAMES[1:]])
    parse_images(spec, tmp_path / "parts", tmp_path / "parts.json", "code")
    assert "of another list of images" in caplog.text
    assert len(list((tmp_path / "parts").rglob("*.png"))) == len(NAMES) - 1
    shutil.copytree(tmp_path / "parts", part)
    (part / MAKER).unlink()
    parse_images(spec, tmp_path / "parts", tmp_path / "parts.json", "code")
    assert "of unknown origin (no parser.json)" in caplog.text


def test_two_processes_do_not_fill_one_folder(spec: ParseSpec, tmp_path: Path) -> None:
    with (
        exclusive_lock(tmp_path / "parts.part"),
        pytest.raises(UserError, match=r"parts\.part: another process is at work"),
    ):
        parse_images(spec, tmp_path / "parts", tmp_path / "parts.json", "code")


def test_a_missing_weight_file_is_named_before_anything_is_made(spec: ParseSpec, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"three\.safetensors: no such weight file"):
        parse_images(spec.model_copy(update={"name": "three"}), tmp_path / "parts", tmp_path / "parts.json", "code")
    assert not (tmp_path / "parts").exists()


def test_a_training_does_not_mix_two_parsers(spec: ParseSpec, tmp_path: Path) -> None:
    for name in ("one", "two"):
        parse_images(spec.model_copy(update={"name": name}), tmp_path / name, tmp_path / f"{name}.report.json", "code")
        assert read_labels(map_file(tmp_path / name, NAMES[0])).shape == (40, 20)
    records = [Record(name, 1, "train", ("a man",)) for name in NAMES]
    sources = [SplitRecords(records, tmp_path / "imgs", tmp_path / name, None, "p", "d") for name in ("one", "two")]
    Collection.of(sources[:1] * 2, (8, 4), "bilinear", (2, 1), "both")
    with pytest.raises(UserError, match=r"two: its label maps are not of the parser that made .*one .*delete"):
        Collection.of(sources, (8, 4), "bilinear", (2, 1), "both")


def png(width: int, height: int, data: bytes = b"") -> bytes:
    """A picture of grey values with any size in its header."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IDAT", data), (b"IEND", b"")]
    parts = [struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d)) for t, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("size", [(60_000, 60_000), (2**31 - 1, 2**31 - 1), (0, 5)])
def test_a_label_map_with_a_header_of_any_size_is_named(tmp_path: Path, size: tuple[int, int]) -> None:
    (tmp_path / "a.png").write_bytes(png(*size, zlib.compress(b"\0" * 9)))
    with pytest.raises(UserError, match=r"a\.png: does not decode \("):
        read_labels(tmp_path / "a.png")


@pytest.fixture
def drawn(spec: ParseSpec, tmp_path: Path) -> ParseSpec:
    """The seven images with true maps of random labels, to be used as they are."""
    rng = np.random.default_rng(1)
    for name in NAMES:
        write_labels(map_file(tmp_path / "labels", name), rng.integers(0, 18, (40, 20), dtype=np.uint8))
    return spec.model_copy(update={"method": "truth", "labels": str(tmp_path / "labels"), "weights": "none"})


def test_the_truth_is_what_the_generator_drew(drawn: ParseSpec, killed: Callable, tmp_path: Path) -> None:
    killed(drawn, 5)
    parse_images(drawn, tmp_path / "parts", tmp_path / "parts.json", "code")
    for name in NAMES:
        true = read_labels(map_file(tmp_path / "labels", name))
        np.testing.assert_array_equal(read_labels(map_file(tmp_path / "parts", name)), true)
    report = json.loads((tmp_path / "parts.json").read_text(encoding="utf-8"))
    assert (report["images"], report["method"], report["parser"]) == (len(NAMES), "truth", None)
    assert report["agreement"] is None  # nothing was predicted


def test_a_true_map_that_is_absent_or_does_not_fit_is_named(drawn: ParseSpec, tmp_path: Path) -> None:
    def refused(spec: ParseSpec, message: str) -> None:
        with pytest.raises(UserError, match=message):
            parse_images(spec, tmp_path / "parts", tmp_path / "parts.json", "code")
        assert not (tmp_path / "parts").exists()

    refused(
        drawn.model_copy(update={"labels": None}), r"m\.jsonl: no true label maps .*choose another `parsing.method`"
    )
    write_labels(map_file(tmp_path / "labels", NAMES[3]), np.zeros((20, 40), dtype=np.uint8))
    refused(drawn, r"labels/cam/3\.png\.png: \(20, 40\) differs from its image's \(40, 20\)")
    map_file(tmp_path / "labels", NAMES[3]).unlink()
    refused(drawn, r"labels/cam/3\.png\.png: no such label map")


def test_the_truth_needs_no_torch(drawn: ParseSpec, tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(json.dumps(drawn.to_json()), encoding="utf-8")
    lines = [
        "import json, pathlib, sys",
        "from glalign.contract.specs.data import ParseSpec",
        "from glalign.parsing.parse import parse_images",
        f"folder = pathlib.Path({str(tmp_path)!r})",
        "spec = ParseSpec.model_validate(json.loads((folder / 'spec.json').read_text()))",
        "parse_images(spec, folder / 'parts', folder / 'parts.json', 'code')",
        "assert 'torch' not in sys.modules",
    ]
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True)
    assert (tmp_path / "parts.json").is_file()
