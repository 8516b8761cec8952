"""A training step of a system in one process or several; as a program, in those that torchrun started.

torchrun --standalone --nproc-per-node 2 -m glalign.gpu_check.one_step FOLDER DEVICE SYSTEM...
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from glalign.config.loading import overlaid
from glalign.contract.retriever import Batch, Retriever
from glalign.data.orders import Grouped
from glalign.engine.distributed import joined, summed_gradients
from glalign.engine.specimen import specimen
from glalign.gpu_check.systems import INFO, build
from glalign.models.data_parallel import processes
from glalign.models.sharded_batchnorm import convert_batchnorm
from glalign.storage.weight_files import PRETRAINED, Weights
from glalign.support.checkout import find_baselines
from glalign.support.dotted_names import class_named
from glalign.support.torch_settings import prepare

PAIRS = 10
BUCKET = 1 << 16  # bytes: the gradients of a small system are summed in many parts, too


def make_system(name: str) -> tuple[Retriever, Batch]:
    """SYSTEM or SYSTEM/LANGUAGE of the demo with its pre-trained twin, and pairs as its sampler orders them."""
    system, _, language = name.partition("/")
    entry = overlaid().entry(system, language)
    kind: type[Retriever] = class_named(str(entry.class_path))
    assert entry.data is not None
    people = INFO.identities
    model = build(entry, weights=Weights(PRETRAINED), dropout=False)
    person = torch.arange(4 * people) % people
    if kind.sampling == "groups":
        person = person[Grouped(person, PAIRS, 2, lambda *_: torch.Generator().manual_seed(1)).batch(0)]
    return model, specimen(model, entry.data.image_size, person[:PAIRS].tolist())


def one_step(name: str, device: str = "cpu", steps: int = 2) -> dict[str, dict[str, Tensor]]:
    """Do `steps` steps without an optimiser; return terms and gradients of the last one, and buffers, on the CPU.

    The second step sees the queue and the moving averages of the first. Double precision, so that nothing but an error
    is as large as 1e-6.
    """
    place = torch.device(device)
    with double_precision():
        model, batch = make_system(name)
        model = model.double().to(place).train()
        parts = None if batch.parts is None else batch.parts.double()
        batch = replace(batch, pixels=batch.pixels.double(), parts=parts).to(place)
        convert_batchnorm(model)
        for step in range(steps):
            model.before_step(8 + step, INFO.steps)
            model.zero_grad()
            terms = model.loss(replace(batch, generator=torch.Generator().manual_seed(step)))
            with summed_gradients(model.parameters(), bucket=BUCKET):
                (torch.stack(list(terms.values())).sum() / processes()).backward()
    return {
        "terms": {key: value.detach().cpu() for key, value in terms.items()},
        "gradients": {key: p.grad.cpu() for key, p in model.named_parameters() if p.grad is not None},
        "buffers": {key: value.cpu() for key, value in model.named_buffers()},
    }


@contextlib.contextmanager
def double_precision() -> Iterator[None]:
    """New tensors are float64 in the block."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def result_file(folder: Path | str, name: str, rank: int | str) -> Path:
    """Where a process writes what `one_step` returned for a system."""
    return Path(folder) / f"{name.replace('/', '_')}.{rank}.pt"


def main(folder: str, device: str, *names: str) -> None:
    """Write what `one_step` returns for every system to a file of this process."""
    find_baselines()
    with joined(int(os.environ["WORLD_SIZE"]), device):
        prepare(1, device)
        for name in names:
            torch.save(one_step(name, device), result_file(folder, name, os.environ["RANK"]))


if __name__ == "__main__":
    main(*sys.argv[1:])
