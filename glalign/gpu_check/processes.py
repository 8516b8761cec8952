"""Two processes train as one does: NCCL on two GPUs, gloo on the CPU."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence

import torch

from glalign.gpu_check.differences import furthest
from glalign.gpu_check.lines import Line, Setting
from glalign.gpu_check.one_step import one_step, result_file
from glalign.support.checkout import ROOT

TOLERANCE = 1e-6
"""Largest difference as a share of a tensor's norm, in double precision."""


def check_processes(names: Sequence[str], setting: Setting) -> Iterator[Line]:
    """Yield a line for each system whose step two processes share."""
    if setting.cuda and torch.cuda.device_count() < 2:
        yield Line("processes", "two", "left out", "NCCL needs two GPUs, there is one")
        return
    device, backend = setting.device.type, "NCCL" if setting.cuda else "gloo"
    with tempfile.TemporaryDirectory() as folder:
        start_two(folder, device, names)
        for name in names:
            alone = one_step(name, device)
            both = [torch.load(result_file(folder, name, rank), weights_only=True) for rank in (0, 1)]
            worst = max((furthest(two[kind], alone[kind]) for two in both for kind in alone), key=lambda one: one.share)
            good = worst.share <= TOLERANCE
            text = f"two processes by {backend} within {worst.share:.1e} of one ({worst.name})"
            values = {"backend": backend, "share": worst.share, "tensor": worst.name}
            yield Line("processes", name, "ok" if good else "differs", text, values)


def start_two(folder: str, device: str, names: Sequence[str]) -> None:
    """Run `one_step` in two processes. Raises: RuntimeError with the first line of what went wrong."""
    program = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH", "")) if part)
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    command = [*program, "-m", "glalign.gpu_check.one_step", folder, device, *names]
    running = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        said = running.communicate()[1]
    finally:
        running.terminate()  # torchrun ends its processes, too
        running.wait()
    if running.returncode:
        errors = [line for line in said.splitlines() if "Error" in line or "error: " in line]
        raise RuntimeError((errors or said.splitlines() or ["torchrun failed"])[0])
