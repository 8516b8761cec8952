"""Decoded images on disk are what decoding gives, made once, whole or not at all, and remade when they do not fit."""

import json
import logging
import threading
from pathlib import Path

import numpy as np
import pytest

from glalign.data import cache, images
from glalign.data.images import ImageStore
from glalign.support.errors import UserError

SIZE = (20, 10)


@pytest.fixture
def files(pedes: Path) -> list[Path]:
    return sorted(f for f in (pedes / "imgs").rglob("*") if f.is_file())


def store(files: list[Path], folder: Path) -> ImageStore:
    return ImageStore(files, SIZE, cache_bytes=0, threads=2, cache=folder)


def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that are decoded from now on."""
    seen: list[Path] = []
    original = images.decode_rgb
    monkeypatch.setattr(images, "decode_rgb", lambda path: seen.append(path) or original(path))
    return seen


def test_it_is_what_decoding_gives_and_is_made_once(files: list[Path], tmp_path: Path, monkeypatch) -> None:
    expected = ImageStore(files, SIZE, cache_bytes=0).batch(range(len(files)))
    seen = decoded(monkeypatch)
    for _ in range(2):
        batch = store(files, tmp_path / "cache").batch(range(len(files)))
        np.testing.assert_array_equal(batch, expected)
        batch[:] = 0  # the caller's
    assert sorted(seen) == files
    (folder,) = (f for f in (tmp_path / "cache").iterdir() if f.is_dir())
    assert np.load(folder / cache.PIXELS).shape == (len(files), 3, *SIZE)


def test_images_that_fit_into_memory_need_no_file(files: list[Path], tmp_path: Path) -> None:
    ImageStore(files, SIZE, cache=tmp_path / "cache").batch([0])
    assert not (tmp_path / "cache").exists()


def test_another_size_filter_or_other_files_have_their_own(files: list[Path], tmp_path: Path) -> None:
    other = [(files, SIZE, "bilinear"), (files[1:], SIZE, "bilinear"), (files, (10, 20), "bilinear")]
    for chosen, size, resize in (*other, (files, SIZE, "bicubic")):
        expected = ImageStore(chosen, size, resize).batch([0])
        found = ImageStore(chosen, size, resize, cache_bytes=0, cache=tmp_path).batch([0])
        np.testing.assert_array_equal(found, expected)
    assert len([f for f in tmp_path.iterdir() if f.is_dir() and f.name != "pedes"]) == 4


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda folder, files, patch: patch.setattr(cache, "VERSION", 7), "another version (decoder 1, now 7)"),
        (lambda folder, files, patch: patch.setattr(cache.PIL, "__version__", "0"), "another version (pillow"),
        (lambda folder, files, patch: files[3].write_bytes(files[0].read_bytes()), "files that have changed since"),
        (lambda folder, files, patch: (folder / cache.PIXELS).write_bytes(b"x" * 90), "the cache is damaged"),
        (lambda folder, files, patch: (folder / cache.PIXELS).write_bytes(b""), "the cache is damaged"),
        (lambda folder, files, patch: (folder / cache.ABOUT).unlink(), "the cache is damaged"),
        (lambda folder, files, patch: (folder / cache.ABOUT).write_text("[1, 2]"), "the cache is damaged"),
    ],
)
def test_what_does_not_fit_is_made_again_and_says_why(
    files: list[Path], tmp_path: Path, monkeypatch, caplog, spoil, reason: str
) -> None:
    store(files, tmp_path / "cache")
    (folder,) = (f for f in (tmp_path / "cache").iterdir() if f.is_dir())
    spoil(folder, files, monkeypatch)
    monkeypatch.setattr(logging.getLogger("glalign"), "propagate", True)
    with caplog.at_level(logging.INFO, "glalign"):
        batch = store(files, tmp_path / "cache").batch(range(len(files)))
    assert reason in caplog.text
    np.testing.assert_array_equal(batch, ImageStore(files, SIZE).batch(range(len(files))))
    assert json.loads((folder / cache.ABOUT).read_text()) == cache.cache_record(files, SIZE)


def test_a_cache_is_whole_or_not_there(files: list[Path], tmp_path: Path) -> None:
    files[5].write_bytes(b"no picture")
    with pytest.raises(UserError, match=files[5].name):
        store(files, tmp_path / "cache")
    assert [f.suffix for f in (tmp_path / "cache").iterdir()] == [".lock"]


def test_a_missing_image_is_named(files: list[Path], tmp_path: Path) -> None:
    files[5].unlink()
    with pytest.raises(UserError, match=rf"{files[5].name}: No such file.*fetch the image again"):
        store(files, tmp_path / "cache")


def test_the_second_of_two_waits_for_the_first(files: list[Path], tmp_path: Path, monkeypatch) -> None:
    seen, stores = decoded(monkeypatch), []
    threads = [threading.Thread(target=lambda: stores.append(store(files, tmp_path / "cache"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == files
    assert len(stores) == 2


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_folder_that_cannot_be_made_is_named_by_its_key(files: list[Path], tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("kept", encoding="utf-8")
    with pytest.raises(UserError, match=rf"runtime\.image_cache: .*{place} is no folder to write to"):
        store(files, tmp_path / place).batch([0])
