"""Resize and centre crop against torchvision's; label maps are cut as their images."""

from fractions import Fraction
from math import floor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision import transforms

from glalign.contract.regions import ATR_LABELS, REGIONS
from glalign.data.centre_crop import centre_window, covering
from glalign.data.images import ImageStore, PartStore
from glalign.parsing.label_maps import write_labels
from glalign.support.errors import UserError

SHAPES = [(40, 100), (100, 40), (33, 77), (160, 60), (129, 65), (31, 32), (20, 20), (7, 300)]
"""(height, width): wider and taller than every target, one of its shape, one smaller than it."""


def picture(folder: Path, shape: tuple[int, int]) -> Path:
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "x.png")
    return folder / "x.png"


@pytest.mark.parametrize("resize", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(32, 32), (48, 16), (24, 60)])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_store_is_torchvision_s_resize_and_centre_crop(tmp_path: Path, shape, size, resize: str) -> None:
    file = picture(tmp_path, shape)
    found = ImageStore([file], size, resize, centre_crop=True).batch([0])[0].transpose(1, 2, 0)
    scale = max(Fraction(target, side) for target, side in zip(size, shape, strict=True))
    wanted = size[0] if size[0] == size[1] else [floor(side * scale) for side in shape]
    filter_ = transforms.InterpolationMode[resize.upper()]
    expected = transforms.Compose([transforms.Resize(wanted, filter_), transforms.CenterCrop(size)])
    np.testing.assert_array_equal(found, np.asarray(expected(Image.open(file))))


@given(st.tuples(*[st.integers(1, 500)] * 2), st.tuples(*[st.integers(1, 300)] * 2))
def test_the_smallest_size_that_covers(shape: tuple[int, int], size: tuple[int, int]) -> None:
    whole = covering(shape, size)
    assert whole[0] >= size[0] and whole[1] >= size[1] and (whole[0] == size[0] or whole[1] == size[1])
    top, left, bottom, right = centre_window(shape, size)
    assert 0 <= top < bottom <= 1 and 0 <= left < right <= 1
    assert abs(top - (1 - bottom)) * whole[0] <= 1 + 1e-9 and abs(left - (1 - right)) * whole[1] <= 1 + 1e-9


def test_a_line_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (60_000, 1)).save(tmp_path / "x.png")
    with pytest.raises(UserError, match=r"x\.png: too long to be cropped, 3010560000 pixels"):
        ImageStore([tmp_path / "x.png"], (224, 224), centre_crop=True).batch([0])


@pytest.mark.parametrize("shrunk", [1, 2])
@pytest.mark.parametrize("shape", [(96, 240), (240, 96), (128, 64)])
def test_label_maps_are_cut_as_their_images(tmp_path: Path, shape: tuple[int, int], shrunk: int) -> None:
    """The image is red where its label map, which may be smaller, has upper clothes."""
    clothes = ATR_LABELS.index("Upper-clothes")
    blocks = np.random.default_rng(1).integers(0, 2, (shape[0] // 8, shape[1] // 8)).astype(np.uint8)
    labels = clothes * blocks.repeat(8 // shrunk, 0).repeat(8 // shrunk, 1)
    write_labels(tmp_path / "x.png.png", labels)
    red = 255 * blocks.repeat(8, 0).repeat(8, 1)
    Image.fromarray(np.stack([red, 0 * red, 0 * red], -1)).save(tmp_path / "x.png")
    for crop in (True, False):
        images = ImageStore([tmp_path / "x.png"], (64, 32), centre_crop=crop)
        (shares,) = PartStore([tmp_path / "x.png.png"], (8, 4), images=images).batch([0])
        seen = images.batch([0])[0, 0].reshape(8, 8, 4, 8).mean((1, 3)) / 255
        np.testing.assert_allclose(shares[REGIONS.index("UPPERBODY")], seen, atol=0.06)
        for other in set(REGIONS) - {"UPPERBODY"}:
            assert not shares[REGIONS.index(other)].any()


def test_a_mapped_file_of_cut_images_is_another_one(tmp_path: Path) -> None:
    file = picture(tmp_path, (40, 100))
    stores = [
        ImageStore([file], (32, 16), centre_crop=crop, cache_bytes=0, cache=tmp_path / "c") for crop in (False, True)
    ]
    for crop, store in zip((False, True), stores, strict=True):
        np.testing.assert_array_equal(store.batch([0]), ImageStore([file], (32, 16), centre_crop=crop).batch([0]))
    assert (stores[0].batch([0]) != stores[1].batch([0])).any()
