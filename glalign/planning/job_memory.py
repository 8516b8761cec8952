"""Estimate the memory of a job from its image size, batch size and weights.

A stage declares what its largest jobs need, which are those of the paper profile; the demo's trainings need a fortieth.
"""

import math
from collections.abc import Iterable
from pathlib import Path

from glalign.config.training import Data

MB = 10**6
LIBRARIES = 1500
"""Megabytes of a process with torch and the data of the demo, whose trainings took 840 to 1,210 MiB, rounded up."""

BYTES_PER_PIXEL = 10_000
"""Bytes that the pixels of a batch take in all layers until the backward pass, on a CPU in float32, at most."""

COPIES = 6
"""Copies of the weights: themselves, gradients, two moments, the best so far, and the checkpoint that is written."""


def computing_memory(data: Data | None, weights: Iterable[str] = ()) -> int:
    """Megabytes of a training or prediction. weights: files that it starts from; absent ones count nothing."""
    stored = sum(path.stat().st_size for path in map(Path, weights) if path.is_file())
    pixels = math.prod(data.image_size) * data.batch_size if data else 0
    return LIBRARIES + (COPIES * stored + BYTES_PER_PIXEL * pixels) // MB
