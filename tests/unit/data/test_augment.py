"""Augmentations do what their loops would, and shares follow the pixels."""

import re

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from glalign.config.training import STATISTICS, Data
from glalign.contract.regions import region_masks
from glalign.data import augment, draws


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def label_maps(count: int, size: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 18, (count, *size), dtype=np.uint8)


def shares(maps: np.ndarray, grid: tuple[int, int]) -> torch.Tensor:
    return torch.from_numpy(region_masks(maps, grid))


def test_flip_mirrors_about_half_with_their_shares_and_spares_the_rest() -> None:
    maps = label_maps(400, (16, 8))
    pixels = torch.from_numpy(maps)[:, None].expand(-1, 3, -1, -1)
    allowed = torch.arange(400) % 4 != 0
    chosen = draws.flips(allowed, stream())
    flipped, parts = augment.flip(pixels, chosen), augment.flip(shares(maps, (4, 4)), chosen)
    changed = (flipped != pixels).flatten(1).any(1)
    assert not changed[~allowed].any()
    assert 0.4 < changed[allowed].float().mean() < 0.6
    np.testing.assert_array_equal(flipped[changed][:, 0], maps[changed.numpy()][:, :, ::-1])
    torch.testing.assert_close(parts, shares(flipped[:, 0].numpy(), (4, 4)))


def test_crop_is_pad_and_cut_and_shares_follow_whole_patches() -> None:
    maps = label_maps(5, (16, 8))
    offsets = torch.tensor([[0, 0], [4, -2], [-4, 4], [-8, 0], [8, 8]])  # patches of 4 x 2 pixels
    pixels = torch.from_numpy(maps)[:, None].expand(-1, 3, -1, -1)
    moved = augment.shift(pixels, offsets, 8)
    for index, (dy, dx) in enumerate(offsets.tolist()):
        padded = np.pad(maps[index], 8)
        np.testing.assert_array_equal(moved[index, 2], padded[8 + dy : 24 + dy, 8 + dx : 16 + dx])
    parts = augment.shift_parts(shares(maps, (4, 4)), offsets, (16, 8))
    torch.testing.assert_close(parts, shares(moved[:, 0].numpy(), (4, 4)))


def test_shares_between_patches_are_linear_and_right_for_even_patches() -> None:
    maps = np.repeat(np.repeat(label_maps(6, (4, 4)), 4, axis=1), 2, axis=2)  # one label per patch of 4 x 2
    offsets = torch.tensor([[1, 0], [-3, 1], [2, -1], [0, 1], [5, 3], [-6, -5]])
    moved = augment.shift(torch.from_numpy(maps)[:, None].expand(-1, 3, -1, -1), offsets, 8)
    parts = augment.shift_parts(shares(maps, (4, 4)), offsets, (16, 8))
    torch.testing.assert_close(parts, shares(moved[:, 0].numpy(), (4, 4)))


def test_crop_reaches_every_offset_and_no_more() -> None:
    pixels = torch.zeros(2000, 3, 9, 9, dtype=torch.uint8)
    pixels[:, :, 4, 4] = 1
    cut = augment.shift(pixels, draws.offsets(2000, 2, stream()), 2)
    places = set(map(tuple, cut[:, 0].nonzero()[:, 1:].tolist()))
    assert places == {(y, x) for y in range(2, 7) for x in range(2, 7)}


def test_normalise_is_subtract_and_divide() -> None:
    pixels = torch.randint(0, 256, (2, 3, 4, 4), generator=stream()).to(torch.uint8)
    for name, (mean, deviation) in STATISTICS.items():
        wanted = (pixels.numpy() / 255 - np.array(mean)[:, None, None]) / np.array(deviation)[:, None, None]
        np.testing.assert_allclose(augment.normalise(pixels, name), wanted, atol=1e-5)


def test_erase_covers_one_box_and_its_shares() -> None:
    maps = np.full((600, 64, 32), 4, np.uint8)  # upper clothes everywhere
    pixels = torch.zeros(600, 3, 64, 32)
    boxes = draws.erase_boxes(600, (64, 32), 0.5, stream())
    erased, parts = augment.erase(pixels, boxes, "clip"), augment.erase_parts(shares(maps, (8, 4)), boxes, (64, 32))
    covered = (erased != 0).all(1)
    torch.testing.assert_close(erased[:, 1][covered], torch.full((int(covered.sum()),), STATISTICS["clip"][0][1]))
    assert 0.43 < covered.flatten(1).any(1).float().mean() < 0.57
    area = covered.flatten(1).float().mean(1)
    area = area[area > 0]
    assert area.min() > 0.015 and area.max() < 0.42
    visible = torch.from_numpy(np.where(covered.numpy(), 0, maps).astype(np.uint8))
    torch.testing.assert_close(parts, shares(visible.numpy(), (8, 4)))


