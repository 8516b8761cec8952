"""Geometric stripes: the order of a standing body at any size."""

import numpy as np
import pytest

from glalign.contract.regions import REGIONS, region_masks
from glalign.parsing.stripes import stripes


@pytest.mark.parametrize(("height", "width"), [(128, 64), (384, 128), (61, 23), (16, 8)])
def test_every_region_is_there_in_the_order_of_a_body(height, width):
    labels = stripes(height, width)
    assert labels.shape == (height, width)
    column = region_masks(labels, (height, 1))[:, :, 0]
    middle = [float((np.arange(height) * column[i]).sum() / column[i].sum()) for i in range(len(REGIONS))]
    head, upper, lower, shoes, _ = middle
    assert head < upper < lower < shoes
    assert (labels == labels[:, ::-1]).mean() > 0.9
