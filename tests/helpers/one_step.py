"""One training step of a system, for a test that compares processes; as a program, that of several processes.

torchrun --standalone --nproc-per-node 2 tests/helpers/one_step.py FOLDER SYSTEM...
"""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from glalign.config.loading import overlaid
from glalign.contract.retriever import Batch, Retriever
from glalign.contract.training_info import TrainingInfo
from glalign.data.orders import Grouped
from glalign.engine.distributed import joined, sum_gradients
from glalign.engine.specimen import WORDS, specimen
from glalign.models.data_parallel import processes
from glalign.models.sharded_batchnorm import convert_batchnorm
from glalign.storage.weight_files import PRETRAINED, Weights
from glalign.support.dotted_names import class_named

ROOT = Path(__file__).parents[2]
PAIRS = 10
PEOPLE = 5
NO_DROPOUT = {
    "baselines.dual_path.DualPath": {"dropout": 0.0, "branch_scale": 1.0},
    "baselines.gna_rnn.GnaRnn": {"dropout": 0.0, "trunk_dropout": 0.0, "frozen": 0.0},
    "baselines.srcf.Srcf": {"text_dropout_from": 1.0},
    "baselines.tbps_clip.TbpsClip": {"text_dropout": 0.0},
    "glalign.models.glalign.GLAlign": {"dropout": 0.0},
}
"""Class -> options without dropout, which would differ between shares of the rows; the trunk of one is trained.

With a branch scale of 0 equal words tie in the maximum over words, and rounding chooses which one has the gradient.
"""


def make_system(name: str) -> tuple[Retriever, Batch]:
    """SYSTEM or SYSTEM/LANGUAGE of the demo with its pre-trained twin, and pairs as its sampler orders them."""
    system, _, language = name.partition("/")
    entry = overlaid(root=ROOT).entry(system, language)
    kind = class_named(entry.class_path)
    words = tuple((word, 100 - number) for number, word in enumerate(WORDS))
    torch.manual_seed(0)
    options = {**entry.model, **NO_DROPOUT.get(entry.class_path, {})}
    size = entry.data.image_size
    model = kind.build(options, size, TrainingInfo(PEOPLE, 10, words), Weights(PRETRAINED))
    person = torch.arange(4 * PEOPLE) % PEOPLE
    if kind.sampling == "groups":
        person = person[Grouped(person, PAIRS, 2, lambda *_: torch.Generator().manual_seed(1)).batch(0)]
    return model, specimen(model, size, person[:PAIRS].tolist())


def one_step(name: str, steps: int = 2) -> dict[str, dict[str, Tensor]]:
    """Loss terms, gradients and buffers of the last of `steps` passes over a batch, whose weights stay; a queue or a
    running statistic has moved by then. Double precision, so that nothing but an error is as large as 1e-6."""
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    model, batch = make_system(name)
    model = model.double().train()
    batch = replace(batch, pixels=batch.pixels.double(), parts=None if batch.parts is None else batch.parts.double())
    convert_batchnorm(model)
    for step in range(steps):
        model.before_step(8 + step, 10)
        model.zero_grad()
        terms = model.loss(replace(batch, generator=torch.Generator().manual_seed(step)))
        (torch.stack(list(terms.values())).sum() / processes()).backward()
        sum_gradients(model.parameters())
    return {
        "terms": {key: value.detach() for key, value in terms.items()},
        "gradients": {key: p.grad for key, p in model.named_parameters() if p.grad is not None},
        "buffers": dict(model.named_buffers()),
    }


def main(folder: str, *names: str) -> None:
    """Write what `one_step` returns to FOLDER/SYSTEM.RANK.pt, a / as _."""
    with joined(int(os.environ["WORLD_SIZE"]), "cpu"):
        for name in names:
            torch.save(one_step(name), Path(folder) / f"{name.replace('/', '_')}.{os.environ['RANK']}.pt")


if __name__ == "__main__":
    arguments: list[Any] = sys.argv[1:]
    main(*arguments)
