"""Settings of torch for a job: threads, determinism, device, arithmetic."""

import os

import torch

from glalign.support.errors import UserError
from glalign.support.progress import log


def processors() -> int:
    """Return the number of CPU cores for this process: its share, if torchrun started several on this machine."""
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, mine // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


def prepare(
    threads: int,
    device: str,
    *,
    precision: str = "fp32",
    tf32: bool = False,
    deterministic: bool = True,
    compile: bool = False,
) -> torch.device:
    """Fix threads and kernels; return the device.

    The arguments after `device` are keys of the section `runtime`; only trainings change them. threads is limited to
    the CPU cores of this process: threads of a matrix product wait for one another in a busy loop, and with too many
    one step took minutes. Raises: UserError when CUDA is asked for and absent, or lacks bf16.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is only deterministic with it
    if threads > (most := processors()):
        log.info("threads: %d configured, %d used: this process has no more processors", threads, most)
    torch.set_num_threads(min(threads, most))
    if compile:
        torch.use_deterministic_algorithms(deterministic)
    else:  # the same switch without the compiler's, which takes a second to import
        torch._C._set_deterministic_algorithms(deterministic, warn_only=False)
    # Memory that is about to be written need not be filled first: a sixth of a small system's step.
    setattr(torch.utils.deterministic, "fill_uninitialized_memory", False)  # noqa: B010  (absent from torch's type stubs)
    if device == "cuda" and not torch.cuda.is_available():
        remedy = "set `device: cpu` or install a CUDA build"
        raise UserError(f"device: cuda is asked for, but torch finds no CUDA device; {remedy}")
    if device == "cuda" and precision == "bf16" and not torch.cuda.is_bf16_supported():
        raise UserError("runtime.precision: this GPU has no bf16 arithmetic; choose fp16 or fp32")
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = not deterministic  # trying kernels out picks a different one every time
    return torch.device(device)
