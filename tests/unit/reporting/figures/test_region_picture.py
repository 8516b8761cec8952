"""Label maps as pictures: the pixels of each region, told apart without colour."""

import numpy as np
import pytest

from glalign.contract.regions import ATR_LABELS, REGIONS, region_table
from glalign.reporting.figures.region_picture import COLOURS, PERIOD, TWO, WIDTH, darker, region_picture, swatch


def regions_of(picture: np.ndarray) -> np.ndarray:
    """(H, W) number of the region whose colours a pixel has, -1 for white."""
    found = np.full(picture.shape[:2], -2)
    for number, region in enumerate(REGIONS):
        for colour in (COLOURS[region], darker(region)):
            found[(picture == colour).all(axis=2)] = number
    found[(picture == 255).all(axis=2)] = -1
    return found


@pytest.mark.parametrize("dress", ["upper", "lower", "both"])
def test_every_pixel_has_the_colours_of_a_region_of_its_label(dress):
    labels = np.random.default_rng(1).integers(0, len(ATR_LABELS), (9, 5)).astype(np.uint8)
    labels[0, 0] = ATR_LABELS.index("Dress")
    found = regions_of(np.asarray(region_picture(labels, dress)))
    factor = found.shape[1] // 5
    assert found.shape == (9 * factor, 5 * factor) and found.shape[1] >= WIDTH
    members = region_table(dress)
    for (row, column), label in np.ndenumerate(labels):
        shown = set(np.unique(found[row * factor : (row + 1) * factor, column * factor : (column + 1) * factor]))
        expected = set(np.flatnonzero(members[:, label])) or {-1}
        assert shown == expected if factor >= 2 * TWO or len(expected) == 1 else shown <= expected


def test_regions_differ_in_hatching_alone():
    """Without colour, each region's lines lie where another's do not."""
    lines = {
        region: (np.asarray(swatch(region, 3 * PERIOD, 3 * PERIOD)) == darker(region)).all(axis=2) for region in REGIONS
    }
    for one in REGIONS:
        for other in REGIONS:
            assert one == other or (lines[one] != lines[other]).mean() > 0.1


def test_names_of_regions_are_readable_on_white():
    """At least 4.5 to 1, the contrast of WCAG 2.2 for text."""
    for region in REGIONS:
        linear = [(v / 255 / 12.92) if v <= 10 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in darker(region)]
        luminance = float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
        assert 1.05 / (luminance + 0.05) >= 4.5
