"""What the engine costs: its step against a plain loop over the same model, optimiser and random pairs."""

from collections.abc import Iterator
from dataclasses import replace

import torch

from glalign.contract.retriever import Batch
from glalign.cost.size import CAPTION_WORDS
from glalign.engine.training import Training
from glalign.gpu_check.lines import Line, Setting
from glalign.gpu_check.originals import LATE, STEPS, Original
from glalign.gpu_check.timing import seconds_of
from glalign.gpu_check.trainings import random_training

ROUNDS = 3  # of both loops in turn; the fastest of each counts
SECONDS = 1.0  # of a round, or one step
LIMIT = 1.25
"""Largest ratio that is no finding."""


def check_engine(original: Original, setting: Setting) -> Iterator[Line]:
    """Yield a line with the ratio of a step's seconds, engine to plain loop."""
    model = original.build()
    batches = original.batches(model, CAPTION_WORDS)
    training = random_training(model, original.spec.optim, batches, STEPS, setting.device)
    ready = batches(0).to(setting.device)
    budget = 0.0 if setting.small else SECONDS
    engine, plain = [], []
    for _ in range(1 if setting.small else ROUNDS):
        engine.append(seconds_of(training.update, setting.device, budget, LATE))
        plain.append(seconds_of(lambda step: plain_step(training, ready, step), setting.device, budget, LATE))
    ratio = min(engine) / min(plain)
    text = f"{min(engine):.3f} s a step, {min(plain):.3f} s in a plain loop: {ratio:.2f}"
    values = {"engine": min(engine), "plain": min(plain), "ratio": ratio}
    # One step of the small check is too short to judge.
    yield Line("engine", original.name, "ok" if setting.small or ratio <= LIMIT else "differs", text, values)


def plain_step(training: Training, batch: Batch, step: int) -> None:
    """A step as a script without the suite would do it, on a batch that lies on the device."""
    training.optimizer.zero_grad(set_to_none=True)
    terms = training.model.loss(replace(batch, generator=torch.Generator().manual_seed(step)))
    torch.stack(list(terms.values())).sum().backward()
    training.optimizer.step()
