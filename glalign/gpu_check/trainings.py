"""The engine's training of a system on random batches, without images or captions."""

from collections.abc import Callable
from dataclasses import replace

import torch

from glalign.config.training import Memory, Optim, Runtime
from glalign.contract.retriever import Batch, Retriever
from glalign.engine.optim import make_optimizer
from glalign.engine.precision import prepare_layers
from glalign.engine.prefetch import Prefetcher
from glalign.engine.training import Training

AHEAD = 2
"""Batches that are put into page-locked memory ahead of their step."""


def random_training(
    model: Retriever,
    optim: Optim,
    batch: Callable[[int], Batch],
    steps: int,
    device: torch.device,
    runtime: Runtime | None = None,
) -> Training:
    """The engine's training of a model on the batches of a function of the step."""
    runtime = runtime or Runtime()
    model = model.to(device)
    groups = model.parameter_groups(optim.lr, optim.weight_decay)
    optimizer = make_optimizer(groups, optim, fused=runtime.one_kernel)
    precision = prepare_layers(model, runtime, Memory(), type(model).__name__, device)
    pairs = Prefetcher(batch, steps, AHEAD, pin=device.type == "cuda")
    buckets = runtime.length_buckets
    return Training(model, optimizer, optim, pairs, None, steps, 0, device, precision, length_buckets=buckets)


def repeated(batch: Batch) -> Callable[[int], Batch]:
    """The same images and captions at every step, with a random stream for each."""
    return lambda step: replace(batch, generator=torch.Generator().manual_seed(step))
