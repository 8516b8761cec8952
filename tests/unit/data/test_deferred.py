"""What a GPU does to uint8 pixels is what the host would have done."""

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from glalign.config.training import STATISTICS, Data
from glalign.contract.retriever import Batch
from glalign.cost.pretended_gpu import GPU, PretendedGpu
from glalign.data import augment
from glalign.data.batches import image_batches
from glalign.data.deferred import deferred
from glalign.data.draws import Draws, draw
from glalign.data.images import ImageStore
from glalign.gpu_check.loader import random_pairs

HOST = torch.device("cpu")
SIZE = (48, 20)
EXACT = {"flip": True, "crop": 7, "erase": 0.8}
ALL = {**EXACT, "jitter": 0.4, "rotate": 30.0}


def drawn(count: int, seed: int = 0, **changes: Any) -> tuple[Tensor, Draws, Data]:
    options = Data(image_size=SIZE, batch_size=count, **{"flip": False, **changes})
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.randint(0, 256, (count, 3, *SIZE), generator=generator, dtype=torch.uint8)
    allowed = torch.arange(count) % 4 != 0
    return pixels, draw(options, SIZE, allowed, lambda name: torch.Generator().manual_seed(len(name))), options


def both(pixels: Tensor, draws: Draws, options: Data) -> tuple[Tensor, Tensor]:
    batch = Batch(**deferred(pixels, draws, options.normalise)).to(HOST)
    assert batch.deferred is None and batch.draws is None
    return batch.pixels, augment.augmented(pixels.clone(), draws, options)


@pytest.mark.parametrize("normalise", sorted(STATISTICS))
@pytest.mark.parametrize("kinds", [c for n in range(4) for c in itertools.combinations(EXACT, n)])
def test_flip_crop_normalisation_and_erasing_give_the_same_bits(kinds: tuple[str, ...], normalise: str) -> None:
    pixels, draws, options = drawn(40, normalise=normalise, **{kind: EXACT[kind] for kind in kinds})
    found, wanted = both(pixels, draws, options)
    assert found.dtype == torch.float32 and found.is_contiguous()
    assert torch.equal(found, wanted)
    plain = augment.normalise(pixels, normalise)
    assert torch.equal(found, plain) == (not kinds)


def test_jitter_is_equal_to_rounding() -> None:
    found, wanted = both(*drawn(40, jitter=0.5))
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)


def test_rotation_takes_the_same_pixels_but_for_ties() -> None:
    """A pixel in a thousand may lie between two."""
    found, wanted = both(*drawn(40, rotate=25.0))
    assert float((found != wanted).any(dim=1).float().mean()) < 1e-3


def test_all_together_in_the_same_order() -> None:
    found, wanted = both(*drawn(40, **ALL))
    assert float(((found - wanted).abs() > 1e-4).any(dim=1).float().mean()) < 1e-3


@pytest.mark.parametrize("options", [{}, EXACT])
def test_batches_are_those_of_the_host(tmp_path: Path, options: dict[str, Any]) -> None:
    data = Data(image_size=SIZE, batch_size=8, **options)
    now, later = (random_pairs(tmp_path, data, parts=False, count=32, defer=defer) for defer in (False, True))
    for step in range(3):
        wanted, given = now.batch(step), later.batch(step)
        assert given.pixels.dtype == torch.uint8
        found = given.to(HOST)
        assert torch.equal(found.pixels, wanted.pixels)
        assert torch.equal(found.tokens, wanted.tokens)


def test_validation_batches_are_those_of_the_host(tmp_path: Path) -> None:
    data = Data(image_size=SIZE, batch_size=8)
    images: ImageStore = random_pairs(tmp_path, data, parts=False, count=7).images
    for given, wanted in zip(
        image_batches(images, "clip", 3, defer=True), image_batches(images, "clip", 3), strict=True
    ):
        assert given.pixels.dtype == torch.uint8
        assert torch.equal(given.to(HOST).pixels, wanted.pixels)


def test_a_gpu_is_sent_uint8_and_nothing_waits_for_it() -> None:
    """Two copies, pixels and numbers; the batch on the host keeps its own."""
    pixels, draws, options = drawn(6, **ALL)
    batch, gpu = Batch(**deferred(pixels, draws, options.normalise)), PretendedGpu()
    with gpu:
        there = batch.to(GPU)
        assert gpu.holds(there.pixels)
    assert gpu.synchronisations.total() == 0
    assert gpu.launches["copy"] == 2
    assert there.on_host is batch and there.on_host.pixels.dtype == torch.uint8
    assert torch.equal(there.pixels, batch.to(HOST).pixels)
    assert all(part.pixels.shape == (3, 3, *SIZE) for part in there.split(2))
