"""Names of GPUs as torch says them, and the peaks of data sheets."""

import pytest

from glalign.gpu_check.peaks import PEAKS, peak_of


@pytest.mark.parametrize(
    ("name", "fp32", "bf16"),
    [
        ("NVIDIA H100 80GB HBM3", 67.0, 989.5),
        ("NVIDIA H100 PCIe", 51.0, 756.0),
        ("NVIDIA H100 NVL", 60.0, 835.5),
        ("NVIDIA H200", 67.0, 989.5),
        ("NVIDIA A100-SXM4-80GB", 19.5, 312.0),
        ("NVIDIA A100 80GB PCIe", 19.5, 312.0),
        ("NVIDIA A10", 31.2, 125.0),
        ("NVIDIA L40", 90.5, 181.0),
        ("NVIDIA L40S", 91.6, 362.0),
        ("NVIDIA L4", 30.3, 121.0),
        ("Tesla T4", 8.1, None),
        ("Tesla V100-SXM2-32GB", 15.7, None),
        ("NVIDIA GeForce RTX 4090", 82.6, 165.2),
    ],
)
def test_a_card_has_its_own_peak(name: str, fp32: float, bf16: float | None) -> None:
    peak = peak_of(name)
    assert peak is not None
    assert (peak.fp32, peak.bf16) == (fp32, bf16)


@pytest.mark.parametrize("name", ["NVIDIA A10G", "NVIDIA GeForce GT 710", "NVIDIA A100-SXM4-40GB MIG 1g.5gb", "A1000"])
def test_an_unknown_card_or_a_slice_has_none(name: str) -> None:
    assert peak_of(name) is None


def test_tensor_cores_are_no_slower_than_the_others() -> None:
    for _, peak in PEAKS:
        assert peak.fp32 <= (peak.tf32 or peak.fp32) <= (peak.bf16 or peak.tf32 or peak.fp32)