def test_erase_boxes_lie_inside_and_have_the_ratio() -> None:
    boxes = draws.erase_boxes(3000, (128, 64), 1.0, stream())
    top, left, tall, wide = boxes.unbind(1)
    assert ((tall > 0) & (wide > 0)).all()
    assert ((top >= 0) & (left >= 0) & (top + tall <= 128) & (left + wide <= 64)).all()
    ratio = tall / wide
    assert ratio.min() > 0.27 and ratio.max() < 3.7
    assert (draws.erase_boxes(50, (128, 64), 0.0, stream())[:, 2:] == 0).all()


def test_erase_boxes_are_distributed_as_torchvision_s() -> None:
    transforms = pytest.importorskip("torchvision.transforms")
    torch.manual_seed(0)
    image = torch.zeros(3, 64, 32)
    params = [
        transforms.RandomErasing.get_params(image, draws.ERASE_AREA, draws.ERASE_RATIO, [0.0]) for _ in range(2000)
    ]
    theirs = torch.tensor([[top, left, tall, wide] for top, left, tall, wide, _ in params], dtype=torch.float)
    ours = draws.erase_boxes(2000, (64, 32), 1.0, stream()).float()
    error = (theirs.var(0) / 2000 + ours.var(0) / 2000).sqrt()
    assert ((theirs.mean(0) - ours.mean(0)).abs() < 4 * error).all()
    assert ((theirs.std(0) / ours.std(0) - 1).abs() < 0.1).all()


def test_jitter_of_strength_nearly_zero_changes_nearly_nothing_and_stays_in_range() -> None:
    pixels = torch.randint(0, 256, (8, 3, 16, 8), generator=stream()).float()
    torch.testing.assert_close(augment.jitter(pixels, draws.factors(8, 1e-7, stream())), pixels, atol=0.01, rtol=0)
    strong = augment.jitter(pixels, draws.factors(8, 0.9, stream()))
    assert strong.min() >= 0 and strong.max() <= 255
    assert (strong - pixels).abs().flatten(1).mean(1).min() > 1


def test_jitter_keeps_grey_pictures_grey() -> None:
    grey = torch.randint(0, 256, (8, 1, 16, 8), generator=stream()).float().expand(-1, 3, -1, -1)
    changed = augment.jitter(grey, draws.factors(8, 0.5, stream()))
    torch.testing.assert_close(changed, changed[:, :1].expand(-1, 3, -1, -1), atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"image_sise": [64, 32]}, "image_sise"),
        ({"image_size": [64]}, "image_size"),
        ({"image_size": 64}, "image_size"),
        ({"normalise": "none"}, r"normalise.*'clip', 'imagenet' or 'half'"),
        ({"flip": "sometimes"}, r"flip.*True, False or 'no_sides'"),
        ({"flip": 2}, r"flip.*true, false or a text"),
        ({"crop": -1}, "crop.*greater than or equal to 0"),
        ({"erase": 1.5}, "erase.*less than or equal to 1"),
        ({"jitter": True}, "jitter.*valid number"),
        ({"batch_size": 0}, "batch_size.*greater than or equal to 1"),
    ],
)
def test_wrong_options_are_named(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=re.compile(message, re.DOTALL)):
        Data.model_validate({"image_size": [64, 32], "batch_size": 64, **values})


def test_options_of_the_configuration() -> None:
    options = Data.model_validate({"image_size": [64, 32], "flip": "no_sides", "batch_size": 32})
    assert options == Data(image_size=(64, 32), flip="no_sides", batch_size=32)


def test_rotation_turns_about_the_centre_and_takes_the_parts_along() -> None:
    pixels = torch.zeros(400, 1, 20, 10)
    pixels[:, :, 2:4, 4:6] = 255  # above the centre
    parts = torch.zeros(400, 5, 10, 5)
    parts[:, 0, 1, 2] = 1
    drawn = draws.angles(400, 30, stream(1))
    turned, moved = augment.rotate(pixels, drawn), augment.rotate_parts(parts, drawn, (20, 10))
    rows, columns = torch.arange(20.0) - 9.5, torch.arange(10.0) - 4.5
    mass = turned.sum((1, 2, 3))
    across = (turned.sum((1, 2)) * columns).sum(1) / mass
    down = (turned.sum((1, 3)) * rows).sum(1) / mass
    angle = torch.rad2deg(torch.atan2(-across, -down))  # counter-clockwise: what was above goes left
    assert float(angle.abs().max()) <= 30 + 8  # a pixel at this radius is 8 degrees wide
    assert float(angle.min()) < -22 < 22 < float(angle.max())
    shares = (moved[:, 0].sum(1) * (torch.arange(5.0) - 2)).sum(1) * 2
    assert float(torch.corrcoef(torch.stack([across, shares]))[0, 1]) > 0.95
    assert set(turned.unique().tolist()) == {0.0, 255.0}


def test_no_rotation_is_no_change() -> None:
    pixels = torch.randint(0, 256, (3, 3, 12, 6), generator=torch.Generator().manual_seed(0))
    assert torch.equal(augment.rotate(pixels, draws.angles(3, 0, stream(1))), pixels)
