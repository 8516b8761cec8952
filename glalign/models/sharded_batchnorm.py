"""BatchNorm whose statistics are those of the whole batch when processes divide its rows.

PyTorch's SyncBatchNorm does this on CUDA only, and would count the rows that every process has several times.
"""

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from glalign.models.data_parallel import dividing, processes, summed


class ShardedBatchNorm(_BatchNorm):
    """BatchNorm over (B, C, ...) of any number of axes; the same as torch's where no rows are divided."""

    def forward(self, x: Tensor) -> Tensor:
        """Mean and variance of all rows of all processes; in evaluation the stored ones."""
        if not (self.training and dividing()):
            return super().forward(x)
        kept, x = x.dtype, x.to(torch.promote_types(x.dtype, torch.float32))
        axes = [axis for axis in range(x.ndim) if axis != 1]
        shape = [1, -1, *[1] * (x.ndim - 2)]
        count = summed(x.new_tensor(float(x.numel() // x.shape[1])))
        mean = summed(x.sum(axes)) / count
        centred = x - mean.view(shape)
        variance = summed(centred.square().sum(axes)) / count
        with torch.no_grad():
            self.num_batches_tracked.add_(1)
            self.running_mean.lerp_(mean.to(self.running_mean.dtype), self.momentum)
            unbiased = variance * count / (count - 1)
            self.running_var.lerp_(unbiased.to(self.running_var.dtype), self.momentum)
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale.view(shape) + self.bias.view(shape)).to(kept)

    def _check_input_dim(self, x: Tensor) -> None:
        """Any number of axes: the layers that are replaced have checked theirs by their class."""


def convert_batchnorm(model: nn.Module) -> None:
    """Replace every BatchNorm of `model` in place by a ShardedBatchNorm of the same parameters and statistics, where
    several processes train."""
    for parent in list(model.modules()) if processes() > 1 else ():
        for name, child in parent.named_children():
            if isinstance(child, _BatchNorm):
                shared = ShardedBatchNorm(child.num_features, child.eps, child.momentum)
                shared.__dict__.update(child.__dict__)
                setattr(parent, name, shared)
