"""Region shares against a count of pixels, one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glalign.contract.regions import ATR_LABELS, REGIONS, region_masks, region_table


def naive(labels, grid, dress):
    """Cut every pixel into `grid` times as many pieces, so that patches hold whole pieces; then count."""
    fine = labels.repeat(grid[0], 0).repeat(grid[1], 1)
    height, width = labels.shape
    table = region_table(dress)
    shares = np.zeros((len(REGIONS), *grid))
    for row in range(grid[0]):
        for column in range(grid[1]):
            patch = fine[row * height : (row + 1) * height, column * width : (column + 1) * width]
            for region in range(len(REGIONS)):
                shares[region, row, column] = np.mean([table[region, label] for label in patch.ravel()])
    return shares


@given(st.integers(1, 9), st.integers(1, 7), st.integers(1, 4), st.integers(1, 3), st.integers(0, 99))
def test_shares_equal_a_count(height, width, rows, columns, seed):
    labels = np.random.default_rng(seed).integers(0, 18, (height, width), dtype=np.uint8)
    for dress in ("upper", "lower", "both"):
        found = region_masks(labels, (rows, columns), dress)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, naive(labels, (rows, columns), dress), atol=1e-6)


def test_batches_equal_single_images():
    labels = np.random.default_rng(1).integers(0, 18, (3, 16, 8), dtype=np.uint8)
    together = region_masks(labels, (4, 2))
    assert together.shape == (3, 5, 4, 2)
    for one, expected in zip(labels, together, strict=True):
        np.testing.assert_array_equal(region_masks(one, (4, 2)), expected)


def test_every_label_but_background_has_a_region_and_only_dress_two():
    counts = dict(zip(ATR_LABELS, region_table("both").sum(0).tolist(), strict=True))
    assert counts.pop("Background") == 0
    assert counts.pop("Dress") == 2
    assert set(counts.values()) == {1}


def test_bad_values_are_refused():
    with pytest.raises(ValueError, match="label 18"):
        region_masks(np.full((4, 4), 18, np.uint8), (2, 2))
    with pytest.raises(ValueError, match="dress"):
        region_table("none")


def test_a_window_counts_as_if_it_were_cut_out():
    labels = np.random.default_rng(1).integers(0, 18, (16, 20), dtype=np.uint8)
    found = region_masks(labels, (4, 2), window=(0.25, 0.1, 0.75, 0.6))
    np.testing.assert_allclose(found, naive(labels[4:12, 2:12], (4, 2), "both"), atol=1e-6)
