"""What every torch job sets before its first operation: threads, determinism, device."""

import os

import torch

from glalign.errors import UserError


def prepare(threads: int, device: str) -> torch.device:
    """Fix threads and deterministic kernels; return the device. Raises UserError when CUDA is asked for and absent."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is only deterministic with it
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    # Memory that is about to be written need not be filled first: a sixth of a small system's step.
    torch.utils.deterministic.fill_uninitialized_memory = False
    if device == "cuda" and not torch.cuda.is_available():
        raise UserError(
            "device: cuda is asked for, but torch finds no CUDA device; set `device: cpu` or install a CUDA build"
        )
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    return torch.device(device)
