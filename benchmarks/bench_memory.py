"""The estimated peak memory of a training against what two of its steps take on a CPU.

python benchmarks/bench_memory.py SYSTEM [BATCH [bf16] [checkpoint]]     at its size in config/paper.yaml, with random
weights; prints both in GiB. Measured is the growth of the peak resident memory from before the network is built to
after two whole steps.
"""

import os
import resource
import subprocess
import sys

from glalign.planning.ledger_jobs import built_alone

from glalign.config.data_section import DataOptions
from glalign.config.from_mapping import from_mapping
from glalign.config.loading import overlaid
from glalign.cost.size import with_stand_ins
from glalign.engine.memory import GIB, WORDS, estimate
from glalign.engine.optim import OptimOptions, make_optimizer
from glalign.engine.precision import fitted
from glalign.engine.specimen import specimen
from glalign.planning.printed_tables import read_published
from glalign.support.runtime_options import MemoryOptions, Runtime
from glalign.support.torch_settings import prepare


def main(role: str, system: str, batch: int, changes: str) -> None:
    import torch  # noqa: PLC0415

    config = overlaid("config/paper.yaml")
    entry = config.entry(system, "en")
    spec = built_alone(system, entry, read_published("paper/parameters.csv")[system])
    spec["data"] = {**spec["data"], "batch_size": batch}
    chosen = changes.split(",")
    spec["runtime"] = {"precision": next((c for c in chosen if c in ("bf16", "fp16")), "fp32")}
    spec["memory"] = {"checkpoint_activations": "checkpoint" in chosen}
    device = prepare(1, "cpu")
    options = DataOptions.from_config(spec["data"])
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    model = with_stand_ins(spec, options)
    if role == "estimate":
        print(f"estimated {estimate(model, spec, device)}")
        return
    precision = fitted(model, Runtime(**spec["runtime"]), MemoryOptions(**spec["memory"]), system, device)
    optim = from_mapping(OptimOptions, spec["optim"], "optim")
    optimizer = make_optimizer(model.parameter_groups(optim.lr, optim.weight_decay), optim)
    model.train()
    model.before_step(999, 1000)
    data = specimen(model, options.image_size, range(batch), words=(WORDS, WORDS))
    for _ in range(2):
        optimizer.zero_grad(set_to_none=True)
        with precision.training():
            total = torch.stack(list(model.loss(data).values())).sum()
        precision.backward(total)
        precision.step(optimizer, model, optim.clip)
    growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start) * 1024
    print(f"measured  {growth / GIB:.2f} GiB")


if __name__ == "__main__":
    name, size, *rest = [*sys.argv[1:], "8"][:3] if len(sys.argv) == 2 else sys.argv[1:]
    if rest and rest[0] in ("estimate", "measure"):
        main(rest[0], name, int(size), ",".join(rest[1:]))
    else:
        # A process each: a peak is over a process's life. Large blocks go back to the system when they are freed.
        calm = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
        for part in ("estimate", "measure"):
            subprocess.run([sys.executable, __file__, name, size, part, *rest], check=True, env=calm)
