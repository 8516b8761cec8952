"""BatchNorm over the whole batch when its rows are divided among processes.

PyTorch's SyncBatchNorm works on CUDA only, and would count the rows that every process has several times.
"""

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from glalign.models.data_parallel import all_reduce_sum, in_shard, processes


class ShardedBatchNorm(_BatchNorm):
    """BatchNorm over (B, C, ...) with any number of axes; equal to torch's where the rows are not divided."""

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor
    momentum: float

    def forward(self, input: Tensor) -> Tensor:
        """Normalise by mean and variance over the rows of all processes; in evaluation by the running statistics."""
        if not (self.training and in_shard()):
            return super().forward(input)
        x = input.to(torch.promote_types(input.dtype, torch.float32))
        axes = [axis for axis in range(x.ndim) if axis != 1]
        shape = [1, -1, *[1] * (x.ndim - 2)]
        count = all_reduce_sum(x.new_tensor(float(x.numel() // x.shape[1])))
        mean = all_reduce_sum(x.sum(axes)) / count
        centred = x - mean.view(shape)
        variance = all_reduce_sum(centred.square().sum(axes)) / count
        with torch.no_grad():
            self.num_batches_tracked.add_(1)
            self.running_mean.lerp_(mean.to(self.running_mean.dtype), self.momentum)
            unbiased = variance * count / (count - 1)
            self.running_var.lerp_(unbiased.to(self.running_var.dtype), self.momentum)
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale.view(shape) + self.bias.view(shape)).to(input.dtype)

    def _check_input_dim(self, input: Tensor) -> None:
        """Accept any number of axes: the class of the replaced layer has checked its own."""


def convert_batchnorm(model: nn.Module) -> None:
    """Replace every BatchNorm of `model` in place by an equal ShardedBatchNorm, if several processes train."""
    for parent in list(model.modules()) if processes() > 1 else ():
        for name, child in parent.named_children():
            if isinstance(child, _BatchNorm):
                converted = ShardedBatchNorm(child.num_features, child.eps, child.momentum)
                converted.__dict__.update(child.__dict__)
                setattr(parent, name, converted)
