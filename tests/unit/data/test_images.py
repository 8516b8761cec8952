"""Stores give what Pillow gives, whether or not they keep it; shares of parts are counted areas."""

import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import glalign
from glalign.contract.regions import ATR_LABELS, region_table
from glalign.data.images import ImageStore, PartStore
from glalign.parsing.label_maps import read_labels
from glalign.storage.image_files import DecodeError, decode_bytes, decode_rgb
from glalign.support.errors import UserError


@pytest.fixture
def files(pedes: Path) -> list[Path]:
    return sorted(f for f in (pedes / "imgs").rglob("*") if f.is_file())


@pytest.mark.parametrize("resize", ["bilinear", "bicubic"])
def test_store_is_pillow_s_resize_of_the_rgb_image(files: list[Path], resize: str) -> None:
    batch = ImageStore(files, (48, 16), resize).batch([3, 0, 3])
    assert batch.shape == (3, 3, 48, 16) and batch.dtype == np.uint8
    for index, pixels in zip((3, 0, 3), batch, strict=True):
        whole = Image.open(files[index]).convert("RGB").resize((16, 48), Image.Resampling[resize.upper()])
        np.testing.assert_array_equal(pixels.transpose(1, 2, 0), np.asarray(whole))


def test_memory_and_threads_do_not_show(files: list[Path]) -> None:
    order = np.random.default_rng(1).integers(0, len(files), 40)
    kept = ImageStore(files, (20, 10))
    first = kept.batch(order)
    for other in (kept, ImageStore(files, (20, 10), cache_bytes=0, threads=3), ImageStore(files, (20, 10), threads=4)):
        np.testing.assert_array_equal(other.batch(order), first)


def test_results_belong_to_the_caller(files: list[Path]) -> None:
    store = ImageStore(files, (20, 10))
    before = store.batch([0]).copy()
    store.batch([0])[:] = 0
    np.testing.assert_array_equal(store.batch([0]), before)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_any_mode_becomes_rgb_of_the_same_tones(tmp_path: Path, mode: str) -> None:
    grey = np.tile(np.array([[0, 255]], np.uint8), (4, 3))
    if mode == "I;16":
        picture = Image.fromarray(grey.astype(np.uint16) * 257)
    else:
        picture = Image.fromarray(grey).convert("RGB" if mode == "CMYK" else "L").convert(mode)
    file = tmp_path / ("x.tif" if mode == "CMYK" else "x.png")
    picture.save(file)
    assert Image.open(file).mode == mode
    np.testing.assert_array_equal(np.asarray(decode_rgb(file)), np.stack([grey] * 3, -1))


def test_orientation_tags_are_ignored(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (8, 20)).save(tmp_path / "x.jpg", exif=exif)
    assert decode_rgb(tmp_path / "x.jpg").size == (8, 20)


def test_every_cut_of_a_file_is_noticed_or_decodes(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 20, 3), dtype=np.uint8)
    for suffix in ("png", "jpg"):
        Image.fromarray(noise).save(tmp_path / f"x.{suffix}")
        content = (tmp_path / f"x.{suffix}").read_bytes()
        for end in range(0, len(content) - 200, 97):
            (tmp_path / "cut").write_bytes(content[:end])
            with pytest.raises(DecodeError):
                decode_rgb(tmp_path / "cut")


POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\nshowpage\n%%EOF\n"


