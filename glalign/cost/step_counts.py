"""Launches and synchronisations of a training step, counted without a GPU."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import torch

from glalign.config.training import Optim, Runtime
from glalign.contract.retriever import Batch, Retriever
from glalign.cost.launches import Launches
from glalign.cost.pretended_gpu import GPU, PretendedGpu
from glalign.engine.optim import make_optimizer
from glalign.engine.training import Training

STANDARD = Runtime()


def count_step(
    model: Retriever, batch_of: Callable[[int], Batch], optim: Optim, runtime: Runtime = STANDARD, steps: int = 10
) -> Launches:
    """Count the last of `steps` steps, when every loss term counts: forward, backward and optimiser.

    The step before it is done, too, and not counted, since an optimiser makes its state in its first one. batch_of:
    the batch of a step, on the CPU. Of the runtime only `one_kernel` and `length_buckets` are applied. The model is
    trained by the two steps.
    """
    batches = {step: batch_of(step) for step in (steps - 2, steps - 1)}
    gpu, pairs = PretendedGpu(), cast(Any, SimpleNamespace(batch=batches.__getitem__))
    gpu.put([*model.parameters(), *model.buffers()])
    optimizer = make_optimizer(model.parameter_groups(optim.lr, optim.weight_decay), optim, fused=runtime.one_kernel)
    with gpu:
        device, buckets = torch.device(GPU.type), runtime.length_buckets
        run = Training(model, optimizer, optim, pairs, None, steps, 0, device, length_buckets=buckets)
        run.update(steps - 2)
        gpu.launches.clear()
        gpu.synchronisations.clear()
        run.update(steps - 1)
    return gpu
