"""The estimated peak memory of a training against what two of its steps take on a CPU.

python benchmarks/bench_memory.py SYSTEM [BATCH [bf16] [checkpoint]]     at its size in config/paper.yaml, with random
weights; prints both in GiB. Measured is the growth of the peak resident memory from before the network is built to
after two whole steps.
"""

import os
import resource
import subprocess
import sys

from glalign.config.loading import overlaid
from glalign.config.training import Memory, Runtime
from glalign.contract.specs.training import StepSpec
from glalign.cost.size import build_with_stand_ins
from glalign.engine.memory import GIB, WORDS, estimate
from glalign.engine.optim import make_optimizer
from glalign.engine.precision import fitted
from glalign.engine.specimen import specimen
from glalign.planning.cost_stages import build_spec
from glalign.planning.printed_tables import read_published
from glalign.support.torch_settings import prepare


def main(role: str, system: str, batch: int, changes: str) -> None:
    import torch  # noqa: PLC0415

    config = overlaid("config/paper.yaml")
    build = build_spec(system, config.entry(system, "en"), read_published("paper/parameters.csv")[system])
    chosen = changes.split(",")
    spec = StepSpec(
        system=system,
        data=build.data.model_copy(update={"batch_size": batch}),
        optim=build.optim,
        memory=Memory(checkpoint_activations="checkpoint" in chosen),
        runtime=Runtime(precision="bf16" if "bf16" in chosen else "fp16" if "fp16" in chosen else "fp32"),
    )
    device, optim = prepare(1, "cpu"), spec.optim
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    model = build_with_stand_ins(build)
    if role == "estimate":
        print(f"estimated {estimate(model, spec, device)}")
        return
    precision = fitted(model, spec.runtime, spec.memory, system, device)
    optimizer = make_optimizer(model.parameter_groups(optim.lr, optim.weight_decay), optim)
    model.train()
    model.before_step(999, 1000)
    data = specimen(model, spec.data.image_size, range(batch), words=(WORDS, WORDS))
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
        # A process each, since a peak is that of a process. Large blocks are returned to the system once freed.
        environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
        for part in ("estimate", "measure"):
            subprocess.run([sys.executable, __file__, name, size, part, *rest], check=True, env=environment)