@pytest.mark.parametrize("suffix", ["jpg", "png", "eps"])
def test_postscript_is_no_image_whatever_its_name_and_starts_no_program(tmp_path: Path, monkeypatch, suffix) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("gs", "gswin64c"):
        (programs / name).write_text(f"#!/bin/sh\necho started >> {tmp_path}/started\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    file = tmp_path / f"x.{suffix}"
    file.write_bytes(POSTSCRIPT)
    with pytest.raises(DecodeError, match="does not decode"):
        decode_rgb(file)
    with pytest.raises(UserError, match="not a label map"):
        PartStore([file], (6, 2)).batch([0])
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP"])
def test_the_formats_of_photographs_are_decoded_whatever_the_name(tmp_path: Path, kind: str) -> None:
    Image.new("RGB", (8, 20), (200, 10, 10)).save(tmp_path / "x.jpg", format=kind)
    assert decode_rgb(tmp_path / "x.jpg").size == (8, 20)


@pytest.mark.parametrize("side", [8193, 65_500])
def test_a_header_that_claims_too_many_pixels_is_refused_before_they_are_made(tmp_path: Path, side: int) -> None:
    file = tmp_path / "x.png"
    Image.new("L", (1, 1)).save(file)
    head = b"IHDR" + struct.pack(">II", side, side) + bytes([8, 0, 0, 0, 0])
    content = file.read_bytes()
    file.write_bytes(content[:12] + head + struct.pack(">I", zlib.crc32(head)) + content[33:])
    for read in (decode_rgb, decode_bytes):
        with pytest.raises(DecodeError, match=r"pixels"):
            read(file)
    with pytest.raises(UserError, match=r"x\.png: does not decode .*pixels"):
        read_labels(file)


def test_one_function_opens_images() -> None:
    root, found = Path(glalign.__file__).parents[1], []
    for folder in ("glalign", "baselines", "benchmarks"):
        for path in (root / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            if re.search(r"\bImage\s*\.\s*open\b|from PIL\.Image import|\b(read_image|imread|decode_jpeg)\(", text):
                found.append(path.relative_to(root).as_posix())
    assert found == ["glalign/storage/image_files.py"]


def test_a_file_that_is_gone_or_broken_is_named(files: list[Path]) -> None:
    store = ImageStore(files, (20, 10))
    files[2].write_bytes(b"gone")
    with pytest.raises(UserError, match=rf"{files[2].name}: cannot be read"):
        store.batch([0, 2])
    files[2].unlink()
    with pytest.raises(UserError, match=rf"{files[2].name}: cannot be read"):
        ImageStore(files, (20, 10), cache_bytes=0, threads=2).batch([0, 2, 1])


def test_shares_are_counted_pixels_of_each_region(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    maps = [rng.integers(0, len(ATR_LABELS), (16, 8), dtype=np.uint8), np.full((30, 18), 4, np.uint8)]
    for index, labels in enumerate(maps):
        picture = Image.fromarray(labels)
        if index:
            picture = picture.convert("P")
            picture.putpalette(list(range(3)) * 256)
            picture.putdata(labels.ravel().tolist())
        picture.save(tmp_path / f"{index}.jpg.png")
    store = PartStore([tmp_path / f"{index}.jpg.png" for index in (0, 1)], (4, 2), dress="lower")
    shares = store.batch([1, 0])
    assert shares.shape == (2, 5, 4, 2) and shares.dtype == np.float32
    table = region_table("lower")
    for region in range(5):
        for y in range(4):
            for x in range(2):
                patch = maps[0][4 * y : 4 * y + 4, 4 * x : 4 * x + 4]
                assert shares[1, region, y, x] == pytest.approx(table[region][patch].mean(), abs=1e-6)
    np.testing.assert_allclose(shares[0], np.eye(5)[1][:, None, None] * np.ones((5, 4, 2)), atol=1e-6)


def test_missing_and_wrong_label_maps_are_named(tmp_path: Path) -> None:
    store = PartStore([tmp_path / "a.png", tmp_path / "b.png", tmp_path / "c.png"], (4, 2))
    Image.new("RGB", (8, 16)).save(tmp_path / "b.png")
    Image.new("L", (8, 16), 18).save(tmp_path / "c.png")
    messages = ("a.png: no label map; run the workflow", "b.png: .*mode RGB", "c.png: .*label 18")
    for index, message in enumerate(messages):
        with pytest.raises(UserError, match=message):
            store.batch([index])
