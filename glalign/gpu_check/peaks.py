"""Peak arithmetic of common GPUs, dense, in TFLOP/s."""

import re
from typing import NamedTuple


class Peak(NamedTuple):
    """TFLOP/s without sparsity; None where the card has no such arithmetic."""

    fp32: float
    tf32: float | None
    bf16: float | None


PEAKS: tuple[tuple[str, Peak], ...] = (
    # Of each card NVIDIA's data sheet ("NVIDIA H100 Tensor Core GPU Datasheet", ...); of tensor cores half of a figure
    # that is given "with sparsity". Of GeForce cards the appendix of the architecture's whitepaper (GA102, Ada), with
    # sums in float32.
    (r"B200", Peak(75.0, 1125.0, 2250.0)),  # an eighth of HGX B200's figures
    (r"H200|H100.*HBM3$|H100 SXM", Peak(67.0, 494.5, 989.5)),
    (r"H100 NVL", Peak(60.0, 417.5, 835.5)),
    (r"H100 PCIe", Peak(51.0, 378.0, 756.0)),
    (r"A100", Peak(19.5, 156.0, 312.0)),
    (r"A30", Peak(10.3, 82.0, 165.0)),
    (r"A40", Peak(37.4, 74.8, 149.7)),
    (r"RTX A6000", Peak(38.7, 77.4, 154.8)),
    (r"A10", Peak(31.2, 62.5, 125.0)),
    (r"L40S", Peak(91.6, 183.0, 362.0)),
    (r"L40", Peak(90.5, 90.5, 181.0)),
    (r"L4", Peak(30.3, 60.0, 121.0)),
    (r"V100-SXM2", Peak(15.7, None, None)),
    (r"T4", Peak(8.1, None, None)),
    (r"RTX 3090", Peak(35.6, 35.6, 71.0)),
    (r"RTX 4090", Peak(82.6, 82.6, 165.2)),
)
"""Pattern of whole words in torch's name of a GPU -> its peak; the first that is found counts."""


def peak_of(name: str) -> Peak | None:
    """The peak of a GPU by torch's name of it; None if it is unknown or a slice of a card.

    >>> peak_of("NVIDIA A100-SXM4-80GB").bf16, peak_of("NVIDIA L40S").fp32
    (312.0, 91.6)
    """
    if "MIG" in name:
        return None
    return next((peak for pattern, peak in PEAKS if re.search(rf"(?<!\w)(?:{pattern})(?!\w)", name)), None)
