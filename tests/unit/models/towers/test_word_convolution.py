"""The convolution over words against torch's."""

import pytest
import torch
from torch import nn

from glalign.models.towers.word_convolution import WordConvolution


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(1, 1, 0), (1, 2, 0), (2, 1, 0), (2, 2, 0), (3, 1, 1)])
def test_values_gradients_and_initial_weights_are_torchs(kernel: int, stride: int, padding: int) -> None:
    sizes = {"kernel_size": kernel, "stride": stride, "padding": padding, "bias": False}
    torch.manual_seed(0)
    ours = WordConvolution(5, 6, **sizes)
    torch.manual_seed(0)
    theirs = nn.Conv1d(5, 6, **sizes)
    assert torch.equal(ours.weight, theirs.weight)
    words = torch.randn(3, 9, 5, dtype=torch.float64)
    outputs = []
    for layer in (ours.double(), theirs.double()):
        rows = words.clone().requires_grad_()
        found = layer(rows.transpose(1, 2)[:, :, None]).squeeze(2) if layer is ours else layer(rows.transpose(1, 2))
        (found * torch.arange(found.shape[2])).square().sum().backward()
        outputs.append((found, rows.grad, layer.weight.grad))
    for mine, other in zip(*outputs, strict=True):
        torch.testing.assert_close(mine, other)


def test_the_memory_stays_channels_last() -> None:
    words = torch.randn(3, 9, 5).transpose(1, 2)[:, :, None]
    found = WordConvolution(5, 6, 2, bias=False)(words)
    assert found.is_contiguous(memory_format=torch.channels_last)
